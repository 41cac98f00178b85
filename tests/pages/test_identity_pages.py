"""The accounts elsewhere by which a person signs in, and who has no password (security.md §18)."""

import json
from datetime import timedelta

import pytest

from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.pages.account.passkeys import PASSKEYS
from quantimodo.pages.cookie_names import SESSION, cookie_prefix
from support.account_services import (
    ISSUER,
    PASSWORD,
    AccountServices,
    MovableClock,
    profile_of,
)
from support.authenticator import SoftAuthenticator
from support.page_site import DESTINATION, Site, Visitor

IDENTITIES = "/account/identities"
LINK, UNLINK = f"{IDENTITIES}/link", f"{IDENTITIES}/unlink"
AGAIN = "/account/again?return_to="
TOO_LATE = timedelta(minutes=10, seconds=1)


@pytest.fixture
async def ben(site: Site, services: AccountServices, visitor: Visitor) -> Visitor:
    """The browser of a person who signed in through a provider, and has no password."""
    profile = profile_of("ben", email="ben@example.org", name="Ben <Elsewhere>")
    cookie = await services.by_provider(profile)
    name = cookie_prefix(site.origin) + SESSION
    visitor.http.cookies.set(name, cookie.reveal(), domain="id.example.org")
    return visitor


async def number_of(services: AccountServices, email: str) -> str:
    user = await services.stores.users.user_by_email(email)
    assert user is not None
    return str((await services.social.identities(user.id))[0].id)


# -------------------------------------------------------------------------------------- the list


async def test_an_account_without_links_is_offered_the_providers(ann: Visitor) -> None:
    page = await ann.get(IDENTITIES)
    assert "No account is linked" in page.text
    assert "Link Sample" in page.text
    assert "Down is not available now" in page.text
    assert "Link Down" not in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https:;" in policy


async def test_each_identity_is_listed_with_its_person_and_date(ben: Visitor) -> None:
    page = (await ben.get(IDENTITIES)).text
    assert "<h2>Sample</h2>" in page
    assert "<bdi>ben@example.org</bdi>" in page
    assert "23 November 2026" in page
    assert "Link Sample" not in page


async def test_the_words_of_the_provider_are_shown_as_text(
    services: AccountServices, ben: Visitor
) -> None:
    await services.social.admit(
        profile_of("ben", email=None, name="Ben <Elsewhere>"), address="192.0.2.1"
    )
    page = (await ben.get(IDENTITIES)).text
    assert "<bdi>Ben &lt;Elsewhere&gt;</bdi>" in page


async def test_the_account_s_pages_lead_there(ann: Visitor) -> None:
    for path in ("/account", "/account/security"):
        assert f'href="{IDENTITIES}"' in (await ann.get(path)).text


# ----------------------------------------------------------------------------------------- link


async def test_a_button_leads_to_the_provider(ann: Visitor, user: User) -> None:
    response = await ann.submit(IDENTITIES, LINK)
    assert response.status_code == 303
    assert response.headers["location"] == f"{DESTINATION}/authorize?for={user.id}"


async def test_an_unknown_provider_is_not_there(ann: Visitor) -> None:
    fields = await ann.form(IDENTITIES, LINK)
    for name in ("", "unknown", "sample\0"):
        response = await ann.http.post(LINK, data={**fields, "provider": name})
        assert response.status_code in (400, 404)


async def test_no_form_of_elsewhere_links_or_unlinks(
    services: AccountServices, ben: Visitor
) -> None:
    number = await number_of(services, "ben@example.org")
    for path, fields in ((LINK, {"provider": "sample"}), (UNLINK, {"identity": number})):
        response = await ben.http.post(path, data={**fields, "csrf": "made up"})
        assert response.status_code == 403


async def test_an_old_session_has_to_sign_in_again_first(ann: Visitor, clock: MovableClock) -> None:
    clock.advance(TOO_LATE)
    response = await ann.submit(IDENTITIES, LINK)
    assert response.headers["location"] == f"{AGAIN}{IDENTITIES}"
    form = await ann.form(f"{AGAIN}{IDENTITIES}", "/sign-in")
    assert form["username"] == "ann@example.org"
    assert form["return_to"] == IDENTITIES
    response = await ann.submit(f"{AGAIN}{IDENTITIES}", "/sign-in", password=PASSWORD)
    assert response.headers["location"] == IDENTITIES
    response = await ann.submit(IDENTITIES, LINK)
    assert response.headers["location"].startswith(DESTINATION)


# --------------------------------------------------------------------------------------- unlink


async def test_an_account_with_a_password_unlinks_the_last_identity(
    services: AccountServices, ann: Visitor, user: User
) -> None:
    await services.social.admit(profile_of(), address="192.0.2.1")
    response = await ann.submit(IDENTITIES, UNLINK)
    assert response.headers["location"] == IDENTITIES
    assert "unlinked" in (await ann.get(IDENTITIES)).text
    assert await services.social.identities(user.id) == []


async def test_the_last_way_in_has_no_button_and_says_why(
    services: AccountServices, ben: Visitor
) -> None:
    page = (await ben.get(IDENTITIES)).text
    assert f'action="{UNLINK}"' not in page
    assert "It cannot be removed: it is your last way to sign in." in page
    assert 'href="/account/security/password"' in page
    csrf = (await ben.form("/account/profile"))["csrf"]
    number = await number_of(services, "ben@example.org")
    response = await ben.http.post(UNLINK, data={"csrf": csrf, "identity": number})
    assert response.status_code == 400
    assert "last way to sign in" in response.text
    assert await number_of(services, "ben@example.org") == number


async def test_a_provider_that_was_removed_is_not_a_sign_in_method(
    services: AccountServices, ben: Visitor
) -> None:
    gone = profile_of("gone", provider="gone", email="ben@example.org")
    await services.social.admit(gone, address="192.0.2.1")
    page = (await ben.get(IDENTITIES)).text
    assert "does not sign in now" in page
    # The one that works stays, the other may go.
    fields = await ben.form(IDENTITIES, UNLINK)
    working = await number_of(services, "ben@example.org")
    assert fields["identity"] != working
    response = await ben.http.post(UNLINK, data={**fields, "identity": working})
    assert response.status_code == 400
    response = await ben.submit(IDENTITIES, UNLINK)
    assert response.status_code == 303
    assert await number_of(services, "ben@example.org") == working


async def test_a_passkey_is_another_sign_in_method_so_the_last_identity_goes(
    services: AccountServices, ben: Visitor
) -> None:
    user = await services.stores.users.user_by_email("ben@example.org")
    assert user is not None
    session = (await services.sessions.list(user.id))[0]
    assert f'href="{PASSKEYS}/new"' in (await ben.get(IDENTITIES)).text
    device = SoftAuthenticator(origin=ISSUER, rp_id="id.example.org")
    options = json.loads(await services.passkeys.creation_options(session))
    await services.passkeys.add(session, Secret(device.create(options)), "")
    response = await ben.submit(IDENTITIES, UNLINK)
    assert response.headers["location"] == IDENTITIES
    assert await services.social.identities(user.id) == []


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "9" * 40, "٣", "1.0"])
async def test_another_persons_identity_is_refused(
    ann: Visitor, services: AccountServices, number: str
) -> None:
    csrf = (await ann.form("/account/profile"))["csrf"]
    response = await ann.http.post(UNLINK, data={"csrf": csrf, "identity": number})
    assert response.status_code == 400
    assert "not linked to your account" in response.text


async def test_an_identity_of_another_account_is_refused(
    services: AccountServices, ann: Visitor
) -> None:
    other = await services.social.admit(
        profile_of("ben", email="ben@example.org"), address="192.0.2.1"
    )
    csrf = (await ann.form("/account/profile"))["csrf"]
    response = await ann.http.post(UNLINK, data={"csrf": csrf, "identity": str(other.identity.id)})
    assert response.status_code == 400
    assert await services.social.stands(other)


# ---------------------------------------------------------------------- who has no password


async def test_a_first_password_is_set(services: AccountServices, ben: Visitor) -> None:
    assert "None yet" in (await ben.get("/account/security")).text
    page = await ben.get("/account/security/password")
    assert "Set a password" in page.text
    assert 'name="current"' not in page.text
    response = await ben.submit(
        "/account/security/password", "/account/security/first-password", password=PASSWORD
    )
    assert response.headers["location"] == "/account/sessions"
    assert "Your password is set." in (await ben.get("/account/sessions")).text
    assert 'name="current"' in (await ben.get("/account/security/password")).text
    assert await services.sign_in("ben@example.org")
    # And now the last identity may go.
    response = await ben.submit(IDENTITIES, UNLINK)
    assert response.status_code == 303


async def test_a_bad_first_password_is_reported(ben: Visitor) -> None:
    response = await ben.submit(
        "/account/security/password", "/account/security/first-password", password="short"
    )
    assert response.status_code == 422
    assert "at least 8 characters" in response.text


async def test_without_an_address_the_page_says_what_to_do_first(
    site: Site, services: AccountServices, visitor: Visitor
) -> None:
    cookie = await services.by_provider(profile_of("nameless", email=None))
    visitor.http.cookies.set("__Host-quantimodo_session", cookie.reveal(), domain="id.example.org")
    page = (await visitor.get("/account/security/password")).text
    assert "Give an address" in page
    assert 'action="/account/security/first-password"' not in page


@pytest.mark.parametrize(
    "path", ["/account/security/password", "/account/security/email", "/account/delete"]
)
async def test_changes_without_a_password_need_a_fresh_sign_in(
    ben: Visitor, clock: MovableClock, path: str
) -> None:
    assert (await ben.get(path)).status_code == 200
    clock.advance(TOO_LATE)
    response = await ben.get(path)
    assert response.status_code == 303
    assert response.headers["location"] == f"{AGAIN}{path}"
    page = (await ben.get(response.headers["location"])).text
    assert f'href="/sign-in/with/sample?return_to={path}"' in page
    assert 'name="password"' not in page


@pytest.mark.parametrize(
    ("path", "action", "fields"),
    [
        ("/account/security/password", "/account/security/first-password", {"password": PASSWORD}),
        ("/account/security/email", "/account/security/email", {"email": "new@example.org"}),
        ("/account/delete", "/account/delete", {}),
    ],
)
async def test_a_form_that_was_open_too_long_changes_nothing(
    services: AccountServices,
    ben: Visitor,
    clock: MovableClock,
    path: str,
    action: str,
    fields: dict[str, str],
) -> None:
    sent = {**await ben.form(path, action), **fields}
    clock.advance(TOO_LATE)
    response = await ben.http.post(action, data=sent)
    assert response.headers["location"] == f"{AGAIN}{path}"
    found = await services.stores.users.user_by_email("ben@example.org")
    assert found is not None
    assert not await services.accounts.credentials.has_password(found.id)
    assert await services.emails() == []


async def test_an_address_is_changed_without_a_password(
    services: AccountServices, ben: Visitor
) -> None:
    page = await ben.get("/account/security/email")
    assert 'name="current"' not in page.text
    response = await ben.submit("/account/security/email", email="new@example.org")
    assert response.headers["location"] == "/account/security"
    email_token = await services.email_token("/verify")
    await ben.get(f"/verify?token={email_token}")
    await ben.submit("/verify")
    assert await services.stores.users.user_by_email("new@example.org") is not None


async def test_an_account_without_a_password_is_deleted(
    services: AccountServices, ben: Visitor
) -> None:
    page = await ben.get("/account/delete")
    assert 'name="current"' not in page.text
    response = await ben.submit("/account/delete")
    assert response.headers["location"] == "/account/closed"
    closed = await services.stores.users.user_by_email("ben@example.org")
    assert closed is not None
    assert closed.closed


async def test_the_way_back_from_signing_in_again_stays_on_this_site(ben: Visitor) -> None:
    for away in ("https://evil.example", "//evil.example", "/\\evil.example"):
        page = (await ben.get(f"{AGAIN}{away}")).text
        assert "evil" not in page
        assert "return_to=/account" in page


async def test_a_person_without_a_sign_in_method_sees_what_to_do(
    services: AccountServices, visitor: Visitor
) -> None:
    gone = profile_of("gone", provider="gone", email="ben@example.org")
    cookie = await services.by_provider(gone)
    visitor.http.cookies.set("__Host-quantimodo_session", cookie.reveal(), domain="id.example.org")
    page = (await visitor.get("/account/again")).text
    assert 'href="/reset?login_hint=ben%40example.org"' in page


async def test_events_are_described_in_plain_words(
    services: AccountServices, ann: Visitor, user: User
) -> None:
    session = (await services.sessions.list(user.id))[0]
    identity = await services.social.link(session, profile_of())
    await services.social.admit(profile_of(), address="192.0.2.1")
    await services.social.unlink(session, identity.id)
    await services.audit.flush()
    page = (await ann.get("/account/security")).text
    assert "Linked an account elsewhere, which can sign in now" in page
    assert "Signed in by a linked account" in page
    assert "Unlinked an account elsewhere" in page
    assert "<bdi>sample</bdi> · <bdi>192.0.2.1</bdi>" in page
