"""The fake people of the sandbox, and the behaviour that each of them stands for.

A person determines everything that follows from their button: the provider's claims about them, and
how the provider behaves once they are chosen.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from quantimodo.crypto.digests import digest

ANOTHER: Final = "another"
DEMO_PERSON: Final = "demo"
_LONGEST_ADDRESS: Final = 254


class Behaviour(StrEnum):
    """How the provider behaves when this person was chosen."""

    STEADY = "steady"
    DECLINES = "declines"  # the person refuses
    FAILS = "fails"  # comes back with `server_error`
    DOWN = "down"  # server to server: 503
    MALFORMED = "malformed"  # server to server: a page of HTML; ID tokens with a bad signature
    SLOW = "slow"  # server to server: responds after half a minute
    AHEAD = "ahead"  # its clock is fast by not quite a minute


class Trust(StrEnum):
    """What the provider claims about an address that was typed in."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    DOMAIN = "domain"  # verified, and the provider runs the address's domain (Google: `hd`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`id` is the button's. `domain`: the Workspace domain. `trust`: as chosen in the form."""

    id: str
    name: str
    description: str
    email: str | None = None
    email_verified: bool = False
    domain: str = ""
    behaviour: Behaviour = Behaviour.STEADY
    trust: str = ""

    @property
    def given_name(self) -> str:
        """The first word of the name."""
        return self.name.partition(" ")[0]

    @property
    def family_name(self) -> str:
        """The words of the name after the first."""
        return self.name.partition(" ")[2]

    @property
    def address(self) -> str:
        """The address that `find_person` needs to find this person again, or ""."""
        return (self.email or "") if self.id == ANOTHER else ""

    def number(self, realm: str, digits: int) -> str:
        """The account's number in a realm (a provider, or one app there): always the same."""
        key = f"sandbox person\n{realm}\n{self.id}\n{self.address.lower()}"
        bits = int.from_bytes(digest(key)[:16], "big")
        return "1" + str(bits % 10 ** (digits - 1)).zfill(digits - 1)


PEOPLE: Final = (
    Person(
        id=DEMO_PERSON,
        name="Ada Example",
        description="Has an account here already: the person of the playground",
        email="ada@example.org",
        email_verified=True,
        domain="example.org",
    ),
    Person(
        id="verified",
        name="Vera Verified",
        description="Verified, at a domain that the provider runs",
        email="vera@workspace.example.org",
        email_verified=True,
        domain="workspace.example.org",
    ),
    Person(
        id="elsewhere",
        name="Elsa Elsewhere",
        description="Verified, but at another domain",
        email="elsa@mail.example.org",
        email_verified=True,
    ),
    Person(
        id="unverified",
        name="Una Unverified",
        description="The address was never verified",
        email="una@mail.example.org",
    ),
    Person(id="no-email", name="Noel Nomail", description="Gives no e-mail address"),
    Person(
        id="says-no",
        name="Dina Declines",
        description="Says no: access_denied",
        behaviour=Behaviour.DECLINES,
    ),
    Person(
        id="provider-error",
        name="Errol Error",
        description="The provider fails: server_error",
        behaviour=Behaviour.FAILS,
    ),
    Person(
        id="down",
        name="Dorian Down",
        description="The provider is down when our server asks: 503",
        email="dorian@mail.example.org",
        email_verified=True,
        behaviour=Behaviour.DOWN,
    ),
    Person(
        id="malformed",
        name="Mallory Malformed",
        description="The provider sends malformed responses",
        email="mallory@mail.example.org",
        email_verified=True,
        behaviour=Behaviour.MALFORMED,
    ),
    Person(
        id="slow",
        name="Sloane Slow",
        description="The provider takes half a minute to answer",
        email="sloane@mail.example.org",
        email_verified=True,
        behaviour=Behaviour.SLOW,
    ),
    Person(
        id="clock-ahead",
        name="Faye Fast",
        description="The provider's clock is fast, by not quite a minute",
        email="faye@mail.example.org",
        email_verified=True,
        behaviour=Behaviour.AHEAD,
    ),
)
_BY_ID: Final = {person.id: person for person in PEOPLE}
_DESCRIPTIONS: Final = {
    Trust.UNVERIFIED: "This address, not verified",
    Trust.VERIFIED: "This address, verified, at another domain",
    Trust.DOMAIN: "This address, verified, at a domain that the provider runs",
}


def find_person(id: str, address: str = "", trust: str = "") -> Person | None:
    """The person with this id. One whose address was typed in needs an address and a trust."""
    return another(address, trust) if id == ANOTHER else _BY_ID.get(id)


def another(address: str, trust: str) -> Person | None:
    """A person with this address: each address is a separate account."""
    name, at, domain = address.partition("@")
    typed = name and at and domain and address.isprintable() and " " not in address
    if not typed or len(address) > _LONGEST_ADDRESS or trust not in list(Trust):
        return None
    return Person(
        id=ANOTHER,
        name="Alex Another",
        description=_DESCRIPTIONS[Trust(trust)],
        email=address,
        email_verified=trust != Trust.UNVERIFIED,
        domain=domain.lower() if trust == Trust.DOMAIN else "",
        trust=trust,
    )
