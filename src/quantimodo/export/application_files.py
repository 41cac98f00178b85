"""The applications that may use the account, and those that the person registered."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.export.parts import (
    FileDescription,
    Part,
    json_document,
    json_lines,
    written,
    written_or_none,
)
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.users import User
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.grant_stores import AuthorizationStore

_CONSENTS: Final = "applications/consents.json"
_OWN: Final = "applications/registered.jsonl"
_PAGE: Final = 100
_DESCRIPTIONS: Final = (
    FileDescription(
        _CONSENTS,
        "What you allowed applications.",
        (
            ("application", "the id and the name of the application"),
            ("scope", "what it may do, as on the consent page"),
            ("grantedAt, updatedAt", "ISO 8601, in UTC"),
        ),
    ),
    FileDescription(
        _OWN,
        "The applications that you registered yourself, one JSON object in each line. Secrets are"
        " not part of it.",
        (
            ("id, name, description", "text"),
            ("homepage, policy, terms, redirectUris", "addresses"),
            ("scope, grantTypes", "what it may use (RFC 7591)"),
            ("public", "whether it has no secret"),
            ("createdAt, disabledAt", "ISO 8601, in UTC"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ApplicationFiles:
    consents: AuthorizationStore
    clients: ClientStore

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

    async def _consent(self, consent: Consent) -> Mapping[str, Any]:
        client = await self.clients.client(consent.client_id)
        return {
            "application": {"id": consent.client_id, "name": client.name if client else ""},
            "scope": sorted(consent.scope),
            "grantedAt": written(consent.granted_at),
            "updatedAt": written(consent.updated_at),
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
        "createdAt": written(client.created_at),
        "disabledAt": written_or_none(client.disabled_at),
    }
