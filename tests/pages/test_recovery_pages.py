"""A forgotten password, and confirming an address (security.md §18, §21, §22)."""

from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from support.account_services import PASSWORD, AccountServices
from support.page_site import Site, Visitor

NEW = "quite another long password"


async def open_link(visitor: Visitor, path: str, email_token: str) -> int:
    response = await visitor.get(f"{path}?token={email_token}")
    assert response.headers["location"] == path
    return (await visitor.get(path)).status_code


async def test_the_page_does_not_tell_whether_an_address_has_an_account(
    services: AccountServices, visitor: Visitor, user: User
) -> None:
    known = await visitor.submit("/reset", email="ann@example.org")
    unknown = await visitor.submit("/reset", email="bob@example.org")
    assert known.status_code == unknown.status_code == 303
    assert known.headers["location"] == unknown.headers["location"] == "/reset/sent"
    assert [email.to for email in await services.emails()] == ["ann@example.org"]


async def test_invalid_addresses_are_refused(visitor: Visitor) -> None:
    response = await visitor.submit("/reset", email="unknown")
    assert response.status_code == 422
    assert 'value="unknown"' in response.text


async def test_a_new_password_signs_in_here_and_out_everywhere_else(
    site: Site, services: AccountServices, ann: Visitor
) -> None:
    async with site.visitor() as owner:
        await owner.submit("/reset", email="ann@example.org")
        assert await open_link(owner, "/reset/new", await services.email_token("/reset/new")) == 200
        response = await owner.submit("/reset/new", password=NEW)
        assert response.status_code == 303
        assert response.headers["location"] == "/account"
        assert (await owner.get("/account")).status_code == 200
        assert any("quantimodo_device_" in name for name in owner.http.cookies)  # security.md §23a
    assert (await ann.get("/account")).status_code == 303
    assert (await ann.sign_in("ann@example.org", PASSWORD)).status_code == 400
    assert (await ann.sign_in("ann@example.org", NEW)).status_code == 303


async def test_a_password_that_is_not_taken_spends_nothing(
    services: AccountServices, visitor: Visitor, user: User
) -> None:
    await visitor.submit("/reset", email="ann@example.org")
    await open_link(visitor, "/reset/new", await services.email_token("/reset/new"))
    refused = await visitor.submit("/reset/new", password="password")
    assert refused.status_code == 422
    assert (await visitor.submit("/reset/new", password=NEW)).status_code == 303


async def test_a_link_works_once(services: AccountServices, visitor: Visitor, user: User) -> None:
    await visitor.submit("/reset", email="ann@example.org")
    email_token = await services.email_token("/reset/new")
    await open_link(visitor, "/reset/new", email_token)
    await visitor.submit("/reset/new", password=NEW)
    assert await open_link(visitor, "/reset/new", email_token) == 410


async def test_an_address_confirmed_by_its_own_session_keeps_the_password(
    services: AccountServices, visitor: Visitor
) -> None:
    await services.accounts.administration.create(
        email="bob@example.org", name="Bob Example", password=Secret(PASSWORD)
    )
    await visitor.sign_in("bob@example.org", PASSWORD)
    response = await visitor.submit("/account/profile", "/account/verification")
    assert response.status_code == 303
    assert await open_link(visitor, "/verify", await services.email_token("/verify")) == 200
    response = await visitor.submit("/verify")
    assert response.headers["location"] == "/account/profile"
    page = (await visitor.get("/account/profile")).text
    assert "Your address is confirmed." in page
    assert '<span class="badge">confirmed</span>' in page


async def test_opened_elsewhere_it_drops_what_was_there_and_asks_for_a_password(
    site: Site, services: AccountServices, visitor: Visitor
) -> None:
    await services.accounts.administration.create(
        email="bob@example.org", name="Bob Example", password=Secret(PASSWORD)
    )
    await visitor.sign_in("bob@example.org", PASSWORD)
    await visitor.submit("/account/profile", "/account/verification")
    async with site.visitor() as owner:
        await open_link(owner, "/verify", await services.email_token("/verify"))
        response = await owner.submit("/verify")
        assert response.headers["location"] == "/reset/new"
        assert (await owner.submit("/reset/new", password=NEW)).status_code == 303
    assert (await visitor.get("/account")).status_code == 303


async def test_a_new_address_takes_effect_when_its_own_session_opens_the_email(
    site: Site, services: AccountServices, ann: Visitor
) -> None:
    before = ann.http.cookies["__Host-quantimodo_session"]
    response = await ann.submit(
        "/account/security/email", email="ann@example.net", current=PASSWORD
    )
    assert response.status_code == 303
    assert ann.http.cookies["__Host-quantimodo_session"] != before
    email_token = await services.email_token("/verify")
    async with site.visitor() as stranger:
        await stranger.get(f"/verify?token={email_token}")
        page = await stranger.get("/verify")
        assert "first sign in" in page.text
        csrf = (await stranger.form("/sign-in"))["csrf"]
        refused = await stranger.http.post("/verify", data={"csrf": csrf})
        assert refused.headers["location"] == "/sign-in?return_to=/verify"
    await open_link(ann, "/verify", email_token)
    await ann.submit("/verify")
    assert "ann@example.net" in (await ann.get("/account/profile")).text


async def test_an_address_that_was_taken_meanwhile_is_reported(
    services: AccountServices, ann: Visitor
) -> None:
    await ann.submit("/account/security/email", email="ann@example.net", current=PASSWORD)
    email_token = await services.email_token("/verify")
    await services.member("ann@example.net")
    await open_link(ann, "/verify", email_token)
    response = await ann.submit("/verify")
    assert response.status_code == 400
    assert "has another account" in response.text
