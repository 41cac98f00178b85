"""security.md §14c: what writes audit events or makes the server fetch a document is limited, also
for callers with an account or an application. `tests/project/test_limited_calls.py` has the list
of these calls."""

import re
from contextlib import closing
from typing import Any

import apsw
import pytest

from quantimodo.clients.registry import Registration
from support.app import CALLBACK, PASSWORD, TOKEN, App, AppHarness, OpenHarness, form_fields
from support.fake_provider import FakeUpstream, login_code, profile, redeem_login
from support.registered_clients import (
    Documents,
    assertion_of,
    key_set,
    make_key,
    presenting,
    registered,
    signed,
)

FETCHES_PER_HOST = 300


def forms(harness: AppHarness) -> list[str]:
    """The address of each form of a signed-in person."""
    served: Any = harness.application
    found = [route.path for route in served._pages.routes if "POST" in route.methods]
    areas = ("/account", "/developers", "/api/v2/oauth/authorize/", "/sign-out")
    return [re.sub(r"{[^}]*}", "x", path) for path in found if path.startswith(areas)]


async def test_every_form_of_a_signed_in_person_is_limited(open_harness: OpenHarness) -> None:
    async with open_harness(limits__changes_per_session="1 per 1h") as harness:
        await harness.person()
        browser, another = await harness.signed_in(), await harness.signed_in()
        page = await browser.get("/account/profile")
        fields = {**form_fields(page.text), "name": "Ann"}
        assert (await browser.post("/account/profile", data=fields)).status_code == 303
        paths = forms(harness)
        assert len(paths) > 20
        for path in paths:
            refused = await browser.post(path, data=fields)
            assert refused.status_code == 429, path
            assert int(refused.headers["retry-after"]) > 0
        # Another session of the person can end this one.
        page = await another.get("/account/sessions")
        ended = await another.post("/account/sessions/end-others", data=form_fields(page.text))
        assert ended.status_code == 303
        assert (await browser.get("/account")).status_code == 303


async def test_sessions_of_one_person_are_limited(open_harness: OpenHarness) -> None:
    async with open_harness(limits__sessions_per_person="2 per 1h") as harness:
        await harness.person()
        await harness.person("bob@example.org", "Bob Example")

        async def sign_in(email: str = "ann@example.org") -> int:
            browser = harness.browser()
            page = await browser.get("/sign-in")
            fields = {**form_fields(page.text), "username": email, "password": PASSWORD}
            return (await browser.post("/sign-in", data=fields)).status_code

        assert [await sign_in() for _ in range(3)] == [303, 303, 429]
        assert await sign_in("bob@example.org") == 303
        harness.advance(hours=1)
        assert await sign_in() == 303


async def test_closing_and_keeping_an_account_in_turn_is_limited(open_harness: OpenHarness) -> None:
    """Each closing starts a session, which has its own limit of changes."""
    settings = {
        "limits__sessions_per_person": "2 per 1h",
        "limits__changes_per_session": "2 per 1h",
    }
    async with open_harness(**settings) as harness:
        ann = await harness.person()
        browser = await harness.signed_in()

        async def send(path: str) -> int:
            fields = {**form_fields((await browser.get(path)).text), "current": PASSWORD}
            return (await browser.post(path, data=fields)).status_code

        steps = ["/account/delete", "/account/closed"] * 2 + ["/account/delete"]
        assert [await send(path) for path in steps] == [303, 303, 303, 303, 429]
        user = await harness.context.stores.users.user(ann.id)
        assert user is not None
        assert not user.closed


@pytest.mark.parametrize(
    ("path", "limit"), [("/sign-up", "sign_up_per_address"), ("/reset", "reset_per_address")]
)
async def test_forms_that_send_mails_to_strangers_are_limited(
    open_harness: OpenHarness, path: str, limit: str
) -> None:
    async with open_harness(**{f"limits__{limit}": "2 per 1h"}) as harness:
        statuses = []
        for number in range(3):
            stranger = harness.browser()
            page = await stranger.get(path)
            typed = {"email": f"p{number}@example.org", "name": "P", "password": "a long password"}
            response = await stranger.post(path, data={**form_fields(page.text), **typed})
            statuses.append(response.status_code)
        assert statuses == [303, 303, 429]


async def test_checks_of_new_passwords_are_limited(open_harness: OpenHarness) -> None:
    # A refused one creates nothing, but its strength costs time.
    async with open_harness(limits__new_passwords_per_address="2 per 1h") as harness:
        stranger = harness.browser()
        form = form_fields((await stranger.get("/sign-up")).text)
        typed = {**form, "email": "p@example.org", "name": "P", "password": "password1"}
        statuses = [(await stranger.post("/sign-up", data=typed)).status_code for _ in range(3)]
        assert statuses == [422, 422, 429]


async def test_mails_that_a_person_causes_are_limited(open_harness: OpenHarness) -> None:
    async with open_harness(limits__emails_per_account="2 per 1h") as harness:
        user = await harness.person()
        browser = await harness.signed_in()
        await harness.context.stores.users.change_email(user.id, user.email, None)
        page = await browser.get("/account/profile")
        statuses = [
            (await browser.post("/account/verification", data=form_fields(page.text))).status_code
            for _ in range(3)
        ]
        assert statuses[2] == 429


async def test_mails_of_one_person_to_others_are_limited(open_harness: OpenHarness) -> None:
    """In all browsers together and to all addresses: an account sends no mass mails."""
    async with open_harness(limits__emails_per_person="3 per 1h") as harness:
        ann = await harness.person()
        await harness.person("bob@example.org")
        registered = await harness.context.registry.register(
            Registration(name="Diary", redirect_uris=(CALLBACK,)), owner_id=ann.id
        )
        team = f"/developers/apps/{registered.client.id}/team"
        statuses = []
        for number in range(2):
            browser = await harness.signed_in()
            for path, fields in (
                (team, {"role": "developer"}),
                ("/account/security/email", {"current": PASSWORD}),
            ):
                form = form_fields((await browser.get(path)).text)
                typed = {**form, **fields, "email": f"p{number}@example.org"}
                statuses.append((await browser.post(path, data=typed)).status_code)
        assert statuses == [303, 303, 303, 429]
        mailed = {each.mail.to for each in await harness.context.outbox.recent(9)}
        assert mailed == {"p0@example.org", "p1@example.org"}


async def test_sign_ins_through_providers_are_limited(open_harness: OpenHarness) -> None:
    google = FakeUpstream(people={"gia": profile()})
    async with open_harness([google], limits__social_per_address="2 per 15m") as harness:
        statuses = [(await redeem_login(harness, "gia")).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


async def charged(harness: AppHarness) -> dict[str, bool]:
    """The kinds of events that were recorded, and whether they count in a budget."""
    await harness.context.audit.flush()
    with closing(apsw.Connection(str(harness.database))) as database:
        rows = database.execute("SELECT kind, network FROM events").fetchall()
    return {kind: network is not None for kind, network in rows}


async def test_events_of_used_tokens_have_a_budget(harness: AppHarness) -> None:
    """A person's own app can use codes twice without end; each writes an event."""
    await harness.person()
    app = await harness.app()
    browser = await harness.signed_in()
    code = (await harness.authorize(browser, app)).code
    assert (await harness.redeem(app, code)).status_code == 200
    assert (await harness.redeem(app, code)).status_code == 400
    assert await charged(harness) == {"token.replayed": True} | dict.fromkeys(
        ("client.registered", "session.started", "consent.given"), False
    )


async def test_events_of_used_login_codes_have_a_budget(open_harness: OpenHarness) -> None:
    async with open_harness([FakeUpstream(people={"gia": profile()})]) as harness:
        await harness.app()
        code = await login_code(harness)
        assert (await redeem_login(harness, code)).status_code == 200
        assert (await redeem_login(harness, code)).status_code == 400
        assert (await charged(harness))["login_code.replayed"]


async def test_fetches_of_keys_are_limited_by_host(open_harness: OpenHarness) -> None:
    """An assertion needs no secret to make the server fetch the `jwks_uri` of its client."""
    served, uri, key = Documents(), "https://app.example.org/jwks.json", make_key("ES256")
    served.at[uri] = key_set(key).encode()
    async with open_harness(fetcher=served) as harness:
        metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri}

        async def present(app: App) -> int:
            assertion = signed(assertion_of(harness, app), key, "ES256")
            fields = presenting(assertion, grant_type="client_credentials")
            return (await harness.browser().post(TOKEN, data=fields)).status_code

        for _ in range(FETCHES_PER_HOST):
            assert await present(await registered(harness, metadata)) == 200
        last = await registered(harness, metadata)
        assert await present(last) == 401
        assert len(served.requested) == FETCHES_PER_HOST
        harness.advance(minutes=1)
        assert await present(last) == 200
