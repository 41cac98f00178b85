"""Consent receipts: signed statements of what a person allowed an application.

The members are named after ISO/IEC TS 27560:2023. A receipt is made when it is requested, from the
history of the consent, and is not stored. It has a type that no endpoint accepts as a token, and
neither audience nor subject.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from quantimodo.crypto.jwt import base64url
from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.model.consents import ConsentChange
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.protocol.consent_details import instant_text, json_objects
from quantimodo.protocol.constants import CONSENT_RECEIPT_TYPE
from quantimodo.protocol.scopes import SCOPE_OF_ACTION, SCOPES, format_scope, own_name
from quantimodo.tokens.subjects import Subjects

SCHEMA: Final = "ISO/IEC TS 27560:2023"
_STATES: Final = {"given": "given", "changed": "given", "withdrawn": "withdrawn"}
_SENSITIVE: Final = frozenset(SCOPE_OF_ACTION.values())


@dataclass(frozen=True, slots=True)
class ConsentReceipts:
    issuer: str
    keyring: Keyring
    subjects: Subjects
    clock: Clock

    async def sign(self, client: Client, user: User, change: ConsentChange) -> str:
        """The receipt of one entry of the history of this person's consent to the client."""
        subject = await self.subjects.of(client, user)
        claims = {
            "iss": self.issuer,
            "iat": int(self.clock.now().timestamp()),
            **receipt_members(self.issuer, client, subject, change),
        }
        return self.keyring.signer("ES256").sign(claims, CONSENT_RECEIPT_TYPE)


def receipt_members(
    issuer: str, client: Client, subject: str, change: ConsentChange
) -> dict[str, Any]:
    """The members of a receipt; `subject` is the person's `sub` for this client only."""
    named = f"{issuer} {client.id} {subject} {change.id}"
    return {
        "schema_version": SCHEMA,
        "record_id": base64url(sha256(named.encode()).digest()[:16]).decode(),
        "pii_principal_id": subject,
        "pii_processing": [_processing(issuer, client, change)],
        "party_identification": [
            {
                "party_id": client.id,
                "party_name": client.name,
                "party_role": "pii_controller",
                **({"party_url": client.homepage_uri} if client.homepage_uri else {}),
            },
            {"party_id": issuer, "party_url": issuer, "party_role": "record_keeper"},
        ],
        "events": [_event(client, change)],
    }


def _processing(issuer: str, client: Client, change: ConsentChange) -> dict[str, Any]:
    own = frozenset(map(own_name, change.scope))
    purpose: dict[str, Any] = {
        "purpose": client.description or client.name,
        "lawful_basis": "consent",
        "consent_type": "expressed_consent",
        "pii_information": [_information(name) for name in SCOPES if name in own],
        "pii_controllers": [client.id],
        "scope": format_scope(change.scope),
        "withdrawal_method": f"{issuer}/account/apps/{quote(quote(client.id, safe=''), safe='')}",
        "storage_locations": [issuer],
    }
    if change.details is not None:
        purpose["authorization_details"] = json_objects(change.details)
    processing: dict[str, Any] = {"language": "en", "purposes": [purpose]}
    if client.policy_uri:
        processing["privacy_notice"] = client.policy_uri
    return processing


def _information(name: str) -> dict[str, Any]:
    return {
        "pii_type": SCOPES[name].title,
        "pii_attribute_id": name,
        "sensitive_pii_category": name in _SENSITIVE,
    }


def _event(client: Client, change: ConsentChange) -> dict[str, Any]:
    event: dict[str, Any] = {
        "event_time": instant_text(change.at),
        "event_type": change.kind,
        "event_state": _STATES[change.kind],
        "entity_id": client.id,
    }
    if change.expires_at is not None:
        event["validity_end"] = instant_text(change.expires_at)
    return event
