"""Front-Channel Logout 1.0: the signed-out page loads what apps registered, and then goes on."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx

from support.app import ISSUER, AppHarness, form_fields
from support.jwt_forgery import claims_of
from support.logout_receiver import (
    FRONT,
    SIGNED_OUT,
    confirm,
    id_token,
    is_signed_in,
    leave,
    registered,
)


def frames(page: httpx.Response) -> list[str]:
    return [unescape(found) for found in re.findall(r'<iframe src="([^"]*)"', page.text)]


def refreshes(page: httpx.Response) -> list[str]:
    found = re.findall(r'http-equiv="refresh" content="([^"]*)"', page.text)
    return [unescape(content) for content in found]


def frame_policy(page: httpx.Response) -> list[str]:
    directives = page.headers["content-security-policy"].split("; ")
    return [each for each in directives if each.startswith("frame-src")]


async def test_the_page_frames_the_app_with_issuer_and_session(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    hint = await id_token(harness, app, browser)
    page = await leave(
        browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT, state="some-state"
    )
    assert page.status_code == 200
    assert "<h1>You are signed out</h1>" in page.text
    [frame] = frames(page)
    assert frame.startswith(f"{FRONT}?")
    assert parse_qs(urlsplit(frame).query) == {"iss": [ISSUER], "sid": [claims_of(hint)["sid"]]}
    assert frame_policy(page) == ["frame-src https://app.example.org"]
    assert not await is_signed_in(browser)


async def test_then_it_goes_on_without_a_script(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    requested = {
        "id_token_hint": await id_token(harness, app, browser),
        "post_logout_redirect_uri": SIGNED_OUT,
        "state": "A&b",
    }
    page = await leave(browser, **requested)
    # The page is loaded once more: an address in a refresh is not safe in every browser.
    assert refreshes(page) == ["0"]
    [link] = re.findall(r'class="button wide" href="([^"]*)"', page.text)
    assert unescape(link) == f"{SIGNED_OUT}?state=A%26b"
    assert "<script" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    on = await leave(browser, **requested)
    assert on.status_code == 303
    assert on.headers["location"] == f"{SIGNED_OUT}?state=A%26b"


async def test_after_a_question_it_goes_on_too(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    await id_token(harness, app, browser)
    question = await leave(
        browser, client_id=app.id, post_logout_redirect_uri=SIGNED_OUT, state="a&b"
    )
    page = await confirm(browser, question)
    assert len(frames(page)) == 1
    # What a form was sent to is not what a browser loads again.
    assert refreshes(page) == [f"0; url={SIGNED_OUT}?state=a%26b"]


async def test_without_a_way_back_it_stays(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    page = await leave(browser, id_token_hint=await id_token(harness, app, browser))
    assert len(frames(page)) == 1
    assert refreshes(page) == []


async def test_a_frame_cannot_lead_the_page_away_nor_open_windows(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    page = await leave(browser, id_token_hint=await id_token(harness, app, browser))
    [sandbox] = re.findall(r'<iframe [^>]*sandbox="([^"]*)"', page.text)
    # Its scripts, its cookies and its forms; no navigation of the top, no pop-ups, no downloads.
    assert sandbox.split() == ["allow-forms", "allow-same-origin", "allow-scripts"]


async def test_the_query_of_a_redirect_uri_is_kept(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=f"{FRONT}?a=1")
    browser = await harness.signed_in()
    page = await leave(browser, id_token_hint=await id_token(harness, app, browser))
    [frame] = frames(page)
    assert frame.startswith(f"{FRONT}?a=1&iss=")


async def test_every_app_of_the_session_is_framed_and_no_other(harness: AppHarness) -> None:
    await harness.person()
    here = [
        await registered(harness, frontchannel_logout_uri=f"https://{name}.example.org/out")
        for name in ("one", "two")
    ]
    elsewhere = await registered(harness, frontchannel_logout_uri="https://three.example.org/out")
    silent = await registered(harness)
    browser, other = await harness.signed_in(), await harness.signed_in()
    for app in (*here, silent):
        hint = await id_token(harness, app, browser)
    await id_token(harness, elsewhere, other)
    page = await leave(browser, id_token_hint=hint)
    hosts = sorted(str(urlsplit(frame).hostname) for frame in frames(page))
    assert hosts == ["one.example.org", "two.example.org"]
    [policy] = frame_policy(page)
    assert set(policy.split()) == {
        "frame-src",
        "https://one.example.org",
        "https://two.example.org",
    }


async def test_a_client_that_only_uses_oauth_has_no_part_in_the_session(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    await harness.tokens(app, browser, scope="basic readmeasurements")
    page = await confirm(browser, await leave(browser))
    assert frames(page) == []
    assert "frame-src" not in page.headers["content-security-policy"]


async def test_an_earlier_session_is_not_notified_again(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    again = await harness.signed_in()
    assert frames(await confirm(again, await leave(again))) == []


async def test_a_disabled_and_a_deleted_app_are_not_framed(harness: AppHarness) -> None:
    await harness.person()
    disabled = await registered(harness, frontchannel_logout_uri=FRONT)
    deleted = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    for app in (disabled, deleted):
        await id_token(harness, app, browser)
    await harness.disable(disabled)
    await harness.context.stores.clients.delete_client(deleted.id)
    assert frames(await confirm(browser, await leave(browser))) == []


async def test_signing_out_at_the_site_itself_notifies_the_apps_too(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, frontchannel_logout_uri=FRONT)
    browser = await harness.signed_in()
    await id_token(harness, app, browser)
    page = await browser.get("/sign-out")
    done = await browser.post("/sign-out", data=form_fields(page.text))
    assert done.status_code == 200
    assert len(frames(done)) == 1
    assert 'content="0; url=/sign-in"' in done.text
    assert not await is_signed_in(browser)


async def test_an_address_cannot_break_out_of_the_page(harness: AppHarness) -> None:
    await harness.person()
    odd = "https://app.example.org/out?a='&b=;url=https://evil.example"
    app = await registered(
        harness, frontchannel_logout_uri=odd, post_logout_redirect_uris=("https://a.example/;'x",)
    )
    browser = await harness.signed_in()
    await id_token(harness, app, browser)
    question = await leave(
        browser, client_id=app.id, post_logout_redirect_uri="https://a.example/;'x"
    )
    page = await confirm(browser, question)
    [frame] = frames(page)
    assert frame.startswith(f"{odd}&iss=")
    assert refreshes(page) == ["0; url=https://a.example/;'x"]
    assert frame_policy(page) == ["frame-src https://app.example.org"]
