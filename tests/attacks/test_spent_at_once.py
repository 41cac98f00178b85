"""security.md §6, §14, §21: what can be used once is used once, also by requests at one instant."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest

from quantimodo.model.admin_actions import Authority
from quantimodo.model.users import User
from support.app import AUTHORIZE, CALLBACK, CHALLENGE, SESSION, App, AppHarness, form_fields
from support.authenticator_app import protect

AT_ONCE = 4
ANN = "ann@example.org"
NEW_PASSWORD = "a quiet giraffe of another meadow"
FACTOR = "/sign-in/second-factor"


async def _form(browser: httpx.AsyncClient, path: str, **fields: str) -> dict[str, str]:
    page = await browser.get(path, follow_redirects=True)
    assert page.status_code == 200, page.text
    return {**form_fields(page.text), **fields}


async def _link(harness: AppHarness, path: str) -> str:
    (newest, *_) = await harness.context.outbox.recent(1)
    found = re.search(rf"https://id\.example\.org({path}\?token=\S+)", newest.mail.text)
    assert found, newest.mail.text
    return found[1]


async def _sent(
    browsers: Sequence[httpx.AsyncClient], path: str, forms: Sequence[dict[str, str]]
) -> list[httpx.Response]:
    pairs = zip(browsers, forms, strict=True)
    return await asyncio.gather(*(browser.post(path, data=form) for browser, form in pairs))


async def _by_link(harness: AppHarness, link: str, path: str, **fields: str) -> int:
    """How many browsers the link signs in, of those that use it at once."""
    browsers = [harness.browser() for _ in range(AT_ONCE)]
    forms = [await _form(each, link, **fields) for each in browsers]
    responses = await _sent(browsers, path, forms)
    assert all(each.status_code < 500 for each in responses)
    return sum(SESSION in each.cookies for each in responses)


async def _pending(harness: AppHarness) -> tuple[list[httpx.AsyncClient], list[dict[str, str]]]:
    """Browsers that gave the password, and the forms of the second factor."""
    browsers = [harness.browser() for _ in range(AT_ONCE)]
    for each in browsers:
        assert (await harness.sign_in(each)).startswith(FACTOR)
    return browsers, [await _form(each, FACTOR) for each in browsers]


async def _by_factor(harness: AppHarness, code: str) -> int:
    browsers, forms = await _pending(harness)
    responses = await _sent(browsers, FACTOR, [{**form, "code": code} for form in forms])
    assert all(each.status_code < 500 for each in responses)
    return sum(SESSION in each.cookies for each in responses)


async def a_reset_link(harness: AppHarness) -> int:
    browser = harness.browser()
    await browser.post("/reset", data=await _form(browser, "/reset", email=ANN))
    link = await _link(harness, "/reset/new")
    return await _by_link(harness, link, "/reset/new", password=NEW_PASSWORD)


async def a_sign_up_link(harness: AppHarness) -> int:
    browser, name = harness.browser(), "Bob Example"
    fields = {"name": name, "email": "bob@example.org", "password": NEW_PASSWORD}
    await browser.post("/sign-up", data=await _form(browser, "/sign-up", **fields))
    link = await _link(harness, "/confirm")
    signed_in = await _by_link(harness, link, "/confirm", password=NEW_PASSWORD)
    assert len(await harness.context.stores.users.users()) == 2
    return signed_in


async def an_invitation(harness: AppHarness) -> int:
    invite = harness.context.accounts.invitations.invite
    await invite("bob@example.org", "Bob Example", Authority())
    fields = {"name": "Bob", "password": NEW_PASSWORD}
    link = await _link(harness, "/sign-up/invited")
    signed_in = await _by_link(harness, link, "/sign-up/invited", **fields)
    assert len(await harness.context.stores.users.users()) == 2
    return signed_in


async def a_code_of_the_app(harness: AppHarness) -> int:
    app, _ = await protect(harness, await _ann(harness))
    return await _by_factor(harness, app.code(harness.context.clock.now()))


async def a_recovery_code(harness: AppHarness) -> int:
    _, codes = await protect(harness, await _ann(harness))
    return await _by_factor(harness, codes[0])


async def a_pushed_request(harness: AppHarness) -> int:
    """Of two people who open one request at once, one gets a code."""
    app, people = await harness.app(), [await _ann(harness), await harness.person("b@example.org")]
    browsers = [await harness.signed_in(each.email or "") for each in people]
    for browser in browsers:
        await harness.authorize(browser, app)
    pushed = await harness.post("/api/v2/oauth2/par", app, _authorization(app))
    named = {"client_id": app.id, "request_uri": pushed.json()["request_uri"]}
    opened = await asyncio.gather(
        *(browser.get(AUTHORIZE, params=named) for browser in browsers * (AT_ONCE // 2))
    )
    found = [re.findall(r"[?&]code=([^&]+)", each.headers.get("location", "")) for each in opened]
    return len({code for (code,) in filter(None, found)})


def _authorization(app: App) -> dict[str, str]:
    return {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


async def _ann(harness: AppHarness) -> User:
    found = await harness.context.stores.users.user_by_email(ANN)
    assert found is not None
    return found


SPENT: Sequence[Callable[[AppHarness], Awaitable[Any]]] = (
    a_reset_link,
    a_sign_up_link,
    an_invitation,
    a_code_of_the_app,
    a_recovery_code,
    a_pushed_request,
)


@pytest.mark.parametrize("spend", SPENT, ids=lambda spend: spend.__name__)
async def test_of_requests_at_one_instant_one_succeeds(
    harness_of_each_engine: AppHarness, spend: Callable[[AppHarness], Awaitable[int]]
) -> None:
    await harness_of_each_engine.person()
    assert await spend(harness_of_each_engine) == 1
