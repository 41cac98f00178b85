"""Puts sign-in through providers together: its endpoints, and where each of them is served."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from quantimodo.app.wiring import House
from quantimodo.authorization.landings import Landings
from quantimodo.authorization.login_codes import LoginCodes
from quantimodo.endpoints.departures import Departures
from quantimodo.endpoints.login_browsers import LoginBrowsers
from quantimodo.endpoints.social import SocialEndpoint
from quantimodo.endpoints.social_arrivals import ARRIVED, LINK, Arrivals
from quantimodo.endpoints.social_notices import SocialNotices
from quantimodo.endpoints.social_over import FinishedSignIns
from quantimodo.endpoints.social_tokens import SocialTokens
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.continuation import Continuations
from quantimodo.pages.desk import Desk
from quantimodo.pages.routes import PageRoute
from quantimodo.protocol import social as places
from quantimodo.sandbox.routes import SandboxPolicy, sandbox_routes
from quantimodo.tokens.login import LoginTokens
from quantimodo.tokens.subjects import Subjects


def login_tokens(house: House) -> LoginTokens:
    return LoginTokens(
        house.token_policy.issuer,
        house.keyring,
        house.stores,
        house.stores,
        house.stores,
        house.clock,
        house.envelope,
    )


def login_browsers(house: House, desk: Desk) -> LoginBrowsers:
    return LoginBrowsers(desk.browser, house.clock, house.envelope.derive("login browsers"))


@dataclass(frozen=True, slots=True)
class SocialParts:
    """What browsers meet: `endpoint` on their way, `arrivals` at its end."""

    endpoint: SocialEndpoint
    arrivals: Arrivals
    notices: SocialNotices


def social_parts(house: House, desk: Desk) -> SocialParts:
    stores, issuer = house.stores, house.token_policy.issuer
    departures = Departures(
        issuer=issuer,
        store=stores,
        browser=desk.browser,
        envelope=house.envelope,
        throttle=house.throttle,
        clock=house.clock,
        entropy=house.entropy,
    )
    continuations = Continuations(stores, stores, house.clock)
    arrivals = Arrivals(
        accounts=house.social,
        codes=_codes(house),
        departures=departures,
        throttle=house.throttle,
        landings=_landings(house),
        browsers=login_browsers(house, desk),
        finished=FinishedSignIns(desk, continuations, house.envelope),
        desk=desk,
        clock=house.clock,
        titles={name: each.title for name, each in house.providers.items()},
    )
    return SocialParts(
        SocialEndpoint(
            providers=house.providers,
            departures=departures,
            arrivals=arrivals,
            landings=_landings(house),
            continuations=continuations,
            throttle=house.throttle,
            desk=desk,
        ),
        arrivals,
        SocialNotices(
            providers=house.providers,
            accounts=house.social,
            replays=stores,
            erasures=stores,
            desk=desk,
            clock=house.clock,
            issuer=issuer,
            key=house.envelope.derive("confirmation codes"),
        ),
    )


def social_tokens(house: House, metrics: Metrics) -> SocialTokens:
    return SocialTokens(
        providers=house.providers,
        accounts=house.social,
        codes=_codes(house),
        tokens=login_tokens(house),
        landings=_landings(house),
        clients=house.stores,
        subjects=Subjects(house.stores, house.entropy),
        users=house.stores,
        throttle=house.throttle,
        clock=house.clock,
        audit=house.audit,
        metrics=metrics,
        issuer=house.token_policy.issuer,
        legacy_transport=house.settings.legacy_transport,
    )


def social_routes(house: House, desk: Desk, parts: SocialParts) -> Sequence[PageRoute]:
    """All that Starlette serves of it; with the sandbox, where that is on."""
    endpoint, arrivals, notices = parts.endpoint, parts.arrivals, parts.notices
    return [
        (("GET",), places.LOGIN, desk.guarded(endpoint.login)),
        (("GET", "POST"), places.CALLBACK, desk.guarded(endpoint.callback)),
        (("GET",), "/sign-in/with/{provider}", desk.guarded(endpoint.sign_in)),
        (("GET",), ARRIVED, desk.guarded(arrivals.arrived)),
        (("GET",), LINK, desk.guarded(arrivals.ask)),
        (("POST",), LINK, desk.guarded(arrivals.decide)),
        (("POST",), places.NOTIFICATIONS, notices.notify),
        (("POST",), places.DEAUTHORIZE, notices.deauthorize),
        (("POST",), places.DATA_DELETION, notices.delete_data),
        (("GET",), places.ERASURE_STATUS, desk.guarded(notices.status)),
        *_sandbox(house, desk),
    ]


def _sandbox(house: House, desk: Desk) -> Sequence[PageRoute]:
    if not house.settings.sandbox:
        return []
    return sandbox_routes(
        SandboxPolicy(
            server=house.settings.issuer,
            deauthorize=places.DEAUTHORIZE.format(provider="facebook"),
            deletion=places.DATA_DELETION.format(provider="facebook"),
        ),
        renderer=desk.renderer,
        envelope=house.envelope,
        clock=house.clock,
        entropy=house.entropy,
        sleep=asyncio.sleep,
    )


def _codes(house: House) -> LoginCodes:
    return LoginCodes(house.stores, login_tokens(house), house.clock, house.entropy)


def _landings(house: House) -> Landings:
    return Landings(house.stores, house.settings.social_redirect_urls)
