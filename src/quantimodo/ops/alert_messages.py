"""The messages to the operator: an e-mail for all alerts of a round, a webhook for each.

In English, as commands and the log.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from quantimodo.crypto.webhooks import signatures
from quantimodo.model.alerts import Alert
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Clock
from quantimodo.ports.mailer import Mailer
from quantimodo.ports.webhook_poster import WebhookMessage, WebhookPoster

_TEST_TEXT: Final = "A test: alerts of this server arrive here."


@dataclass(frozen=True, slots=True)
class AlertWebhook:
    """Where alerts are posted, and the secret that signs them."""

    url: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessages:
    """`recipients` returns the present addresses; `webhook` is None without one. `server` is the
    issuer."""

    mailer: Mailer
    recipients: Callable[[], Awaitable[Sequence[str]]]
    poster: WebhookPoster
    webhook: AlertWebhook | None
    clock: Clock
    server: str

    async def send_mail(self, alerts: Sequence[Alert]) -> int:
        """Queue one e-mail about all alerts to each recipient. Returns the number of recipients."""
        return await self._send(subject_of(alerts), "\n\n".join(map(paragraph_of, alerts)))

    async def post(self, alert: Alert) -> str:
        """Post one alert. Returns the reason why it was not accepted, or an empty text."""
        moment = alert.resolved_at if alert.kind == "resolved" else alert.raised_at
        return await self._post(
            f"alert.{alert.kind}",
            f"{alert.name}.{_micros(alert.raised_at)}.{alert.kind}",
            {
                "condition": alert.name,
                "severity": alert.severity,
                "text": alert.text,
                "raised_at": _format_time(alert.raised_at),
                "resolved_at": None
                if alert.resolved_at is None
                else _format_time(alert.resolved_at),
            },
            moment or alert.raised_at,
        )

    async def test_mail(self) -> int:
        """Queue a test e-mail to each recipient. Returns the number of recipients."""
        return await self._send("a test of alerts", _TEST_TEXT)

    async def test_webhook(self) -> str:
        """Post a test. Returns the reason why it was not accepted, or an empty text."""
        now = self.clock.now()
        return await self._post("alert.test", f"test.{_micros(now)}", {"text": _TEST_TEXT}, now)

    async def _send(self, subject: str, text: str) -> int:
        recipients = await self.recipients()
        body = f"{text}\n\nThis is about the server {self.server}"
        for address in recipients:
            await self.mailer.send(Mail(to=address, subject=subject, text=body))
        return len(recipients)

    async def _post(self, kind: str, number: str, data: Mapping[str, Any], moment: datetime) -> str:
        if self.webhook is None:
            return "no webhook is set"
        body = msgspec.json.encode(
            {
                "type": kind,
                "timestamp": _format_time(moment),
                "data": {"server": self.server, **data},
            }
        )
        message_id, timestamp = f"msg_{number}", int(self.clock.now().timestamp())
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures([self.webhook.secret], message_id, timestamp, body),
        }
        result = await self.poster.post(WebhookMessage(self.webhook.url, headers, body))
        return result.cause


def subject_of(alerts: Sequence[Alert]) -> str:
    """The subject of the e-mail about these alerts."""
    raised = [each for each in alerts if each.kind == "raised"]
    if not raised:
        return f"resolved: {', '.join(each.name for each in alerts)}"
    worst = "fault" if any(each.severity == "fault" for each in raised) else "warning"
    return f"{worst}: {', '.join(each.name for each in raised)}"


def paragraph_of(alert: Alert) -> str:
    """What the e-mail says about one alert."""
    since = alert.raised_at.strftime("%Y-%m-%d %H:%M UTC")
    if alert.kind == "raised":
        return f"{alert.severity} {alert.name}, since {since}: {alert.text}"
    return f"resolved {alert.name}, which began at {since}: {alert.text}"


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _format_time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
