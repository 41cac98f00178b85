"""Puts signing out together: its endpoints, where each is served, and who tells applications."""

from collections.abc import Sequence

from quantimodo.app.wiring import House
from quantimodo.endpoints.logout import CONFIRM, LogoutEndpoint
from quantimodo.endpoints.session_state import CheckSession
from quantimodo.identity.sign_out import SignOut
from quantimodo.ops.farewells import Teller
from quantimodo.pages.desk import Desk
from quantimodo.pages.routes import PageRoute
from quantimodo.ports.messenger import Messenger
from quantimodo.protocol.discovery import CHECK_SESSION, END_SESSION
from quantimodo.providers.messenger import DoorMessenger
from quantimodo.tokens.logout import LogoutHints, LogoutTokens


def sign_out(house: House) -> SignOut:
    return SignOut(house.token_policy.issuer, house.sessions, house.stores, house.stores)


def logout_routes(house: House, desk: Desk) -> Sequence[PageRoute]:
    """All that Starlette serves of it."""
    hints = LogoutHints(house.token_policy.issuer, house.keyring)
    endpoint = LogoutEndpoint(house.stores, hints, sign_out(house), desk)
    frame = CheckSession(desk.renderer, desk.browser)
    return [
        (("GET", "POST"), END_SESSION, desk.guarded(endpoint.start)),
        (("POST",), CONFIRM, desk.guarded(endpoint.confirm)),
        (("GET",), CHECK_SESSION, frame.show),
    ]


def teller(house: House, messenger: Messenger | None = None) -> Teller:
    """Tells applications of sessions that ended: over the guarded door, unless told otherwise."""
    return Teller(
        house.stores,
        LogoutTokens(
            house.token_policy.issuer, house.stores, house.keyring, house.clock, house.entropy
        ),
        messenger or DoorMessenger(house.door),
        house.clock,
        house.audit,
        house.farewell_bell,
    )
