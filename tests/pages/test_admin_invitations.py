"""/admin/invite: a link that makes one account, also where sign-up is closed."""

import re

from quantimodo.model.admin_actions import Authority
from quantimodo.model.events import Mail
from support.administrators import REASON, administrator, press, session_of
from support.app import AppHarness, OpenHarness, form_fields

PASSWORD = "an invited horse of another colour"


def link_of(mail: Mail) -> str:
    found = re.search(r"https://id\.example\.org(/sign-up/invited\?token=\S+)", mail.text)
    assert found, mail.text
    return found[1]


async def invited(harness: AppHarness, email: str = "bob@example.org") -> str:
    """The link that the person got."""
    root = await harness.context.stores.users.user_by_email("root@example.org")
    browser = await session_of(harness, root or await administrator(harness))
    response = await press(browser, "/admin/invite", email=email, name="Bob Example")
    assert response.status_code == 303, response.text
    (mail, *_) = await harness.context.outbox.recent(1)
    assert (mail.mail.to, mail.mail.subject) == (email, "You are invited")
    return link_of(mail.mail)


async def test_an_invited_person_makes_one_account_where_sign_up_is_closed(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(sign_up="closed") as harness:
        link, browser = await invited(harness), harness.browser()
        assert (await browser.get("/sign-up")).text.count("no new accounts") == 1
        page = await browser.get(link, follow_redirects=True)
        assert "Make your account with the address" in page.text
        refused = await browser.post(
            "/sign-up/invited", data={**form_fields(page.text), "password": "x"}
        )
        assert refused.status_code == 422
        fields = {**form_fields(page.text), "name": "Bob", "password": PASSWORD}
        assert (await browser.post("/sign-up/invited", data=fields)).status_code == 303
        assert (await browser.get("/account")).status_code == 200
        bob = await harness.context.stores.users.user_by_email("bob@example.org")
        assert bob is not None
        assert bob.email_verified_at is not None
        assert not bob.administrator
        again = await harness.browser().get(link, follow_redirects=True)
        assert again.status_code == 410
        rows = harness.rows()["admin_actions"]
        assert [(row[2], row[6]) for row in rows] == [("person.invite", "bob@example.org")]


async def test_an_invitation_ends_by_time_by_another_one_and_by_withdrawal(
    harness: AppHarness,
) -> None:
    invitations = harness.context.accounts.invitations
    first = await invited(harness)
    second = await invited(harness)

    async def status(link: str) -> int:
        return (await harness.browser().get(link, follow_redirects=True)).status_code

    assert (await status(first), await status(second)) == (410, 200)
    await invitations.withdraw(await invitations.of_address("bob@example.org"), Authority())
    assert await status(second) == 410
    third = await invited(harness)
    harness.advance(hours=73)
    assert await status(third) == 410


async def test_an_address_that_cannot_be_invited_is_refused(harness: AppHarness) -> None:
    await harness.person()
    browser = await session_of(harness, await administrator(harness))
    for fields, status in (
        ({"email": "ann@example.org", "name": "Ann"}, 400),
        ({"email": "no address", "name": "Ann"}, 422),
        ({"email": "new@example.org", "name": " "}, 422),
        ({"email": "new@example.org", "name": "New", "reason": ""}, 422),
    ):
        page = await browser.get("/admin/invite")
        data = {**form_fields(page.text), "reason": "new in the study", **fields}
        response = await browser.post("/admin/invite", data=data)
        assert response.status_code == status, fields
    assert harness.rows()["account_invitations"] == []


async def test_invitations_are_listed_sent_again_and_withdrawn(harness: AppHarness) -> None:
    link = await invited(harness)
    root = await harness.context.stores.users.user_by_email("root@example.org")
    assert root is not None
    browser = await session_of(harness, root)
    page = await browser.get("/admin/invitations")
    assert "bob@example.org" in page.text
    assert f'href="/admin/people/{root.id}"' in page.text
    harness.advance(hours=73)
    browser = await session_of(harness, root)
    assert "expired" in (await browser.get("/admin/invitations")).text
    number = harness.rows()["account_invitations"][0][0]
    one = f"/admin/invitations/{number}"
    assert (await press(browser, f"{one}/resend")).headers["location"] == "/admin/invitations"
    (mail, *_) = await harness.context.outbox.recent(1)
    again = link_of(mail.mail)
    assert again != link
    assert (await harness.browser().get(link, follow_redirects=True)).status_code == 410
    assert (await harness.browser().get(again, follow_redirects=True)).status_code == 200
    refused = await press(browser, f"{one}/withdraw", reason="")
    assert refused.status_code == 422
    assert (await press(browser, f"{one}/withdraw")).status_code == 303
    assert (await harness.browser().get(again, follow_redirects=True)).status_code == 410
    assert "No invitation is open" in (await browser.get("/admin/invitations")).text
    for gone in (f"{one}/withdraw", f"{one}/resend", f"{one}/other", "/admin/invitations/x/resend"):
        assert (await browser.get(gone)).status_code == 404
    kinds = [(row[2], row[6], row[7]) for row in harness.rows()["admin_actions"]]
    assert [kind for kind, *_ in kinds] == ["person.invite", "person.reinvite", "person.uninvite"]
    assert {(email, reason) for _, email, reason in kinds} == {("bob@example.org", REASON)}


async def test_a_long_list_of_invitations_has_pages(harness: AppHarness) -> None:
    browser = await session_of(harness, await administrator(harness))
    invitations = harness.context.accounts.invitations
    for number in range(51):
        await invitations.invite(f"person{number}@example.org", "Person", Authority())
    page = await browser.get("/admin/invitations")
    assert (page.text.count("/resend"), "person0@" in page.text) == (50, False)
    older = re.search(r'href="(/admin/invitations\?before=\d+)"', page.text)
    assert older
    assert "person0@example.org" in (await browser.get(older[1])).text
