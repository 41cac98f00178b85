"""Builds rate limits and storage budgets from the settings."""

from dataclasses import fields

from quantimodo.accounts.throttle import Throttle
from quantimodo.app.settings.reading import Settings
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.budgets import Charge, QuotaPolicy
from quantimodo.model.events import Event
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Stores


def open_throttle(settings: Settings, stores: Stores, clock: Clock, envelope: Envelope) -> Throttle:
    """A throttle with the limits of the settings. All throttles count in the same database."""
    key = envelope.derive("throttle")
    return Throttle(stores.throttles, settings.limits, clock, key, settings.budgets)


def charge_of_event(throttle: Throttle, event: Event) -> Charge | None:
    """The storage budget of an audit event. Refused sign-ins and used codes and tokens have one,
    because no limit of requests bounds their number."""
    if event.kind in ("session.refused", "passkey.refused"):
        return throttle.charge("refused_sign_ins", event.address)
    if event.kind in ("token.replayed", "login_code.replayed"):
        return throttle.charge_replay(event.user_id)
    return None


def quota_policy(settings: Settings) -> QuotaPolicy:
    """The quotas of rows that are never deleted before they expire."""
    return QuotaPolicy(
        **{each.name: getattr(settings.budgets, each.name) for each in fields(QuotaPolicy)}
    )
