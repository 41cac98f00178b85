"""The consent page (v2-api.md §5; security.md §8, §11) and the self-sending form."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.form_post import SCRIPT, form_post_page
from support.page_site import Site


def question(client: Client, user: User, **more: object) -> ConsentView:
    shown: dict[str, object] = {
        "client": client,
        "owner_name": "Bob <Builder>",
        "user": user,
        "scopes": [
            ScopeLine("basic", "See who you are", "Your name."),
            ScopeLine("email", "See your e-mail address", "The address."),
        ],
        "request_id": "qmq_example",
        "csrf": "proof",
        "redirect_host": "app.example.org",
        "return_to": "/api/v2/oauth/authorize/resume?request=qmq_example",
    }
    return ConsentView(**{**shown, **more})  # type: ignore[arg-type]


@pytest.fixture
async def client(site: Site, user: User) -> Client:
    return await site.register(
        user,
        name="Mood <Tracker>",
        homepage_uri="https://app.example.org/",
        policy_uri="http://127.0.0.1:3000/privacy",
    )


def shown(site: Site, view: ConsentView) -> str:
    return bytes(consent_page(site.pages.renderer, view).body).decode()


async def test_it_names_who_asks_for_what_and_which_account_is_in_use(
    site: Site, client: Client, user: User
) -> None:
    text = shown(site, question(client, user))
    assert "<bdi>Mood &lt;Tracker&gt;</bdi>" in text
    assert "<bdi>Bob &lt;Builder&gt;</bdi>" in text
    assert "See your e-mail address" in text
    assert "Ann Example" in text
    assert "ann@example.org" in text
    assert "app.example.org" in text
    assert 'href="/account"' in text
    assert "<Tracker>" not in text


async def test_the_application_describes_itself_and_is_not_taken_at_its_word(
    site: Site, user: User
) -> None:
    assert 'class="says"' not in shown(site, question(await site.register(user), user))
    described = await site.register(user, description="Sleep <b>diary</b>\nfor shifts")
    text = shown(site, question(described, user))
    assert "The application describes itself" in text
    assert "<bdi>Sleep &lt;b&gt;diary&lt;/b&gt;\nfor shifts</bdi>" in text


async def test_its_buttons_have_the_ids_that_were_promised(
    site: Site, client: Client, user: User
) -> None:
    text = shown(site, question(client, user))
    for decision in ("allow", "deny"):
        assert f'type="submit" id="{decision}" name="decision" value="{decision}"' in text
    assert '<form method="post" action="/api/v2/oauth/authorize/decision">' in text
    assert 'name="request" value="qmq_example"' in text
    assert 'name="csrf" value="proof"' in text


async def test_another_account_comes_back_to_the_same_request(
    site: Site, client: Client, user: User
) -> None:
    text = shown(site, question(client, user))
    where = "/sign-in?return_to=/api/v2/oauth/authorize/resume%3Frequest%3Dqmq_example"
    assert f'href="{where}"' in text


async def test_only_https_links_of_the_application_are_shown_and_they_learn_nothing(
    site: Site, client: Client, user: User
) -> None:
    text = shown(site, question(client, user))
    link = re.search(r'<a href="https://app.example.org/"[^>]*>', text)
    assert link
    assert 'rel="noopener noreferrer nofollow"' in link[0]
    assert "127.0.0.1:3000" not in text


async def test_what_was_allowed_before_is_marked(site: Site, client: Client, user: User) -> None:
    text = shown(site, question(client, user, already=frozenset({"basic"})))
    assert text.count("You allowed this before") == 1


async def test_the_logo_comes_from_here(site: Site, client: Client, user: User) -> None:
    text = shown(site, question(client, user, has_logo=True))
    assert f'<img src="/logos/{client.id}" alt=""' in text


async def test_its_form_may_lead_to_the_client_and_a_pop_up_keeps_its_opener(
    site: Site, client: Client, user: User
) -> None:
    page = consent_page(
        site.pages.renderer, question(client, user), form_action=["https://app.example.org"]
    )
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://app.example.org;" in policy
    assert page.headers["cross-origin-opener-policy"] == "unsafe-none"
    assert page.headers["x-frame-options"] == "DENY"


def test_the_self_sending_form_escapes_and_allows_exactly_its_own_script(site: Site) -> None:
    page = form_post_page(
        site.pages.renderer,
        "https://app.example.org/cb?a=1&b=2",
        [("code", "qmc_1"), ("state", '"><script>alert(1)</script>')],
    )
    text = bytes(page.body).decode()
    assert text.count("<script") == 1
    assert f"<script>{SCRIPT}</script>" in text
    assert 'action="https://app.example.org/cb?a=1&amp;b=2"' in text
    assert "&#34;&gt;&lt;script&gt;" in text
    assert 'type="submit">Continue<' in text
    policy = page.headers["content-security-policy"]
    digest = b64encode(sha256(SCRIPT.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "form-action 'self' https:;" in policy
    assert "unsafe" not in policy
