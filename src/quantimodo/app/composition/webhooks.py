"""Builds webhooks: the service of the portal, the writer of events, and the sender."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from quantimodo.accounts.emails.webhook_disabling import WebhookDisabling
from quantimodo.app.composition.provider_policies import outbound_policy
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.reading import Settings
from quantimodo.clients.webhooks import Webhooks
from quantimodo.ops.webhook_attempts import WebhookAttempts
from quantimodo.ops.webhooks import WebhookSender
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.webhook_poster import HttpWebhookPoster
from quantimodo.ports.tracing import Tracer
from quantimodo.ports.webhook_poster import WebhookPoster
from quantimodo.tokens.event_payloads import AppEventWriter
from quantimodo.tokens.subjects import Subjects

_PATIENCE: Final = timedelta(seconds=15)


def webhooks(context: AppContext) -> Webhooks:
    """The webhooks of applications, as their owners manage them."""
    return Webhooks(
        store=context.stores.webhooks,
        events=context.stores.app_events,
        envelope=context.envelope,
        clock=context.clock,
        entropy=context.entropy,
        audit=context.audit,
        wakeup=context.webhook_wakeup,
        local=bool(context.settings.development),
    )


def event_writer(context: AppContext) -> AppEventWriter:
    """Writes events out for their applications."""
    stores = context.stores
    return AppEventWriter(stores.clients, stores.users, Subjects(stores.subjects, context.entropy))


def webhook_client(settings: Settings, tracer: Tracer | None = None) -> GuardedHttpClient:
    """An HTTP client for public addresses only: the private hosts that the operator allows for
    providers are not allowed for addresses that a developer enters. In development this machine is
    allowed too."""
    policy = replace(
        outbound_policy(settings),
        open_hosts=frozenset(),
        unverified_hosts=frozenset(),
        time_limit=_PATIENCE,
        open_loopback=bool(settings.development),
    )
    return GuardedHttpClient(policy, tracer=tracer)


def webhook_sender(context: AppContext, poster: WebhookPoster) -> WebhookSender:
    """Delivers what is due."""
    stores = context.stores
    attempts = WebhookAttempts(
        queue=stores.deliveries,
        writer=event_writer(context),
        poster=poster,
        disabling=WebhookDisabling(
            stores.webhooks, stores.clients, stores.users, stores.teams, context.social.notifier
        ),
        envelope=context.envelope,
        clock=context.clock,
        entropy=context.entropy,
    )
    return WebhookSender(stores.deliveries, attempts, context.clock, context.webhook_wakeup)


@asynccontextmanager
async def sending_webhooks(context: AppContext) -> AsyncIterator[None]:
    """Deliver in the background until the end of the context."""
    http_client = webhook_client(context.settings, context.http_client.tracer)
    sender = webhook_sender(context, HttpWebhookPoster(http_client))
    sender.start(context.http_client.tracer)
    try:
        yield
    finally:
        await sender.close()
        await http_client.close()
