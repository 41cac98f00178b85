"""Security events and data-deletion requests that providers send about accounts.

Applies each signed message once, and returns the response that each provider expects.
`federation/` verifies that the provider signed the message, and
`federation/security_event_handler.py` applies it. Messages that change nothing are limited by
network address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

import structlog
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import digest, keyed_digest
from quantimodo.federation.contract import Provider, SecurityEvent
from quantimodo.federation.security_event_handler import SecurityEventHandler
from quantimodo.http.errors import NotFound
from quantimodo.model.budgets import Signer
from quantimodo.model.identities import DataDeletionRequest
from quantimodo.model.provider_sessions import EndedProviderSession
from quantimodo.outbound.errors import faults_of
from quantimodo.pages.browser import peer_address
from quantimodo.pages.forms import read_body
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import NO_STORE, json_page
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import DataDeletionRequestStore, ReplayStore
from quantimodo.protocol.social_login import DATA_DELETION_STATUS

_MOST_BYTES: Final = 65_536
_SECURITY_EVENT: Final = "application/secevent+jwt"  # RFC 8417 §2.3
# Older messages are refused, by `OLDEST_EVENT` and by Facebook's own limit.
_REMEMBERED: Final = timedelta(days=30)
_STATUS_KEPT: Final = timedelta(days=400)
_CODE: Final = 20  # characters of a confirmation code
_Place = Literal["notifications", "deauthorize", "data-deletion"]
_log = structlog.get_logger("quantimodo.social")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEventEndpoint:
    """`key` makes confirmation codes: the same message gets the same one."""

    providers: Mapping[str, Provider]
    handler: SecurityEventHandler
    throttle: Throttle
    replays: ReplayStore
    data_deletion_requests: DataDeletionRequestStore
    page_context: PageContext
    clock: Clock
    issuer: str
    key: bytes = field(repr=False)

    async def notify(self, request: Request) -> Response:
        """POST …/notifications/{provider}: Apple's and Google's (RISC) account events, and the
        logout tokens of OpenID providers (Back-Channel Logout §2.5)."""
        return await self._receive(request, "notifications")

    async def deauthorize(self, request: Request) -> Response:
        """POST …/deauthorize/{provider}: the person removed our app at Facebook."""
        return await self._receive(request, "deauthorize")

    async def delete_data(self, request: Request) -> Response:
        """POST …/data-deletion/{provider}: the person requests deletion of the data from there."""
        return await self._receive(request, "data-deletion")

    async def status(self, request: Request) -> Response:
        """GET /data-deletion/{code}: the status, for a holder of the code."""
        data_deletion_request = await self.data_deletion_requests.data_deletion_request(
            request.path_params["code"]
        )
        if data_deletion_request is None or data_deletion_request.expires_at <= self.clock.now():
            raise NotFound
        browser_request = await self.page_context.browser_request(request)
        provider = self.providers.get(data_deletion_request.provider)
        return self.page_context.show(
            request,
            browser_request,
            "data_deletion.html",
            data_deletion_request=data_deletion_request,
            title=data_deletion_request.provider if provider is None else provider.title,
        )

    async def _receive(self, request: Request, place: _Place) -> Response:
        provider = self.providers.get(request.path_params["provider"])
        if provider is None:
            raise NotFound("There is no such provider here.")
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        address = peer_address(request)
        await self.throttle.count_address("security_events_per_address", address)
        body = await read_body(request, _MOST_BYTES)
        with faults_of(provider.name):
            events = await provider.security_events(media_type, body)
        signer = Signer("provider", provider.name)
        await self._require_space(events, place, signer)
        if any([await self._apply_once(event, place, signer) for event in events]):
            await self.throttle.undo_address("security_events_per_address", address)
        # Empty for a test of the provider, or an event that needs no action.
        kinds = [event.kind for event in events]
        _log.info("security event received", provider=provider.name, place=place, kinds=kinds)
        if place == "data-deletion":
            return await self._confirm(provider, events)
        # RFC 8935 §2.2 wants 202 for a security event.
        return Response(status_code=202 if media_type == _SECURITY_EVENT else 200, headers=NO_STORE)

    async def _require_space(
        self, events: Sequence[SecurityEvent], place: _Place, signer: Signer
    ) -> None:
        """Raises `QuotaExceeded` before anything is applied that could not be recorded: the
        provider sends the message again later."""
        for event in events:
            key = _replay_key(event, place)
            if not await self.replays.is_used(key):
                await self.replays.require_space(key, signer)
        if place == "data-deletion":
            code = self._code(signer.name, events)
            if await self.data_deletion_requests.data_deletion_request(code) is None:
                await self.data_deletion_requests.require_space()

    async def _apply_once(self, event: SecurityEvent, place: _Place, signer: Signer) -> bool:
        """Whether the message is new, and was applied."""
        key = _replay_key(event, place)
        if await self.replays.is_used(key):
            return False
        # Recorded after it was applied: if that failed, the provider sends the event again.
        await self._apply(event, place, signer.name)
        await self.replays.use_once(key, self.clock.now() + _REMEMBERED, signer)
        return True

    async def _apply(self, event: SecurityEvent, place: _Place, provider: str) -> None:
        if place == "data-deletion" or event.kind == "delete_data":
            await self.handler.delete_data(event.issuer, event.subject)
        elif event.kind == "signed_out":
            await self.handler.sign_out(event.issuer, event.subject)
        elif event.kind == "session_ended":
            ended = EndedProviderSession(
                issuer=event.issuer, subject=event.subject, sid=event.session
            )
            await self.handler.end_sessions(ended, provider)
        elif event.kind == "suspended":
            await self.handler.suspend(event.issuer, event.subject)
        else:
            await self.handler.end(event.issuer, event.subject)

    async def _confirm(self, provider: Provider, events: Sequence[SecurityEvent]) -> Response:
        """Facebook expects a status page and a code. A repeated request gets the same."""
        now = self.clock.now()
        code = self._code(provider.name, events)
        if await self.data_deletion_requests.data_deletion_request(code) is None:
            await self.data_deletion_requests.add_data_deletion_request(
                DataDeletionRequest(
                    code=code,
                    provider=provider.name,
                    requested_at=now,
                    done_at=now,
                    expires_at=now + _STATUS_KEPT,
                )
            )
        where = self.issuer + DATA_DELETION_STATUS.format(code=code)
        return json_page(200, {"url": where, "confirmation_code": code})

    def _code(self, provider: str, events: Sequence[SecurityEvent]) -> str:
        names = "\n".join(event.id for event in events)
        return keyed_digest(self.key, f"erasure {provider}", names).hex()[:_CODE]


def _replay_key(event: SecurityEvent, place: _Place) -> bytes:
    return digest(f"{place} {event.issuer} {event.kind} {event.id}")
