"""Builds the check of new passwords from the settings."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from quantimodo.accounts.passwords import NewPasswords, Outcome, words_of_server
from quantimodo.app.composition.provider_policies import outbound_policy
from quantimodo.app.settings.reading import Settings
from quantimodo.crypto.password_strength import StrengthMeter
from quantimodo.model.brand import PRODUCT
from quantimodo.outbound.breach_ranges import LARGEST, BreachRanges
from quantimodo.outbound.http_client import GuardedHttpClient

_DEADLINE: Final = timedelta(seconds=2)
_AT_ONCE: Final = 20


@asynccontextmanager
async def open_new_passwords(
    settings: Settings, count: Callable[[Outcome], None]
) -> AsyncIterator[NewPasswords]:
    """The check, with its thread and its HTTP client, closed at the end."""
    meter = StrengthMeter(settings.passwords.waiting)
    address = settings.passwords.breach_ranges
    http_client = _http_client(settings) if address else None
    try:
        yield NewPasswords(
            meter=meter,
            minimum_score=settings.passwords.minimum_score,
            own_words=words_of_server(
                urlsplit(settings.issuer).hostname or "",
                PRODUCT,
                *filter(None, (settings.smtp.service, settings.branding.name)),
            ),
            breached=None if http_client is None else BreachRanges(http_client, address),
            count=count,
        )
    finally:
        if http_client is not None:
            await http_client.close()
        meter.close()


def _http_client(settings: Settings) -> GuardedHttpClient:
    # A separate one: a slow list must not delay providers, and people wait for it.
    policy = replace(
        outbound_policy(settings),
        time_limit=_DEADLINE,
        size_limit=LARGEST,
        at_once_per_host=_AT_ONCE,
    )
    return GuardedHttpClient(policy)
