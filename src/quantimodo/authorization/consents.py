"""Consents: what people allowed applications, read and written for the authorization flow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Literal

from quantimodo.authorization.managed_grants import ManagedGrants
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, ConsentChange, ConsentChoice
from quantimodo.model.events import Event
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.consent_notices import ConsentNotices
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.consents import InvalidChoice, apply_choice, is_narrower, required_details
from quantimodo.protocol.errors import AccessDenied
from quantimodo.protocol.resources import full_names
from quantimodo.protocol.scopes import SCOPE_OF_ACTION, own_name

ChangeResult = Literal["changed", "unchanged", "needs_confirmation", "gone"]


@dataclass(frozen=True, slots=True)
class Consents:
    """Raises `AccessDenied` when the account or the application was deleted in the meantime."""

    store: AuthorizationStore
    notices: ConsentNotices
    audit: Audit
    clock: Clock

    async def on_record(
        self, signed_in: AuthenticatedSubject | None, client: Client
    ) -> Consent | None:
        """The stored consent of this person to this client, if there is one."""
        return None if signed_in is None else await self.store.consent(signed_in.user.id, client.id)

    async def with_grant(
        self, request: AuthorizationRequest, signed_in: AuthenticatedSubject | None
    ) -> AuthorizationRequest:
        """The request with the managed grant that it merges or replaces. Raises
        `InvalidGrantId`."""
        user = None if signed_in is None else signed_in.user
        return await ManagedGrants(self.store, self.clock).named(request, user)

    async def give(
        self,
        request: AuthorizationRequest,
        signed_in: AuthenticatedSubject,
        choice: ConsentChoice | None = None,
    ) -> Consent:
        """Save what a person who pressed *Allow* chose, or all of the request; the consent that
        results. The person is notified if it allows something new. Raises `AccessDenied` for a
        choice that `check` refuses."""
        try:
            given = self.check(request, signed_in, choice)
        except InvalidChoice as error:
            raise AccessDenied(
                "the person's choice cannot be stored",
                because=error.text,
                refusal="access_withdrawn",
            ) from None
        before = await self.store.consent(signed_in.user.id, request.client.id)
        consent = await self._save(given, decided=True)
        self._record("consent.given", consent, request.client.name)
        ended = before is None or before.has_ended(self.clock.now())
        if before is None or ended or not is_narrower(consent, before):
            await self.notices.allowed(signed_in.user, request.client, consent)
        return consent

    def check(
        self,
        request: AuthorizationRequest,
        signed_in: AuthenticatedSubject,
        choice: ConsentChoice | None,
    ) -> Consent:
        """The consent that `give` would save. Raises `InvalidChoice`, with a text for the page."""
        requested = self._requested(request, signed_in)
        if choice is None:
            return requested
        required = required_details(request.client.metadata, request.details)
        return apply_choice(requested, choice, required_scope(request), required)

    async def save(self, request: AuthorizationRequest, signed_in: AuthenticatedSubject) -> Consent:
        """Save the consent without an event, for a client that does not ask for it. What the
        person narrowed stays narrow."""
        return await self._save(self._requested(request, signed_in), decided=False)

    async def of(self, user_id: int, client_id: str) -> Consent | None:
        """The consent on record, also one that has ended."""
        return await self.store.consent(user_id, client_id)

    async def history(self, user_id: int, client_id: str) -> Sequence[ConsentChange]:
        """What was given, changed and withdrawn, newest first; at most 100 entries."""
        return await self.store.changes_of_consent(user_id, client_id)

    async def change(
        self, user_id: int, client: Client, choice: ConsentChoice, *, confirmed: bool = False
    ) -> ChangeResult:
        """Change a consent to what its person chose. Raises `InvalidChoice`.

        A narrower consent holds from the next request on. A wider one has to be `confirmed`; it
        never exceeds what the application requested, and reaches the application at its next
        authorization.
        """
        now = self.clock.now()
        results: list[tuple[ChangeResult, Consent | None]] = [("gone", None)]

        def decide(before: Consent) -> Consent | None:
            after = apply_choice(replace(before, updated_at=now), choice, frozenset())
            result = _result(before, after, confirmed=confirmed)
            results.append((result, after))
            return after if result == "changed" else None

        if not await self.store.change_consent(user_id, client.id, decide):
            return "gone"
        result, consent = results[-1]
        if result == "changed" and consent is not None:
            self._record("consent.changed", consent, client.name)
        return result

    async def _save(self, consent: Consent, *, decided: bool) -> Consent:
        try:
            return await self.store.save_consent(consent, decided=decided)
        except Conflict:
            raise AccessDenied(
                "the account or the app was deleted meanwhile", refusal="access_withdrawn"
            ) from None

    def _requested(self, request: AuthorizationRequest, signed_in: AuthenticatedSubject) -> Consent:
        now = self.clock.now()
        return Consent(
            user_id=signed_in.user.id,
            client_id=request.client.id,
            scope=request.consent_scope,
            granted_at=now,
            updated_at=now,
            details=request.details,
            requested_details=request.details,
        )

    def _record(self, kind: str, consent: Consent, name: str) -> None:
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind=kind,
                user_id=consent.user_id,
                client_id=consent.client_id,
                detail=name,
            )
        )


def required_scope(request: AuthorizationRequest) -> frozenset[str]:
    """The requested scopes that the person cannot decline."""
    return request.consent_scope - optional_scope(request)


def optional_scope(request: AuthorizationRequest) -> frozenset[str]:
    """The requested scopes that the client registered as optional. Of one that agents request, also
    the scope to write beside the one to read."""
    optional = request.client.metadata.optional_scope
    named = frozenset(name for name in request.consent_scope if own_name(name) in optional)
    read, write = SCOPE_OF_ACTION["read"], SCOPE_OF_ACTION["write"]
    for api in filter(attrgetter("built_in"), request.resources):
        both = full_names(api, (read, write))
        if both <= request.consent_scope:
            named |= full_names(api, (write,))
    return named


def _result(before: Consent, after: Consent, *, confirmed: bool) -> ChangeResult:
    if after.choice == before.choice:
        return "unchanged"
    return "changed" if confirmed or is_narrower(after, before) else "needs_confirmation"
