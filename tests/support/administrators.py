"""Administrators with a second factor, and their browsers."""

from typing import cast

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from quantimodo.model.users import User
from support.app import SESSION, AppHarness, form_fields
from support.authenticator_app import protect

WITH_FACTOR = ("pwd", "otp", "mfa")
REASON = "the person asked for it by telephone"


def routes_of_administration(harness: AppHarness, **named: str) -> list[tuple[str, str]]:
    """Each method and path under /admin, with these values in the paths."""
    application = cast(Starlette, harness.application._pages)
    found = [
        (method, route.path.format(**named))
        for route in application.routes
        if isinstance(route, Route) and route.path.startswith("/admin")
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    assert len(found) > 15
    return found


async def session_of(
    harness: AppHarness, user: User, methods: tuple[str, ...] = WITH_FACTOR
) -> httpx.AsyncClient:
    """A browser in which this person has just signed in by these methods."""
    cookie = await harness.context.sessions.start(
        user, methods=methods, address="192.0.2.7", agent="a test", replaces=None
    )
    browser = harness.browser()
    browser.cookies.set(SESSION, cookie.reveal(), domain="id.example.org")
    return browser


async def administrator(harness: AppHarness, email: str = "root@example.org") -> User:
    """An administrator with a second factor."""
    user = await harness.person(email, "Root Example")
    await harness.context.stores.users.set_administrator(user.id, True)
    await protect(harness, user)
    found = await harness.context.stores.users.user(user.id)
    assert found is not None
    return found


async def press(
    browser: httpx.AsyncClient, path: str, reason: str = REASON, **more: str
) -> httpx.Response:
    """Open the form at this address, and send it with this reason."""
    page = await browser.get(path)
    assert page.status_code == 200, (path, page.status_code)
    return await browser.post(path, data={**form_fields(page.text), "reason": reason, **more})
