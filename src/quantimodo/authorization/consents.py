"""Consents: what people allowed applications, read and written for the authorization flow."""

from dataclasses import dataclass

from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.events import Event
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.errors import AccessDenied


@dataclass(frozen=True, slots=True)
class Consents:
    """Raises `AccessDenied` when the account or the application was deleted in the meantime."""

    store: AuthorizationStore
    audit: Audit
    clock: Clock

    async def on_record(
        self, signed_in: AuthenticatedSubject | None, client: Client
    ) -> Consent | None:
        """The stored consent of this person to this client, if there is one."""
        return None if signed_in is None else await self.store.consent(signed_in.user.id, client.id)

    async def give(self, request: AuthorizationRequest, signed_in: AuthenticatedSubject) -> None:
        """Save the consent of a person who pressed *Allow*, and record the event."""
        await self.save(request, signed_in)
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind="consent.given",
                user_id=signed_in.user.id,
                client_id=request.client.id,
                detail=request.client.name,
            )
        )

    async def save(self, request: AuthorizationRequest, signed_in: AuthenticatedSubject) -> None:
        """Save the consent without an event, for a client that does not ask for it."""
        now = self.clock.now()
        consent = Consent(
            user_id=signed_in.user.id,
            client_id=request.client.id,
            scope=request.consent_scope,
            granted_at=now,
            updated_at=now,
        )
        try:
            await self.store.save_consent(consent)
        except Conflict:
            raise AccessDenied("the account or the app was deleted meanwhile") from None
