"""The authorization endpoints of the sandbox, the same for every party.

Owns the way from a request to a person and back to the app. What the answer says is the party's.
"""

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.layout import see_other
from quantimodo.ports.clock import Clock
from quantimodo.protocol.responses import redirect_target
from quantimodo.sandbox.authorization import Asked, AskRefused, Target, identify, validate
from quantimodo.sandbox.choosing import Choosing
from quantimodo.sandbox.parameters import of_query
from quantimodo.sandbox.parties import Party
from quantimodo.sandbox.people import Person, Temper
from quantimodo.sandbox.sealed import SealedGrants


class Answering(Protocol):
    def answer(self, party: Party, asked: Asked, person: Person, code: str) -> dict[str, str]:
        """The authorization answer, but for `state`."""

    def refusal(self, party: Party, code: str, description: str) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """`ending` stands behind every answer: Facebook adds `#_=_`."""

    party: Party
    answering: Answering
    choosing: Choosing
    grants: SealedGrants
    clock: Clock
    ending: str = ""

    async def ask(self, request: Request) -> Response:
        """GET: the page with the people, and when one was chosen, the answer. Raises `BadAsk`."""
        sent = of_query(request)
        target = identify(sent, self.party)
        try:
            asked = validate(sent, target)
            person = self.choosing.chosen(sent)
            if person is None:
                return self.choosing.page(
                    sent,
                    heading="Who are you today?",
                    lead=f"An app asks {self.party.title} to sign you in.",
                )
            return self._back(target, self._answer(asked, person))
        except AskRefused as refusal:
            return self._back(
                target, self.answering.refusal(self.party, refusal.code, refusal.description)
            )

    def _answer(self, asked: Asked, person: Person) -> dict[str, str]:
        refuse_as(person)
        grant = asked.grant(self.party, person, int(self.clock.now().timestamp()))
        return self.answering.answer(self.party, asked, person, self.grants.seal(grant, "code"))

    def _back(self, target: Target, answer: dict[str, str]) -> Response:
        whole = {**answer, "state": target.state} if target.state else answer
        return see_other(redirect_target(target.redirect_uri, whole.items(), "query") + self.ending)


def refuse_as(person: Person) -> None:
    """Raises `AskRefused` when this person's choice is a refusal."""
    if person.temper is Temper.DECLINES:
        raise AskRefused("access_denied", "The person said no.")
    if person.temper is Temper.FAILS:
        raise AskRefused("server_error", "The provider could not go on.")
