"""Signs a person out at the provider from which the session began, if the person chooses that
(RP-Initiated Logout §2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwt import base64url
from quantimodo.federation.new_identities import ID_TOKENS
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.outbound.errors import ProviderFault
from quantimodo.ports.clock import Entropy
from quantimodo.ports.federation_stores import ProviderSessionStore

RETURNED: Final = "/sign-out/returned"
_STATE_BYTES: Final = 16


class EndsSessions(Protocol):
    """A provider at which people can end their session."""

    @property
    def title(self) -> str:
        """The name that people see."""

    async def sign_out_url(
        self, id_token: Secret | None, redirect_uri: str, state: str
    ) -> str | None:
        """The address that ends the session there; None: the provider has none. Raises
        `ProviderFault`."""


@dataclass(frozen=True, slots=True)
class SignOutThere:
    """The provider by its title, the address that ends the session there, and the `state` with
    which the browser comes back."""

    title: str
    url: str = field(repr=False)
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSignOut:
    """`providers` are those with the setting `sign_out_at_provider`, by name."""

    providers: Mapping[str, EndsSessions]
    store: ProviderSessionStore
    envelope: Envelope = field(repr=False)
    entropy: Entropy
    issuer: str

    async def of(self, session: Session) -> SignOutThere | None:
        """How the person of this session can sign out at the provider too; None if the session did
        not begin at a provider, or the provider has no such address or does not respond."""
        if not self.providers:
            return None
        began = await self.store.provider_session(session.sid)
        provider = None if began is None else self.providers.get(began.provider)
        if began is None or provider is None:
            return None
        state = base64url(self.entropy.bytes(_STATE_BYTES)).decode()
        redirect_uri = self.issuer + RETURNED
        try:
            url = await provider.sign_out_url(self._id_token(began), redirect_uri, state)
        except ProviderFault:
            return None
        return None if url is None else SignOutThere(provider.title, url, state)

    def _id_token(self, session: ProviderSession) -> Secret | None:
        if session.sealed_id_token is None:
            return None
        try:
            return Secret(self.envelope.open(session.sealed_id_token, ID_TOKENS).decode())
        except DecryptionFailed:  # the operator removed the key that encrypted it
            return None
