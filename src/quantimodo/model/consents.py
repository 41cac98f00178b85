"""What a person allowed an application, and the stored authorization request."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from quantimodo.model.consent_details import Details


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChoice:
    """What a person chose to allow: a part of what the client requested, and until when."""

    scope: frozenset[str]
    details: Details = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person allows a client, until `expires_at` or until it is withdrawn.

    `details` restrict the health data that the scope opens. `declined_scope` and
    `requested_details` are what the client requested beyond that, so that the person is not asked
    the same again. How consents combine: `protocol/consents.py`.
    """

    user_id: int
    client_id: str
    scope: frozenset[str]
    granted_at: datetime
    updated_at: datetime
    details: Details = None
    expires_at: datetime | None = None
    declined_scope: frozenset[str] = frozenset()
    requested_details: Details = None

    @property
    def requested_scope(self) -> frozenset[str]:
        """What the application requested: the allowed and the declined scopes."""
        return self.scope | self.declined_scope

    @property
    def choice(self) -> ConsentChoice:
        """What it allows, and until when."""
        return ConsentChoice(scope=self.scope, details=self.details, expires_at=self.expires_at)

    def has_ended(self, now: datetime) -> bool:
        """Whether its end has come; False without an end."""
        return self.expires_at is not None and self.expires_at <= now


class ConsentingPerson(NamedTuple):
    """A person who allows an application to use health data, as far as the details say."""

    user_id: int
    details: Details


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChange:
    """An entry of the history of a consent: what was allowed from `at` on."""

    id: int
    at: datetime
    kind: Literal["given", "changed", "withdrawn"]
    scope: frozenset[str]
    details: Details
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """An authorization request, stored immutable on the server while the person signs in and
    decides (security.md §10). `parameters` are the client's, already validated once.

    `claimed_by`: the digest of the person and browser that decided; None before the decision.
    `response` is what the client got, encrypted, so that a form that is sent twice gets the same
    response. `polled` is the key of the code with which its application polls for the response,
    None where the browser carries the response.
    """

    key: bytes
    client_id: str
    parameters: tuple[tuple[str, str], ...]
    created_at: datetime
    expires_at: datetime
    claimed_by: bytes | None = None
    response: bytes | None = field(default=None, repr=False)
    polled: bytes | None = None
