"""The work of a worker that no request starts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

import structlog

from quantimodo.accounts.emails.first_read_notices import FirstReadNotices
from quantimodo.accounts.emails.weekly_summaries import WeeklySummaries
from quantimodo.accounts.second_factors.secret_resealing import SecretResealing
from quantimodo.app.composition.alerts import alert_worker, is_configured
from quantimodo.app.composition.branding import mail_look_of
from quantimodo.app.composition.browser_services import email_preferences
from quantimodo.app.composition.logout import backchannel_logout_sender
from quantimodo.app.composition.services import AppContext
from quantimodo.app.composition.webhooks import sending_webhooks
from quantimodo.app.requests.refusal_sampling import SUMMARY, RefusalSampler
from quantimodo.app.server_state import watch
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.i18n.translation import in_language
from quantimodo.measurements.notices import MeasurementNotices
from quantimodo.model.languages import LANGUAGES
from quantimodo.ops.cleanup import Cleaner
from quantimodo.ops.mail import Sender
from quantimodo.ops.polling_worker import traced_job
from quantimodo.ops.provider_probes import ProviderProbes
from quantimodo.ops.smtp import Smtp, smtp_policy
from quantimodo.outbound.errors import ProviderFault
from quantimodo.ports.stores import Unavailable

_KEYS_EVERY = 5.0  # seconds until a worker signs by a key that another process generated
LOG_EVERY = 5.0
"""Seconds until the owner of an application finds its refusals. A killed worker loses what it noted
since the last write."""
COUNTS_EVERY = 30.0
"""Seconds until statistics have what a worker counted. A killed worker loses what it counted since
the last write."""
_STATE_EVERY = 60.0  # seconds between measurements of what the gauges report
_log = structlog.get_logger("quantimodo.server")


@asynccontextmanager
async def background_work(context: AppContext, sampler: RefusalSampler) -> AsyncIterator[None]:
    """Start all background work; it ends with the context. `sampler` has the numbers of log lines
    that it left out. E-mails are in the operator's language, unless the profile of the person names
    one."""
    holder = context.entropy.bytes(8).hex()
    cleaner = Cleaner(context.stores.retention, context.stores.leases, context.clock, holder)

    async def rotate() -> None:
        await context.rotation.ensure()
        await context.keyring.load()

    resealing = SecretResealing(store=context.stores.second_factors, envelope=context.envelope)

    measurements = MeasurementNotices(
        context.stores.measurement_notices, context.references, context.clock
    )

    async def report() -> None:
        report_left_out(sampler)

    async def measure() -> None:
        await watch(context)

    tracer = context.http_client.tracer

    def begin(
        seconds: float, name: str, work: Callable[[], Awaitable[object]], *, at_once: bool = False
    ) -> None:
        turn = traced_job(name, work, tracer)
        jobs.append(asyncio.create_task(every(seconds, name, turn, at_once=at_once)))

    jobs: list[asyncio.Task[None]] = []
    with in_language(LANGUAGES[context.settings.default_locale]):  # tasks inherit it
        begin(60.0, "keys", rotate)
        begin(LOG_EVERY, "client log", context.client_log.flush)
        begin(COUNTS_EVERY, "request counts", context.request_counts.flush)
        begin(_KEYS_EVERY, "key view", context.keyring.load)
        begin(30.0, "cleaner", cleaner.round)
        begin(30.0, "deletions", context.accounts.deletion.delete_due)
        begin(30.0, "first reads", first_reads(context).send_due)
        begin(60.0, "summaries", weekly_summaries(context).send_due)
        begin(10.0, "measurement events", measurements.send_due)
        begin(60.0, "refusal summary", report)
        begin(60.0, "secrets of apps", resealing.round)
        begin(_STATE_EVERY, "state", measure, at_once=True)
        if is_configured(context.settings.alerts):
            begin(60.0, "alerts", alert_worker(context).round)
        if context.settings.alerts.provider_probes:
            begin(60.0, "provider probes", provider_probes(context, holder).round)
    sender = _sender(context)
    if sender is not None:
        sender.start(tracer)
    logout_notifications = backchannel_logout_sender(context)
    logout_notifications.start(tracer)
    try:
        async with sending_webhooks(context):
            yield
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await logout_notifications.close()
        if sender is not None:
            await sender.close()
        await context.client_log.close()
        await context.request_counts.close()
        report_left_out(sampler, at_end=True)


def provider_probes(context: AppContext, holder: str) -> ProviderProbes:
    """Builds the probes of the providers with OpenID Connect."""
    return ProviderProbes(
        probes=[
            partial(_probe, each) for each in context.providers.values() if isinstance(each, Oidc)
        ],
        interval=context.settings.alerts.provider_probes,
        leases=context.stores.leases,
        clock=context.clock,
        entropy=context.entropy,
        holder=holder,
    )


async def _probe(provider: Oidc) -> None:
    with suppress(ProviderFault):  # the guarded HTTP client has recorded it
        await provider.examine(again=True)


def first_reads(context: AppContext) -> FirstReadNotices:
    """Builds the sender of e-mails about first reads of health data."""
    return FirstReadNotices(
        accesses=context.stores.accesses,
        users=context.stores.users,
        clients=context.stores.clients,
        notifier=context.social.notifier,
        preferences=email_preferences(context),
        throttle=context.throttle,
        clock=context.clock,
    )


def weekly_summaries(context: AppContext) -> WeeklySummaries:
    """Builds the sender of the weekly e-mails about what applications did."""
    return WeeklySummaries(
        choices=context.stores.email_choices,
        accesses=context.stores.accesses,
        users=context.stores.users,
        clients=context.stores.clients,
        notifier=context.social.notifier,
        clock=context.clock,
    )


def report_left_out(sampler: RefusalSampler, *, at_end: bool = False) -> None:
    """Log the number of refusals that no other line has."""
    summary = sampler.summary(at_end=at_end)
    if summary is not None:
        _log.info(SUMMARY, **summary)


def _sender(context: AppContext) -> Sender | None:
    smtp = context.settings.smtp
    if not smtp.url:
        return None
    policy = smtp_policy(smtp.url, smtp.from_address, smtp.service)
    mail_transport = Smtp(replace(policy, look=mail_look_of(context.settings)))
    return Sender(
        context.stores.mails, context.envelope, mail_transport, context.clock, context.mail_wakeup
    )


async def every(
    seconds: float, name: str, job: Callable[[], Awaitable[object]], *, at_once: bool = False
) -> None:
    """Run `job` every so many seconds. A failure is logged, and the next turn tries again."""
    while True:
        if not at_once:
            await asyncio.sleep(seconds)
        at_once = False
        try:
            await job()
        except Unavailable as error:  # one line in each turn while the database is unavailable
            _log.error("background work failed", job=name, because=str(error))
        except Exception as error:
            _log.error("background work failed", job=name, exc_info=error)
