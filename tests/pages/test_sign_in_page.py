"""Signing in and out (security.md §18, §20, §21)."""

import asyncio
import re

import pytest

from quantimodo.crypto.passwords import HashPolicy
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from quantimodo.protocol.parameters import Form
from support.account_services import PASSWORD, open_account_services
from support.page_site import Site, Visitor, build


async def test_the_form_has_the_names_that_password_managers_and_people_expect(
    visitor: Visitor,
) -> None:
    text = (await visitor.get("/sign-in?login_hint=ann@example.org")).text
    assert 'name="username" type="email" value="ann@example.org"' in text
    assert 'autocomplete="username webauthn"' in text
    assert 'name="password" type="password" autocomplete="current-password"' in text
    assert 'type="submit">Sign in<' in text


async def test_a_sign_in_redirects_to_the_account_by_a_303(visitor: Visitor, user: User) -> None:
    response = await visitor.sign_in("ann@example.org", PASSWORD)
    assert response.status_code == 303
    assert response.headers["location"] == "/account"
    assert (await visitor.get("/account")).status_code == 200


def without_challenge(page: str) -> str:
    """The page without the options of passkeys, which differ each time."""
    return re.sub(r'data-options="[^"]*"', "", page)


async def test_a_wrong_password_and_an_unknown_address_look_the_same(
    visitor: Visitor, user: User
) -> None:
    wrong = await visitor.sign_in("ann@example.org", "not her password")
    unknown = await visitor.sign_in("bob@example.org", "not her password")
    assert wrong.status_code == unknown.status_code == 400
    assert without_challenge(wrong.text).replace("ann@", "bob@") == without_challenge(unknown.text)
    assert "There is a problem" in wrong.text
    assert 'value="ann@example.org"' in wrong.text
    assert "not her password" not in wrong.text
    assert "__Host-quantimodo_session" not in visitor.http.cookies


async def test_the_entered_text_comes_back_as_text_and_never_as_markup(visitor: Visitor) -> None:
    response = await visitor.sign_in('"><script>alert(1)</script>', "x")
    assert "<script>" not in response.text
    page = await visitor.get("/sign-in?login_hint=%22%3E%3Cscript%3E")
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example.org/", "//evil.example.org", "/\\evil.example.org", "javascript:a", ""],
)
async def test_no_link_leads_to_another_server(
    visitor: Visitor, user: User, elsewhere: str
) -> None:
    response = await visitor.submit(
        "/sign-in", username="ann@example.org", password=PASSWORD, return_to=elsewhere
    )
    assert response.status_code == 303
    assert response.headers["location"] == "/account"


async def test_too_many_attempts_get_retry_after(visitor: Visitor, user: User) -> None:
    for _ in range(10):
        assert (await visitor.sign_in("ann@example.org", "wrong")).status_code == 400
    response = await visitor.sign_in("ann@example.org", PASSWORD)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "900"
    assert "wait 15 minutes" in response.text


async def test_a_full_password_pool_says_so_and_when_to_come_back(
    stores: Stores, clock: Clock, entropy: Entropy
) -> None:
    slow = HashPolicy(memory_kib=65_536, passes=8)
    services = open_account_services(stores, clock, entropy, hashing=slow, waiting=0)
    async with build(services).visitor() as visitor:
        fields = await visitor.form("/sign-in")
        occupied = asyncio.create_task(services.hasher.hash(Secret("another person's")))
        await asyncio.sleep(0)
        response = await visitor.http.post("/sign-in", data={**fields, "username": "a@example.org"})
        await occupied
    services.hasher.close()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert "try again in a few seconds" in response.text


async def test_a_signed_in_person_sees_the_form_and_may_go_on(ann: Visitor) -> None:
    page = await ann.get("/sign-in?return_to=/developers")
    assert page.status_code == 200
    assert "You are signed in as" in page.text
    assert '<a href="/developers">Go on with this account</a>' in page.text
    assert 'name="password"' in page.text


async def test_the_page_names_the_application_that_waits_and_lets_the_form_lead_there(
    site: Site, visitor: Visitor, user: User
) -> None:
    client = await site.register(user)
    form = Form.of_pairs([("client_id", client.id), ("response_type", "code")])
    waiting = await site.waiting.add(client.id, form)
    path = f"/sign-in?return_to=/api/v2/oauth/authorize/resume?request={waiting}"
    page = await visitor.get(path)
    assert "Mood Tracker" in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https:;" in policy


async def test_the_page_links_to_what_the_application_promises(
    site: Site, visitor: Visitor, user: User
) -> None:
    # OpenID Connect Registration §2: logo_uri, policy_uri, tos_uri are shown to people.
    client = await site.register(
        user,
        homepage_uri="https://app.example.org/",
        policy_uri="https://app.example.org/privacy",
        tos_uri="https://app.example.org/terms",
    )
    form = Form.of_pairs([("client_id", client.id), ("response_type", "code")])
    waiting = await site.waiting.add(client.id, form)
    page = await visitor.get(f"/sign-in?return_to=/api/v2/oauth/authorize/resume?request={waiting}")
    for uri in (client.homepage_uri, client.policy_uri, client.tos_uri):
        assert f'href="{uri}"' in page.text


async def test_a_request_that_is_gone_changes_nothing_on_the_page(visitor: Visitor) -> None:
    page = await visitor.get("/sign-in?return_to=/api/v2/oauth/authorize/resume?request=qmq_no")
    assert page.status_code == 200
    assert "form-action 'self';" in page.headers["content-security-policy"]


async def test_signing_out_ends_the_session_on_the_server(site: Site, ann: Visitor) -> None:
    cookie = ann.http.cookies["__Host-quantimodo_session"]
    response = await ann.submit("/sign-out")
    assert response.status_code == 303
    assert "__Host-quantimodo_session" not in ann.http.cookies
    async with site.visitor() as other:
        other.http.cookies.set("__Host-quantimodo_session", cookie, domain="id.example.org")
        assert (await other.get("/account")).status_code == 303


async def test_a_link_alone_does_not_sign_out(ann: Visitor) -> None:
    assert (await ann.get("/sign-out")).status_code == 200
    assert (await ann.http.post("/sign-out")).status_code == 415
    assert (await ann.http.post("/sign-out", data={"x": "y"})).status_code == 403
    assert (await ann.get("/account")).status_code == 200
