"""The files of an export about applications: those that may use the account, and those that the
person registered."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.export.parts import (
    FileDescription,
    Part,
    iso_time,
    iso_time_or_none,
    json_document,
    json_lines,
)
from quantimodo.model.client_members import Membership
from quantimodo.model.clients import Client
from quantimodo.model.consent_details import Details
from quantimodo.model.consents import Consent, ConsentChange
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.ports.team_store import TeamStore
from quantimodo.protocol.consent_details import json_objects

_CONSENTS: Final = "applications/consents.json"
_OWN: Final = "applications/registered.jsonl"
_TEAMS: Final = "applications/teams.json"
_PAGE: Final = 100
_DESCRIPTIONS: Final = (
    FileDescription(
        _CONSENTS,
        N_("What you allowed applications."),
        (
            ("application", N_("the id and the name of the application")),
            ("scope, declinedScope", N_("what it may do, and what you declined")),
            ("details", N_("rules for your health data, as authorization_details; null: no limit")),
            ("grantedAt, updatedAt, expiresAt", N_("ISO 8601, in UTC")),
            (
                "history",
                N_("what you allowed from each time on, newest first, at most 100 entries"),
            ),
        ),
    ),
    FileDescription(
        _OWN,
        N_(
            "The applications that you registered yourself, one JSON object in each line. Secrets"
            " are not part of it."
        ),
        (
            ("id, name, description", N_("text")),
            ("homepage, policy, terms, redirectUris", N_("addresses")),
            ("scope, grantTypes", N_("what it may use (RFC 7591)")),
            ("public", N_("whether it has no secret")),
            ("createdAt, disabledAt", N_("ISO 8601, in UTC")),
        ),
    ),
    FileDescription(
        _TEAMS,
        N_("The applications of others that you help to manage."),
        (
            ("application", N_("the id and the name of the application")),
            ("role", N_("owner or developer")),
            ("since", N_("ISO 8601, in UTC")),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ApplicationFiles:
    """Implements `FileSource`."""

    consents: AuthorizationStore
    clients: ClientStore
    teams: TeamStore

    @property
    def descriptions(self) -> Sequence[FileDescription]:
        return _DESCRIPTIONS

    async def parts(self, user: User) -> AsyncGenerator[Part, None]:
        consents = await self.consents.consents_of(user.id)
        yield json_document(_CONSENTS, [await self._consent(each) for each in consents])
        after = ""
        yield Part(_OWN, b"")
        while page := await self.clients.clients(owner_id=user.id, after=after, limit=_PAGE):
            yield Part(_OWN, json_lines(map(_registered, page)))
            after = page[-1].id
        memberships = await self.teams.memberships(user.id)
        yield json_document(_TEAMS, [await self._membership(each) for each in memberships])

    async def _membership(self, membership: Membership) -> Mapping[str, Any]:
        return {
            "application": await self._application(membership.client_id),
            "role": membership.role,
            "since": iso_time(membership.since),
        }

    async def _application(self, client_id: str) -> Mapping[str, str]:
        client = await self.clients.client(client_id)
        return {"id": client_id, "name": client.name if client else ""}

    async def _consent(self, consent: Consent) -> Mapping[str, Any]:
        return {
            "application": await self._application(consent.client_id),
            "scope": sorted(consent.scope),
            "declinedScope": sorted(consent.declined_scope),
            "details": _details(consent.details),
            "grantedAt": iso_time(consent.granted_at),
            "updatedAt": iso_time(consent.updated_at),
            "expiresAt": iso_time_or_none(consent.expires_at),
            "history": [
                _change(each)
                for each in await self.consents.changes_of_consent(
                    consent.user_id, consent.client_id
                )
            ],
        }


def _change(change: ConsentChange) -> Mapping[str, Any]:
    return {
        "at": iso_time(change.at),
        "kind": change.kind,
        "scope": sorted(change.scope),
        "details": _details(change.details),
        "expiresAt": iso_time_or_none(change.expires_at),
    }


def _registered(client: Client) -> Mapping[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "description": client.description,
        "homepage": client.homepage_uri,
        "policy": client.policy_uri,
        "terms": client.tos_uri,
        "redirectUris": client.redirect_uris,
        "scope": sorted(client.scope),
        "grantTypes": sorted(client.grant_types),
        "public": client.public,
        "createdAt": iso_time(client.created_at),
        "disabledAt": iso_time_or_none(client.disabled_at),
    }


def _details(details: Details) -> Any:
    """The details as in `authorization_details` (RFC 9396 §2)."""
    return None if details is None else json_objects(details)
