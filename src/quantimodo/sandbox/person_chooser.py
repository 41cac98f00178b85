"""The page of the sandbox where a fake person is chosen.

A choice is a link to the same address with the person added: nothing is stored, no script is
needed, and the response does not follow a form (browsers apply the content security policy's
`form-action` to every redirect after a form).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from quantimodo.pages.renderer import PageOptions, Renderer
from quantimodo.sandbox.parameters import InvalidSandboxRequest, Parameters
from quantimodo.sandbox.people import (
    ANOTHER,
    PEOPLE,
    Behaviour,
    Person,
    Trust,
    another,
    find_person,
)

_OWN: Final = ("person", "address", "trust")


@dataclass(frozen=True, slots=True)
class Choice:
    person: Person
    href: str


@dataclass(frozen=True, slots=True)
class FormInput:
    """An additional field of the page's form."""

    name: str
    label: str
    value: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class PersonChooser:
    """`path`: the address of the page, to which each choice links."""

    renderer: Renderer
    path: str

    def chosen(self, sent: Parameters) -> Person | None:
        """The chosen person, or None before the choice. Raises `InvalidSandboxRequest` for an
        unknown person."""
        if "person" not in sent:
            return None
        person = find_person(sent["person"], sent.get("address", ""), sent.get("trust", ""))
        if person is None:
            raise InvalidSandboxRequest("The sandbox does not know this person.")
        return person

    def page(
        self,
        sent: Parameters,
        *,
        heading: str,
        lead: str,
        inputs: Sequence[FormInput] = (),
        without: frozenset[Behaviour] = frozenset(),
    ) -> Response:
        """The page. Each choice repeats `sent`; `without` are the people to leave out."""
        address, trust = sent.get("address", ""), sent.get("trust", Trust.DOMAIN)
        typed = another(address, trust) if address else None
        people = [person for person in PEOPLE if person.behaviour not in without]
        shown = {*_OWN, *(each.name for each in inputs)}
        return self.renderer.page(
            "sandbox/people.html",
            options=PageOptions(status=422 if address and typed is None else 200, opener=True),
            heading=heading,
            lead=lead,
            path=self.path,
            typed=self._choice(typed, sent) if typed else None,
            people=[
                self._choice(each, sent) for each in people if each.behaviour is Behaviour.STEADY
            ],
            fault_injection=[
                self._choice(each, sent)
                for each in people
                if each.behaviour is not Behaviour.STEADY
            ],
            hidden=[(name, value) for name, value in sent.items() if name not in shown],
            inputs=inputs,
            address=address,
            trust=trust,
            problem="" if typed or not address else "Enter an address such as ann@example.org.",
        )

    def _choice(self, person: Person, sent: Mapping[str, str]) -> Choice:
        going_on = {name: value for name, value in sent.items() if name not in _OWN}
        if person.id == ANOTHER:
            going_on |= {"address": person.address, "trust": person.trust}
        return Choice(person, f"{self.path}?{urlencode({**going_on, 'person': person.id})}")
