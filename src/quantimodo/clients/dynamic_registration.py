"""Applications that register and manage themselves (RFC 7591, RFC 7592).

Owns who may, and what is fetched on the way: the sector document and the logo. What an application
may be is decided by `protocol/registration.py`; its secrets and its record are the registry's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from quantimodo.clients import logos
from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.registry import RegisteredClient, Registration, Registry
from quantimodo.crypto.digests import compare_digest, digest
from quantimodo.crypto.jwt import BadToken
from quantimodo.crypto.provider_tokens import BadKeySet, parse_key_set, verify
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.i18n.client_texts import logos_by_language
from quantimodo.model.budgets import Charge
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Client, Logo
from quantimodo.model.registrations import RegistrationToken
from quantimodo.model.secrets import Secret
from quantimodo.ports.client_stores import ClientStore, RegistrationStore
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.document_fetcher import DocumentFetcher, FetchFailed
from quantimodo.protocol.client_assertion import SIGNATURE_ALGORITHMS
from quantimodo.protocol.errors import (
    InvalidClientMetadata,
    InvalidSoftwareStatement,
    InvalidToken,
    RegistrationClosed,
    UnapprovedSoftwareStatement,
)
from quantimodo.protocol.grant_types import BY_OPERATOR, ENTRY_OF
from quantimodo.protocol.mutual_tls import METHODS as TLS_METHODS
from quantimodo.protocol.registration import IMPLICIT_RESPONSE_TYPES
from quantimodo.protocol.registration_json import parse_registration, refusal

_LARGEST_SECTOR = 262_144
_UNUSABLE = "the initial access token is unknown, used up or has expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationPolicy:
    """`statements`: whose software statements count, each issuer with its JWK Set."""

    mode: Literal["closed", "token", "open"] = "closed"
    implicit: bool = False
    mutual_tls: bool = False
    unused_lifetime: timedelta = timedelta(days=30)
    statements: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SelfRegisteredClient:
    """An application with the token by which it manages itself, and a secret if it is new."""

    client: Client
    token: Secret
    secret: Secret | None


@dataclass(frozen=True, slots=True)
class DynamicClients:
    policy: RegistrationPolicy
    registry: Registry
    clients: ClientStore
    store: RegistrationStore
    fetcher: DocumentFetcher
    clock: Clock
    entropy: Entropy

    async def mint_token(self, label: str, uses: int, lifetime: timedelta) -> Secret:
        """An initial access token, on disk."""
        now = self.clock.now()
        minted = mint(Kind.INITIAL, now, self.entropy)
        await self.store.add_registration_token(
            RegistrationToken(
                key=minted.key,
                label=label,
                uses_left=uses,
                created_at=now,
                expires_at=now + lifetime,
            )
        )
        return minted.raw

    async def register(
        self, document: Any, token: str | None, charge: Charge | None = None
    ) -> SelfRegisteredClient:
        """Add what the document says, by this initial access token, if one is needed.

        Raises `RegistrationClosed`, `InvalidToken`, and the errors of RFC 7591 §3.2.2. Only a
        valid registration uses the token; of concurrent ones that need its last use, one succeeds.
        Without a token it counts in the storage budget `charge`, and raises `BudgetExceeded`.
        """
        network = None if charge is None else charge.network
        charge = charge if token is None else None
        await self._check_permission(token)
        requested = await self._parse_and_check(document, None)
        logo = await self._logo(requested.metadata.logo_uri)
        localized = await self._localized_logos(requested.metadata)
        if token is not None:
            await self._use_token(token)
        managing = mint(Kind.REGISTRATION, self.clock.now(), self.entropy)
        delete_if_unused_at = None
        if token is None:
            delete_if_unused_at = self.clock.now() + self.policy.unused_lifetime
        try:
            added = await self.registry.register_itself(
                requested,
                digest(managing.raw.reveal()),
                network=network,
                delete_if_unused_at=delete_if_unused_at,
                charge=charge,
            )
        except InvalidMetadata as fault:
            raise refusal(fault.faults) from None
        if logo is not None or localized:
            data = None if logo is None else logo.data
            await self.registry.set_logo(added.client, data, charge, localized=localized)
        return SelfRegisteredClient(added.client, managing.raw, added.secret)

    async def managed(self, client_id: str, token: str | None) -> Client:
        """The application that this token manages. Raises `InvalidToken`, alike for every cause:
        an application that is deleted, disabled or not managed by it (RFC 7592 §2.1)."""
        client = await self.clients.client(client_id)
        expected = bytes(32)
        if client is not None and client.registration_digest is not None:
            expected = client.registration_digest
        valid = token is not None and compare_digest(expected, digest(token))
        if client is None or client.disabled_at is not None or not valid:
            raise InvalidToken("this token does not manage this app")
        return client

    async def replace(
        self, client: Client, document: Any, charge: Charge | None = None
    ) -> RegisteredClient:
        """Replace all metadata by the document (RFC 7592 §2.2). Raises the errors of RFC 7591
        §3.2.2, and `BudgetExceeded`; nothing is stored then."""
        _check_same(client, document)
        requested = await self._parse_and_check(document, client)
        logo = await self._logo(requested.metadata.logo_uri)
        localized = await self._localized_logos(requested.metadata)
        try:
            edited = await self.registry.change_itself(client, requested, charge)
            await self._replace_logos(edited.client, logo, localized, charge)
        except InvalidMetadata as fault:
            raise refusal(fault.faults) from None
        except ChangedMeanwhile as fault:
            raise InvalidClientMetadata(fault.message) from None
        return edited

    async def _check_permission(self, token: str | None) -> None:
        """Check that the caller may register, before the document is read or anything fetched."""
        if self.policy.mode == "closed":
            raise RegistrationClosed("apps do not register themselves on this server")
        if token is None and self.policy.mode == "token":
            # RFC 7591 §3.1: protected by an initial access token.
            raise InvalidToken("registration needs an initial access token of the operator's")
        if token is not None:
            found = await self.store.registration_token(_key(token))
            if found is None or found.uses_left < 1 or found.expires_at <= self.clock.now():
                raise InvalidToken(_UNUSABLE)

    async def _use_token(self, token: str) -> None:
        if not await self.store.use_registration_token(_key(token), self.clock.now()):
            raise InvalidToken(_UNUSABLE)

    async def _parse_and_check(self, document: Any, client: Client | None) -> Registration:
        requested = parse_registration(self._with_statement(document))
        if requested.response_types & IMPLICIT_RESPONSE_TYPES and not self.policy.implicit:
            # security.md §5: tokens in addresses only where the operator allows them.
            raise InvalidClientMetadata("response_types: only code and none are allowed here")
        allowed = client.grant_types if client else frozenset()
        for name in sorted(requested.grant_types & (BY_OPERATOR - allowed)):
            title = ENTRY_OF[name].title
            raise InvalidClientMetadata(f"grant_types: only the operator can allow {title}")
        method = requested.metadata.token_endpoint_auth_method
        bound = requested.metadata.tls_client_certificate_bound_access_tokens
        if (method in TLS_METHODS or bound) and not self.policy.mutual_tls:
            raise InvalidClientMetadata("this server receives no client certificates")
        try:
            await self.registry.check(requested, client)
        except InvalidMetadata as fault:
            raise refusal(fault.faults) from None
        await self._check_sector(requested.metadata, requested.redirect_uris)
        return requested

    async def _check_sector(self, metadata: ClientMetadata, uris: tuple[str, ...]) -> None:
        if not metadata.sector_identifier_uri:
            return
        try:
            raw = await self.fetcher.fetch(metadata.sector_identifier_uri, largest=_LARGEST_SECTOR)
            listed = msgspec.json.decode(raw, type=list[str])
        except (FetchFailed, msgspec.MsgspecError, RecursionError):
            raise InvalidClientMetadata(
                "sector_identifier_uri: could not be fetched, or is not a JSON array of addresses"
            ) from None
        # OpenID Connect Registration §5
        if not set(uris) <= set(listed):
            raise InvalidClientMetadata("sector_identifier_uri: must list every redirect URI")

    async def _logo(self, uri: str) -> Logo | None:
        """The logo, which this server stores, so that no browser fetches it from the app's host;
        None if it could not be fetched."""
        if not uri:
            return None
        try:
            return logos.parse_logo(await self.fetcher.fetch(uri, largest=logos.LARGEST))
        except (FetchFailed, InvalidMetadata):
            return None

    async def _localized_logos(self, metadata: ClientMetadata) -> dict[str, Logo]:
        """Those of `logo_uri#TAG` (RFC 7591 §2.2), one for each language of this server."""
        localized = {}
        for tag, uri in logos_by_language(metadata).items():
            logo = await self._logo(uri)
            if logo is not None:
                localized[tag] = logo
        return localized

    async def _replace_logos(
        self,
        client: Client,
        logo: Logo | None,
        localized: Mapping[str, Logo],
        charge: Charge | None,
    ) -> None:
        """Store those that were fetched. One that is registered and could not be fetched stays as
        it was; one that is not registered any more is deleted."""
        stored, others = (
            await self.clients.logo(client.id),
            await self.clients.localized_logos(client.id),
        )
        if logo is None and client.metadata.logo_uri:
            logo = stored
        registered = logos_by_language(client.metadata)
        unchanged = {tag: each for tag, each in others.items() if tag in registered}
        pictures = {**unchanged, **localized}
        if logo is not None or pictures or stored is not None or others:
            data = None if logo is None else logo.data
            await self.registry.set_logo(client, data, charge, localized=pictures)

    def _with_statement(self, document: Any) -> Any:
        """The same with what its software statement says instead (RFC 7591 §2.3)."""
        statement = document.get("software_statement") if isinstance(document, dict) else None
        if statement is None:
            return document
        if not isinstance(statement, str):
            raise InvalidSoftwareStatement("software_statement must be a text")
        for issuer, keys in self.policy.statements.items():
            try:
                verified = verify(statement, parse_key_set(keys), SIGNATURE_ALGORITHMS)
            except (BadToken, BadKeySet):
                continue
            if verified.claims.get("iss") != issuer:
                continue
            if not _is_current(verified.claims, self.clock.now()):
                raise InvalidSoftwareStatement("the software statement is not valid at this time")
            stated = {name: value for name, value in verified.claims.items() if name not in _CLAIMS}
            return {**document, **stated, "software_statement": statement}
        raise UnapprovedSoftwareStatement(
            "this server does not trust the signer of the software statement"
        )


_CLAIMS = frozenset({"iss", "iat", "exp", "nbf", "aud", "sub", "jti"})


def _key(token: str) -> bytes:
    """The database key of an initial access token; for any other text a key that no token has."""
    return key_of(Kind.INITIAL, token) or b""


def _is_current(claims: Mapping[str, Any], now: datetime) -> bool:
    """RFC 7519 §4.1.4, §4.1.5"""
    begins, ends = claims.get("nbf", 0), claims.get("exp", now.timestamp() + 1)
    if not all(isinstance(moment, (int, float)) for moment in (begins, ends)):
        return False
    return bool(begins <= now.timestamp() < ends)


def _check_same(client: Client, document: Any) -> None:
    # RFC 7592 §2.2: client_id MUST be there and the same, a client_secret must be the current one.
    if not isinstance(document, dict) or document.get("client_id") != client.id:
        raise InvalidClientMetadata("client_id: must be that of the app")
    secret = document.get("client_secret")
    if secret is None:
        return
    known = None if client.secret is None else client.secret.digest
    if not isinstance(secret, str) or not known or not compare_digest(known, digest(secret)):
        raise InvalidClientMetadata("client_secret: must be the app's own, or be left out")
