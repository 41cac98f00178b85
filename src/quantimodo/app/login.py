"""Builds the service that completes logins, with the second factors of this server."""

from quantimodo.accounts.login import Login
from quantimodo.accounts.pending_logins import PendingLogins
from quantimodo.accounts.sessions import Sessions
from quantimodo.accounts.throttle import Throttle
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores


def login_service(
    stores: Stores,
    sessions: Sessions,
    throttle: Throttle,
    clock: Clock,
    entropy: Entropy,
    audit: Audit,
) -> Login:
    return Login(
        sessions=sessions,
        users=stores.users,
        identities=stores.identities,
        pending=PendingLogins(stores.pending_logins, clock, entropy),
        throttle=throttle,
        clock=clock,
        audit=audit,
        factors=(),
    )
