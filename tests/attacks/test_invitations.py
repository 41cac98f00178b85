"""Accounts by invitation only (`sign_up = "invited"`): no other person makes one, and an invitation
makes one account."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from quantimodo.model.admin_actions import Authority
from support.app import AppHarness, OpenHarness, form_fields
from support.fake_provider import FakeUpstream, profile, redeem_login, send_callback, state_of

BOB = "bob@example.org"
PASSWORD = "an invited horse of another colour"
REFUSAL = "makes accounts by invitation only"
PROVEN = {"email_verified": True, "email_authoritative": True}
PEOPLE = {
    "bob": profile(subject="1", email=BOB, **PROVEN),
    "bob again": profile(subject="2", email=BOB, **PROVEN),
    "eve": profile(subject="3", email="eve@example.org", **PROVEN),
    "unverified": profile(subject="4", email=BOB),
    "not believed": profile(subject="5", email=BOB, email_verified=True),
    "other case": profile(subject="6", email="b\u00f6b@example.org", **PROVEN),
    "without address": profile(subject="7", email=None),
}


@pytest.fixture
async def invited_only(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    """A server on which accounts are made by invitation."""
    google = FakeUpstream(people=dict(PEOPLE))
    async with open_harness([google], sign_up="invited", accounts__email_codes="true") as opened:
        yield opened


async def invite(harness: AppHarness, email: str = BOB) -> str:
    """The path of the link that the person got."""
    await harness.context.accounts.invitations.invite(email, "Bob Example", Authority())
    (newest, *_) = await harness.context.outbox.recent(1)
    assert newest.mail.to == email
    found = re.search(r"https://id\.example\.org(/sign-up/invited\?token=\S+)", newest.mail.text)
    assert found, newest.mail.text
    return found[1]


async def use(harness: AppHarness, link: str, **fields: str) -> httpx.Response:
    browser = harness.browser()
    page = await browser.get(link, follow_redirects=True)
    assert page.status_code == 200
    data = {**form_fields(page.text), "name": "Bob", "password": PASSWORD, **fields}
    return await browser.post("/sign-up/invited", data=data)


async def people(harness: AppHarness) -> list[str | None]:
    return [user.email for user in await harness.context.stores.users.users()]


async def test_a_person_without_an_invitation_gets_one_sentence_everywhere(
    invited_only: AppHarness,
) -> None:
    it = invited_only
    await it.person("ann@example.org")
    await invite(it)
    before = await people(it)
    browser = it.browser()
    page = await browser.get("/sign-up")
    assert "makes accounts by invitation" in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main")[0]
    responses = set()
    for email in (BOB, "eve@example.org", "ann@example.org"):
        data = {**form_fields((await browser.get("/reset")).text), "email": email}
        data |= {"name": "N", "password": PASSWORD}
        refused = await browser.post("/sign-up", data=data)
        assert refused.status_code == 400
        responses.add(re.sub(r"value=\"[^\"]*\"", "", refused.text))
    assert len(responses) == 1, "an invited address, a stranger's and one with an account"
    assert "makes accounts by invitation" in responses.pop()
    for code in ("eve", "unverified", "not believed", "other case", "without address"):
        response = await redeem_login(it, code)
        assert response.status_code in (400, 403), code
        assert REFUSAL in response.text, code
        browser = it.browser()
        started_login = await browser.get("/sign-in/with/google?return_to=/account")
        refused = await send_callback(browser, state_of(started_login), code=code)
        assert REFUSAL in refused.text, code
    data = {**form_fields((await browser.get("/sign-in/code")).text), "email": BOB}
    assert (await browser.post("/sign-in/code", data=data)).status_code == 303
    assert len(await it.context.outbox.recent(9)) == 1, "no code for an address without account"
    assert await people(it) == before


async def test_the_invited_person_makes_one_account_by_the_link(invited_only: AppHarness) -> None:
    it, link = invited_only, await invite(invited_only)
    browser = it.browser()
    page = await browser.get(link, follow_redirects=True)
    assert (str(page.url), page.text.count(BOB)) == ("https://id.example.org/sign-up/invited", 2)
    assert 'value="Bob Example"' in page.text
    for fields in ({"password": "x"}, {"name": " "}):
        refused = await use(it, link, **fields)
        assert refused.status_code == 422
        assert await people(it) == []
    # A field that the page does not have changes no address.
    made = await use(it, link, name="Bobby", email="eve@example.org", username="eve@example.org")
    assert made.status_code == 303
    bob = await it.context.stores.users.user_by_email(BOB)
    assert bob is not None
    assert (bob.name, bob.email_verified_at is not None) == ("Bobby", True)
    assert await people(it) == [BOB]
    for late in (link, f"{link}x", "/sign-up/invited?token=qmt_nothing"):
        assert (await it.browser().get(late, follow_redirects=True)).status_code == 410
    assert it.rows()["account_invitations"] == []
    browser = it.browser()
    fields = {**form_fields((await browser.get("/sign-in")).text), "username": BOB}
    signed_in = await browser.post("/sign-in", data={**fields, "password": PASSWORD})
    assert signed_in.headers["location"] == "/account"


async def test_links_of_one_invitation_in_parallel_make_one_account(
    invited_only: AppHarness,
) -> None:
    it, link = invited_only, await invite(invited_only)
    responses = await asyncio.gather(
        *(use(it, link) for _ in range(3)),
        *(redeem_login(it, code) for code in ("bob", "bob again")),
        return_exceptions=True,
    )
    assert all(isinstance(each, httpx.Response) for each in responses), responses
    assert await people(it) == [BOB]
    assert it.rows()["account_invitations"] == []


async def test_a_provider_that_vouches_for_the_address_uses_the_invitation(
    invited_only: AppHarness,
) -> None:
    it, link = invited_only, await invite(invited_only)
    assert (await redeem_login(it, "bob")).status_code == 200
    assert await people(it) == [BOB]
    assert (await it.browser().get(link, follow_redirects=True)).status_code == 410
    # Who deleted the account is not invited any more.
    bob = await it.context.stores.users.user_by_email(BOB)
    assert bob is not None
    await it.context.stores.users.delete_user(bob.id, it.context.clock.now())
    assert REFUSAL in (await redeem_login(it, "bob")).text
    await invite(it)
    it.advance(hours=73)
    assert REFUSAL in (await redeem_login(it, "bob")).text, "an expired invitation"
    assert await people(it) == []


async def test_with_closed_sign_up_a_provider_makes_no_account(open_harness: OpenHarness) -> None:
    google = FakeUpstream(people=dict(PEOPLE))
    async with open_harness([google], sign_up="closed") as it:
        link = await invite(it)
        assert "no new accounts" in (await redeem_login(it, "bob")).text
        page = await it.browser().get(link, follow_redirects=True)
        assert "/sign-in/with/" not in page.text
        assert (await use(it, link)).status_code == 303
        assert await people(it) == [BOB]


async def test_a_sign_up_that_waits_ends_when_invitations_are_required(
    open_harness: OpenHarness,
) -> None:
    async with open_harness() as it:
        browser = it.browser()
        data = form_fields((await browser.get("/sign-up")).text)
        data |= {"email": "eve@example.org", "name": "Eve", "password": PASSWORD}
        assert (await browser.post("/sign-up", data=data)).status_code == 303
        (mail, *_) = await it.context.outbox.recent(1)
        link = re.search(r"https://id\.example\.org(/confirm\?token=\S+)", mail.mail.text)
        assert link
        sign_up = it.context.accounts.sign_up
        raw = link[1].partition("token=")[2]
        assert await sign_up.pending(raw, None) is not None
        object.__setattr__(sign_up.policy, "sign_up", "invited")
        assert (await browser.get(link[1], follow_redirects=True)).status_code == 410
        data = {**form_fields((await browser.get("/sign-in")).text), "password": PASSWORD}
        assert (await browser.post("/confirm", data=data)).status_code == 410
        assert await people(it) == []
