"""The e-mail queue: encrypted, stored in the database, sent in the background, retried.

Owns the queue's rules. `smtp.py` sends an e-mail to the mail server. Without a configured
server nothing is sent, and the development outbox shows the queue. An e-mail is sent at least
once: after a crash between the server's reply and the database write, it is sent again with the
same Message-ID.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.model.budgets import Charge
from quantimodo.model.events import Mail
from quantimodo.ops.polling_worker import PollingWorker
from quantimodo.ports.background_stores import MailStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.tracing import Tracer

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.mail")

MAIL_PURPOSE = "mail"
_BATCH = 10
_LEASE = timedelta(minutes=1)
_PATIENCE = 45.0  # seconds for a batch: less than its claim lasts


class MessageRejected(Exception):
    """The mail server rejects this e-mail permanently; `code` is its reply."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


class MessageDeferred(Exception):
    """The mail server rejects this e-mail for now; `code` is its reply."""

    def __init__(self, code: int) -> None:
        super().__init__(f"delayed with {code}")
        self.code = code


class MailServerUnavailable(Exception):
    """No e-mail can be sent now. The text names the cause, never an address or a secret."""


class SmtpConnection(Protocol):
    """An open connection to a mail server."""

    async def deliver(self, mail: Mail, message_id: str, written_at: datetime) -> None:
        """Raises `MessageRejected`, `MessageDeferred` or `MailServerUnavailable`."""


class MailTransport(Protocol):
    """Sends e-mails; `Smtp` implements it."""

    def connect(self) -> AbstractAsyncContextManager[SmtpConnection]:
        """Raises `MailServerUnavailable` when the server does not respond, or not correctly."""


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """An e-mail as the development outbox shows it."""

    at: datetime
    mail: Mail


def _no_charge(recipient: str) -> None:
    return None


class Outbox:
    """Queues e-mails: implements `Mailer`. `wakeup` starts this process's sender.

    `charge` returns the storage budget of e-mails to one address that a person with
    an account caused.
    """

    def __init__(
        self,
        store: MailStore,
        envelope: Envelope,
        clock: Clock,
        *,
        lifetime: timedelta = timedelta(days=1),
        wakeup: asyncio.Event | None = None,
        charge: Callable[[str], Charge | None] = _no_charge,
    ) -> None:
        self._store = store
        self._envelope = envelope
        self._clock = clock
        self._lifetime = lifetime
        self._wakeup = wakeup
        self._charge = charge

    async def send(self, mail: Mail, charge: Charge | None = None) -> None:
        """Queue the message, encrypted; it is sent in the background. The budget of `charge`, or of
        its recipient, limits what is queued."""
        now = self._clock.now()
        sealed = self._envelope.seal(msgspec.json.encode(mail), MAIL_PURPOSE)
        await self._store.add_mail(
            sealed,
            now,
            now + self._lifetime,
            charge or self._charge(mail.to),
            of_account=charge is None,
        )
        if self._wakeup is not None:
            self._wakeup.set()

    async def recent(self, limit: int = 50) -> Sequence[QueuedMail]:
        """The queued e-mails, newest first."""
        kept = []
        for _, sealed, at in await self._store.recent_mail(limit):
            with suppress(DecryptionFailed):  # encrypted with another key
                kept.append(QueuedMail(at, _opened(self._envelope, sealed)))
        return kept


class Sender:
    """Sends queued e-mails. `start` begins its task, `close` ends it; any number of processes may
    run one.

    A claim lasts a minute; then any process may claim the e-mail again. Only the 1st, 2nd, 3rd,
    5th, 9th, 17th … claims send it, so the pauses are 1, 1, 2, 4, 8 … minutes.
    """

    def __init__(
        self,
        store: MailStore,
        envelope: Envelope,
        mail_transport: MailTransport,
        clock: Clock,
        wakeup: asyncio.Event,
    ) -> None:
        self._store = store
        self._envelope = envelope
        self._mail_transport = mail_transport
        self._clock = clock
        self._worker = PollingWorker("mail", self.send_due, wakeup)

    def start(self, tracer: Tracer | None = None) -> None:
        """Begin to send in the background, until `close`. `tracer` records each turn."""
        self._worker.start(tracer)

    async def close(self) -> None:
        """Wait a few seconds for the current batch; the rest stays queued."""
        await self._worker.close()

    async def send_due(self) -> None:
        """Send everything that is due now, until it is done or the mail server does not respond."""
        while not self._worker.closing:
            now = self._clock.now()
            claimed = await self._store.claim_mail(now, _LEASE, _BATCH)
            due = [(number, sealed) for number, sealed, tries in claimed if _is_turn(tries)]
            if due and not await self._send(due):
                return
            if len(claimed) < _BATCH:
                return

    async def _send(self, due: Sequence[tuple[int, bytes]]) -> bool:
        """Whether the mail server responded."""
        try:
            async with asyncio.timeout(_PATIENCE), self._mail_transport.connect() as connection:
                for number, sealed in due:
                    await self._deliver(connection, number, sealed)
        except (MailServerUnavailable, TimeoutError) as fault:
            _log.warning(
                "mail.server_unavailable", cause=str(fault) or "the mail server is too slow"
            )
            return False
        return True

    async def _deliver(self, connection: SmtpConnection, number: int, sealed: bytes) -> None:
        try:
            mail = _opened(self._envelope, sealed)
            await connection.deliver(mail, sealed[1:25].hex(), self._clock.now())
        except DecryptionFailed:
            _log.error("mail.unreadable", mail=number)
        except MessageRejected as fault:
            _log.warning("mail.refused", mail=number, code=fault.code)
        except MessageDeferred as fault:
            _log.info("mail.delayed", mail=number, code=fault.code)
            return
        await self._store.delete_mail(number)


def _opened(envelope: Envelope, sealed: bytes) -> Mail:
    return msgspec.json.decode(envelope.open(sealed, MAIL_PURPOSE), type=Mail)


def _is_turn(tries: int) -> bool:
    return tries & (tries - 1) == 0  # 0, 1, 2, 4, 8, 16 …
