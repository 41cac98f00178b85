"""A person without the factor and the recovery codes gets back in after a delay; a attacker of the
mailbox alone does not."""

import re
from datetime import timedelta

import httpx
import pytest

from quantimodo.model.users import User
from support.app import SESSION, AppHarness, OpenHarness, form_fields
from support.authenticator_app import protected

FACTOR = "/sign-in/second-factor"
LOST = f"{FACTOR}/lost"
CANCEL = "/cancel-recovery"
CANCEL_SIGNED_IN = "/account/security/recovery/cancel"


async def pending(harness: AppHarness) -> httpx.AsyncClient:
    browser = harness.browser()
    assert (await harness.sign_in(browser)).startswith(f"{FACTOR}?")
    return browser


async def act(browser: httpx.AsyncClient, action: str) -> httpx.Response:
    csrf = form_fields((await browser.get("/sign-in")).text)["csrf"]
    return await browser.post(LOST, data={"csrf": csrf, "action": action})


async def has_factor(harness: AppHarness, user: User) -> bool:
    return await harness.context.second_factors.status(user) is not None


async def mails(harness: AppHarness) -> list[str]:
    return [kept.mail.text for kept in await harness.context.outbox.recent(10)]


async def cancel_link(harness: AppHarness) -> str:
    text = "\n".join(await mails(harness))
    found = re.search(r"https://id\.example\.org(/cancel-recovery\?token=\S+)", text)
    assert found
    return found[1]


async def test_after_the_delay_the_person_turns_it_off_and_signs_in(harness: AppHarness) -> None:
    ann, _ = await protected(harness)
    browser = await pending(harness)
    assert LOST in (await browser.get(FACTOR)).text
    assert (await act(browser, "request")).status_code == 303
    assert "can be turned off from" in (await browser.get(LOST)).text
    harness.advance(days=6, hours=23)
    browser = await pending(harness)
    early = await act(browser, "complete")
    assert early.status_code == 400
    assert await has_factor(harness, ann)
    harness.advance(hours=1)
    browser = await pending(harness)
    done = await act(browser, "complete")
    assert done.headers["location"].startswith("/sign-in")
    assert not await has_factor(harness, ann)
    assert SESSION not in browser.cookies, "the person signs in anew"
    assert await harness.sign_in(browser) == "/account"
    assert any("was turned off for your account" in text for text in await mails(harness))


async def test_an_attacker_with_the_mailbox_alone_gets_nothing(harness: AppHarness) -> None:
    ann, _ = await protected(harness)
    raw = await harness.context.accounts.recovery.email_tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    attacker = harness.browser()
    await attacker.get(f"/reset/new?token={raw.reveal()}")
    fields = form_fields((await attacker.get("/reset/new")).text)
    await attacker.post("/reset/new", data={**fields, "password": "four unrelated words"})
    refused = await act(attacker, "request")
    assert refused.status_code == 400
    assert "it only shows that you can read your mail" in refused.text
    harness.advance(days=8)
    page = await attacker.get("/sign-in")
    typed = {"username": "ann@example.org", "password": "four unrelated words"}
    await attacker.post("/sign-in", data={**form_fields(page.text), **typed})
    for action in ("request", "complete"):
        assert (await act(attacker, action)).status_code == 400
    assert await has_factor(harness, ann)


async def test_a_reset_in_the_meantime_stops_it(harness: AppHarness) -> None:
    ann, _ = await protected(harness)
    await act(await pending(harness), "request")
    harness.advance(days=7)
    browser = await pending(harness)
    await harness.context.stores.users.set_password(
        ann.id, "a hash by a link", harness.context.clock.now()
    )
    assert (await act(browser, "complete")).status_code == 400
    assert await has_factor(harness, ann)


async def test_the_link_cancels_by_a_button_and_once(harness: AppHarness) -> None:
    ann, _ = await protected(harness)
    await act(await pending(harness), "request")
    link = await cancel_link(harness)
    reader = harness.browser()
    page = await reader.get(link)
    assert page.headers["location"] == "/cancel-recovery", "no token stays in the address"
    page = await reader.get("/cancel-recovery")
    status = await harness.context.accounts.login.second_factors.recoveries.status(ann)
    assert status.state == "requested", "a program that follows links cancels nothing"
    assert (await reader.post("/cancel-recovery", data={"csrf": ""})).status_code == 403
    await reader.post("/cancel-recovery", data=form_fields(page.text))
    status = await harness.context.accounts.login.second_factors.recoveries.status(ann)
    assert status.state == "possible"
    again = harness.browser()
    await again.get(link)
    page = await again.get("/cancel-recovery")
    assert (await again.post("/cancel-recovery", data=form_fields(page.text))).status_code == 410
    harness.advance(days=7)
    assert (await act(await pending(harness), "complete")).status_code == 400
    assert await has_factor(harness, ann)


async def test_a_sign_in_with_the_factor_and_a_session_cancel_it(harness: AppHarness) -> None:
    ann, app = await protected(harness)
    recoveries = harness.context.accounts.login.second_factors.recoveries
    await act(await pending(harness), "request")
    owner = await pending(harness)
    fields = form_fields((await owner.get(FACTOR)).text)
    code = app.code(harness.context.clock.now())
    await owner.post(FACTOR, data={**fields, "code": code})
    assert (await recoveries.status(ann)).state == "possible"
    await act(await pending(harness), "request")
    page = await owner.get("/account/security")
    assert "Two-step verification will be turned off" in page.text
    await owner.post("/account/security/recovery/cancel", data=form_fields(page.text))
    assert (await recoveries.status(ann)).state == "possible"
    assert "will be turned off" not in (await owner.get("/account/security")).text


async def test_a_second_request_changes_nothing_and_sends_nothing(harness: AppHarness) -> None:
    ann, _ = await protected(harness)
    await act(await pending(harness), "request")
    recoveries = harness.context.accounts.login.second_factors.recoveries
    due_at = (await recoveries.status(ann)).due_at
    sent = await mails(harness)
    harness.advance(days=1)
    await act(await pending(harness), "request")
    assert (await recoveries.status(ann)).due_at == due_at
    assert await mails(harness) == sent


@pytest.mark.parametrize("action", ["request", "complete"])
async def test_it_needs_a_pending_login(harness: AppHarness, action: str) -> None:
    ann, _ = await protected(harness)
    stranger = harness.browser()
    csrf = form_fields((await stranger.get("/sign-in")).text)
    response = await stranger.post(LOST, data={**csrf, "action": action})
    assert response.headers["location"].startswith("/sign-in")
    assert await has_factor(harness, ann)


@pytest.mark.parametrize(
    ("delay", "words"), [("7d", "7 days"), ("1d", "1 day"), ("36h", "36 hours")]
)
async def test_the_page_says_the_delay_that_the_operator_sets(
    open_harness: OpenHarness, delay: str, words: str
) -> None:
    async with open_harness(accounts__factor_recovery_delay=delay) as harness:
        await protected(harness)
        page = await (await pending(harness)).get(LOST)
        assert f"can be turned off after {words}." in page.text
        assert f">Start the {words}<" in page.text


async def test_other_methods_and_a_doubled_field_change_nothing(harness: AppHarness) -> None:
    ann, _ = await protected(harness)
    browser = await pending(harness)
    for path, has_page in ((LOST, True), (CANCEL, True), (CANCEL_SIGNED_IN, False)):
        for method in ("PUT", "DELETE", *(() if has_page else ("GET",))):
            response = await browser.request(method, path)
            assert response.status_code == 405
            assert "POST" in response.headers["allow"]
    fields = form_fields((await browser.get(LOST)).text)
    doubled = {**fields, "action": ["request", "complete"]}
    assert (await browser.post(LOST, data=doubled)).status_code == 400
    recoveries = harness.context.accounts.login.second_factors.recoveries
    assert (await recoveries.status(ann)).state == "possible"


async def test_only_its_own_link_and_a_session_of_the_person_cancel(harness: AppHarness) -> None:
    ann, _ = await protected(harness)
    await act(await pending(harness), "request")
    reset = await harness.context.accounts.recovery.email_tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    for token in ("", "x", "qmt_" + "A" * 43, "a" * 5000, reset.reveal()):
        reader = harness.browser()
        await reader.get(CANCEL, params={"token": token})
        fields = form_fields((await reader.get(CANCEL)).text)
        assert (await reader.post(CANCEL, data=fields)).status_code == 410
    await harness.person("eve@example.org", "Eve Example")
    eve = await harness.signed_in("eve@example.org")
    fields = form_fields((await eve.get("/account/profile")).text)
    assert (await eve.post(CANCEL_SIGNED_IN, data=fields)).status_code == 303
    stranger = harness.browser()
    fields = form_fields((await stranger.get("/sign-in")).text)
    refused = await stranger.post(CANCEL_SIGNED_IN, data=fields)
    assert refused.headers["location"].startswith("/sign-in?")
    recoveries = harness.context.accounts.login.second_factors.recoveries
    assert (await recoveries.status(ann)).state == "requested"


async def test_the_operator_offers_none(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__factor_recovery_delay="0s") as harness:
        await protected(harness)
        browser = await pending(harness)
        assert "Ask the people who run this server" in (await browser.get(LOST)).text
        assert (await act(browser, "request")).status_code == 400
