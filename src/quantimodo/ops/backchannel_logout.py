"""Notifies clients that a session ended (OpenID Connect Back-Channel Logout 1.0): retried with
increasing delays, up to a limit.

Owns the queue's rules. `tokens/logout_tokens.py` writes the message, a `FormPoster` sends it. A
client is notified at least once; each attempt has a new token, so that none is accepted twice.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

import structlog

from quantimodo.model.events import Event, Message
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.ops.polling_worker import PollingWorker
from quantimodo.ports.account_stores import LogoutRecipientStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.form_poster import DeliveryFailed, FormPoster
from quantimodo.ports.stores import Unavailable
from quantimodo.ports.tracing import Tracer

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.backchannel_logout")

_BATCH: Final = 50
_LEASE: Final = timedelta(minutes=1)  # longer than the sender waits for a response
PAUSES: Final = tuple(timedelta(seconds=each) for each in (15, 60, 240, 960, 3600, 14400))


class Writer(Protocol):
    async def write(self, logout_recipient: LogoutRecipient) -> Message | None:
        """The message for this client; None when there is no recipient."""


class BackchannelLogoutSender:
    """Notifies the clients that are due. Any number of processes may run it; `wakeup` is set when
    a session ends in this process."""

    def __init__(
        self,
        store: LogoutRecipientStore,
        writer: Writer,
        form_poster: FormPoster,
        clock: Clock,
        audit: Audit,
        wakeup: asyncio.Event,
    ) -> None:
        self._store = store
        self._writer = writer
        self._form_poster = form_poster
        self._clock = clock
        self._audit = audit
        self._worker = PollingWorker("backchannel_logout", self.send_due, wakeup)

    def start(self, tracer: Tracer | None = None) -> None:
        """Begin to send in the background, until `close`. `tracer` records each turn."""
        self._worker.start(tracer)

    async def close(self) -> None:
        """Wait a few seconds for the current batch; the rest stays due."""
        await self._worker.close()

    async def send_due(self) -> None:
        """Notify each client that is due now, once."""
        while not self._worker.closing:
            claimed = await self._store.claim_logout_notifications(
                self._clock.now(), _LEASE, _BATCH
            )
            await self._send_all(claimed)
            if len(claimed) < _BATCH:
                return

    async def _send_all(self, claimed: Sequence[LogoutRecipient]) -> None:
        # Concurrent: a client that does not respond does not delay the others.
        for done in await asyncio.gather(*map(self._send, claimed), return_exceptions=True):
            if isinstance(done, BaseException):
                raise done

    async def _send(self, logout_recipient: LogoutRecipient) -> None:
        message: Message | None = None
        try:
            message = await self._writer.write(logout_recipient)
            if message is not None:
                await self._form_poster.post(message)
        except Unavailable:  # the database: claimed notifications are due again after their lease
            raise
        except DeliveryFailed as fault:
            await self._failed(logout_recipient, message, str(fault))
            return
        except Exception as fault:  # any fault: the last try ends the retries
            _log.exception("logout.failed", client=logout_recipient.client_id)
            await self._failed(logout_recipient, message, type(fault).__name__)
            return
        await self._store.delete_logout_notification(
            logout_recipient.sid, logout_recipient.client_id
        )
        if message is not None:
            self._record("logout.notified", logout_recipient, message)

    async def _failed(
        self, logout_recipient: LogoutRecipient, message: Message | None, cause: str
    ) -> None:
        tries = logout_recipient.attempts + 1
        _log.warning(
            "logout.undelivered", client=logout_recipient.client_id, tries=tries, cause=cause
        )
        if tries <= len(PAUSES):
            until = self._clock.now() + PAUSES[tries - 1]
            await self._store.delay_logout_notification(
                logout_recipient.sid, logout_recipient.client_id, until
            )
            return
        await self._store.delete_logout_notification(
            logout_recipient.sid, logout_recipient.client_id
        )
        self._record("logout.not_notified", logout_recipient, message)

    def _record(
        self, kind: str, logout_recipient: LogoutRecipient, message: Message | None
    ) -> None:
        self._audit.record(
            Event(
                at=self._clock.now(),
                kind=kind,
                user_id=logout_recipient.user_id,
                client_id=logout_recipient.client_id,
                detail="" if message is None else message.to,
            )
        )
