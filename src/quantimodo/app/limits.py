"""The limits by rate and the storage budgets of the settings, as services use them."""

from dataclasses import fields

from quantimodo.accounts.throttle import Throttle, ThrottlePolicy
from quantimodo.app.settings import Settings
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.budgets import BudgetPolicy, Charge, StorageBudget
from quantimodo.model.events import Event
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Stores


def open_throttle(settings: Settings, stores: Stores, clock: Clock, envelope: Envelope) -> Throttle:
    """The one that the settings describe; all of them share their counters."""
    key, budgets = envelope.derive("throttle"), budget_policy(settings)
    return Throttle(stores.throttles, throttle_policy(settings), clock, key, budgets)


def charge_of_event(throttle: Throttle, event: Event) -> Charge | None:
    """The storage budget of an audit event: refused sign-ins have one, for a caller without an
    account causes them."""
    if event.kind != "session.refused":
        return None
    return throttle.charge("refused_sign_ins", event.address)


def throttle_policy(settings: Settings) -> ThrottlePolicy:
    """The limits by rate."""
    limits = settings.limits
    return ThrottlePolicy(**{each.name: getattr(limits, each.name) for each in fields(limits)})


def budget_policy(settings: Settings) -> BudgetPolicy:
    """The storage budgets."""
    budgets = settings.budgets
    return BudgetPolicy(
        **{
            kind.name: StorageBudget(
                getattr(budgets, f"{kind.name}_per_address"),
                getattr(budgets, f"{kind.name}_total"),
            )
            for kind in fields(BudgetPolicy)
        }
    )
