"""Signing up, and the link that confirms it (security.md §21, §22)."""

import httpx

from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from support.account_services import PASSWORD, AccountServices, open_account_services
from support.page_site import Site, Visitor, build


async def sign_up(visitor: Visitor, email: str = "new@example.org", **more: str) -> httpx.Response:
    return await visitor.submit(
        "/sign-up", **{"email": email, "name": "New Person", "password": PASSWORD, **more}
    )


async def open_link(visitor: Visitor, path: str, email_token: str) -> httpx.Response:
    """Open the mailed link as a browser does, following the way to the address without it."""
    response = await visitor.get(f"{path}?token={email_token}")
    assert response.status_code == 303
    assert response.headers["location"] == path
    return await visitor.get(path)


async def test_no_account_is_made_before_the_email_is_opened(
    services: AccountServices, visitor: Visitor
) -> None:
    response = await sign_up(visitor)
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-up/sent"
    assert "Check your e-mail" in (await visitor.get("/sign-up/sent")).text
    assert await services.stores.users.user_by_email("new@example.org") is None


async def test_all_that_is_wrong_is_said_at_once(
    services: AccountServices, visitor: Visitor
) -> None:
    response = await sign_up(visitor, name=" ", email="nowhere", password="short")
    assert response.status_code == 422
    assert "There are problems" in response.text
    for field, text in (
        ("name", "Enter a name."),
        ("email", "Enter an e-mail address"),
        ("password", "Use a password of at least 8 characters"),
    ):
        summary = response.text.partition('class="summary"')[2].partition("</div>")[0]
        assert f'<a href="#{field}">{text}' in summary
        assert f'id="{field}-error"' in response.text
    response = await sign_up(visitor, name="New Person", email="nowhere")
    assert "There is a problem" in response.text
    assert 'value="New Person"' in response.text
    assert await services.stores.users.user_by_email("nowhere") is None


async def test_the_link_opened_in_the_same_browser_makes_the_account_and_signs_in(
    services: AccountServices, visitor: Visitor
) -> None:
    await sign_up(visitor, return_to="/developers")
    page = await open_link(visitor, "/confirm", await services.email_token("/confirm"))
    assert page.status_code == 200
    assert "new@example.org" in page.text
    assert 'name="password"' not in page.text
    assert 'src="/static/time_zone' in page.text
    assert (await visitor.form("/confirm"))["zoneinfo"] == "", "the script fills it in"
    response = await visitor.submit("/confirm", zoneinfo="Europe/Berlin")
    assert response.status_code == 303
    assert response.headers["location"] == "/developers"
    profile = await visitor.form("/account/profile", "/account/profile/details")
    assert profile["zoneinfo"] == "Europe/Berlin"
    assert (await visitor.get("/developers")).status_code == 200
    found = await services.stores.users.user_by_email("new@example.org")
    assert found is not None
    assert found.email_verified_at is not None
    assert any("quantimodo_device_" in name for name in visitor.http.cookies)  # security.md §23a


async def test_opening_the_link_spends_nothing_so_that_mail_scanners_do_no_harm(
    services: AccountServices, visitor: Visitor
) -> None:
    await sign_up(visitor)
    email_token = await services.email_token("/confirm")
    for _ in range(3):
        assert (await open_link(visitor, "/confirm", email_token)).status_code == 200
    assert await services.stores.users.user_by_email("new@example.org") is None
    assert (await visitor.submit("/confirm", zoneinfo="Nowhere/\u2603")).status_code == 303
    profile = await visitor.form("/account/profile", "/account/profile/details")
    assert profile["zoneinfo"] == "", "an unknown zone is left out"


async def test_the_email_token_is_in_no_page_and_in_no_address(
    services: AccountServices, visitor: Visitor
) -> None:
    await sign_up(visitor)
    email_token = await services.email_token("/confirm")
    first = await visitor.get(f"/confirm?token={email_token}")
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert "httponly" in first.headers["set-cookie"].casefold()
    assert email_token not in (await visitor.get("/confirm")).text


async def test_in_another_browser_a_new_password_must_be_chosen(
    site: Site, services: AccountServices, visitor: Visitor
) -> None:
    await sign_up(visitor, password="the attacker knows this one")
    async with site.visitor() as owner:
        page = await open_link(owner, "/confirm", await services.email_token("/confirm"))
        assert 'name="password"' in page.text
        refused = await owner.submit("/confirm", password="short")
        assert refused.status_code == 422
        assert "There is a problem" in refused.text
        assert (await owner.submit("/confirm", password=PASSWORD)).status_code == 303
    response = await visitor.sign_in("new@example.org", "the attacker knows this one")
    assert response.status_code == 400
    assert (await visitor.sign_in("new@example.org", PASSWORD)).status_code == 303


async def test_the_page_does_not_tell_that_an_address_has_an_account(
    services: AccountServices, visitor: Visitor, user: User
) -> None:
    known = await sign_up(visitor, "ann@example.org")
    unknown = await sign_up(visitor, "new@example.org")
    assert known.status_code == unknown.status_code == 303
    assert known.headers["location"] == unknown.headers["location"]
    assert {email.to for email in await services.emails()} == {
        "ann@example.org",
        "new@example.org",
    }


async def test_each_error_is_next_to_its_field_and_the_entered_text_stays(
    visitor: Visitor,
) -> None:
    response = await sign_up(visitor, "new@example.org", password="password")
    assert response.status_code == 422
    assert 'id="password-error"' in response.text
    assert 'aria-describedby="password-hint password-error"' in response.text
    assert 'href="#password"' in response.text
    assert "<title>Error: Sign up" in response.text
    assert 'value="new@example.org"' in response.text
    assert 'value="New Person"' in response.text
    assert 'value="password"' not in response.text
    response = await sign_up(visitor, "no address")
    assert 'id="email-error"' in response.text


async def test_a_link_that_was_used_or_never_was_one_says_where_to_get_a_new_one(
    services: AccountServices, visitor: Visitor
) -> None:
    await sign_up(visitor)
    email_token = await services.email_token("/confirm")
    await open_link(visitor, "/confirm", email_token)
    await visitor.submit("/confirm")
    for dead in (email_token, "qmt_nothing", "", "\u2603", "x" * 5000):
        page = await open_link(visitor, "/confirm", dead)
        assert page.status_code == 410
        assert 'href="/sign-up"' in page.text
    fields = await visitor.form("/account/profile")
    response = await visitor.http.post("/confirm", data={"csrf": fields["csrf"]})
    assert response.status_code == 410


async def test_a_link_for_something_else_does_not_confirm_an_account(
    services: AccountServices, visitor: Visitor, user: User
) -> None:
    await visitor.submit("/reset", email="ann@example.org")
    email_token = await services.email_token("/reset/new")
    assert (await open_link(visitor, "/confirm", email_token)).status_code == 410
    assert (await open_link(visitor, "/verify", email_token)).status_code == 410
    assert (await open_link(visitor, "/reset/new", email_token)).status_code == 200


async def test_a_server_that_makes_no_accounts_says_so(
    stores: Stores, clock: Clock, entropy: Entropy
) -> None:
    services = open_account_services(stores, clock, entropy, sign_up="closed")
    async with build(services, sign_up="closed").visitor() as visitor:
        page = await visitor.get("/sign-up")
        assert "makes no new accounts" in page.text
        assert "<form" not in page.text
        assert 'href="/sign-up"' not in (await visitor.get("/")).text
    services.hasher.close()


async def test_the_outbox_shows_emails_with_links_and_only_when_it_is_on(
    services: AccountServices, visitor: Visitor
) -> None:
    await sign_up(visitor)
    page = (await visitor.get("/outbox")).text
    email_token = await services.email_token("/confirm")
    assert f'href="https://id.example.org/confirm?token={email_token}"' in page
    assert "new@example.org" in page
    async with build(services, outbox=False).visitor() as visitor:
        assert (await visitor.get("/outbox")).status_code == 404
        assert "outbox" not in (await visitor.get("/sign-up/sent")).text
