"""Builds what notifies the operator about the state of the server."""

from collections.abc import Sequence
from typing import Final

from quantimodo.app.composition.policies import alert_thresholds
from quantimodo.app.composition.services import AppContext
from quantimodo.app.server_state import measure
from quantimodo.app.settings.alerts import AlertSettings
from quantimodo.model.secrets import Secret
from quantimodo.ops.alert_messages import AlertMessages, AlertWebhook
from quantimodo.ops.alert_rules import AlertPolicy
from quantimodo.ops.alerts import AlertWorker
from quantimodo.ops.health_readings import HealthReading, readings
from quantimodo.outbound.webhook_poster import HttpWebhookPoster

_MOST_ADMINISTRATORS: Final = 50


def is_configured(settings: AlertSettings) -> bool:
    """Whether alerts are sent at all."""
    return by_mail(settings) or bool(settings.webhook)


def by_mail(settings: AlertSettings) -> bool:
    """Whether alerts are sent by e-mail."""
    return bool(settings.email) or settings.administrators


def alert_policy(settings: AlertSettings) -> AlertPolicy:
    """Which conditions are reported, how often, and by which means."""
    return AlertPolicy(
        subjects=frozenset(settings.conditions),
        interval=settings.interval,
        by_mail=by_mail(settings),
        by_webhook=bool(settings.webhook),
    )


def alert_messages(context: AppContext) -> AlertMessages:
    """Sends e-mails through the queue, and webhooks through the guarded HTTP client."""
    settings = context.settings.alerts

    async def recipients() -> Sequence[str]:
        addresses = list(settings.email)
        if settings.administrators:
            search = context.stores.people_search
            people = await search.administrators(_MOST_ADMINISTRATORS)
            addresses += [
                each.verified_email for each in people if each.verified_email and each.usable
            ]
        return list(dict.fromkeys(addresses))

    webhook = AlertWebhook(settings.webhook, Secret(settings.webhook_secret))
    return AlertMessages(
        mailer=context.outbox,
        recipients=recipients,
        poster=HttpWebhookPoster(context.operator_http_client, for_operator=True),
        webhook=webhook if settings.webhook else None,
        clock=context.clock,
        server=context.settings.issuer,
    )


def alert_worker(context: AppContext) -> AlertWorker:
    """Compares the state with the alerts that are stored, and reports what changed."""

    async def read() -> Sequence[HealthReading]:
        return list(readings(await measure(context), alert_thresholds(context.settings)))

    return AlertWorker(
        store=context.stores.alerts,
        leases=context.stores.leases,
        read=read,
        messages=alert_messages(context),
        policy=alert_policy(context.settings.alerts),
        clock=context.clock,
        holder=context.entropy.bytes(8).hex(),
    )
