"""The consent page (v2-api.md §5; security.md §8, §11) and the self-sending form."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.read_limits import ReadLimits, ReadPolicy
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.authorization.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.authorization.consent_offer_reader import ConsentOfferReader
from quantimodo.pages.authorization.form_post import SCRIPT, form_post_page
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
    assert 'class="description-quote"' not in shown(site, question(await site.register(user), user))
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


async def test_earlier_allowed_scopes_are_marked(site: Site, client: Client, user: User) -> None:
    text = shown(site, question(client, user, already=frozenset({"basic"})))
    assert text.count("You allowed this before") == 1


HEALTH = [
    ScopeLine("basic", "See who you are", "Your name."),
    ScopeLine("readmeasurements", "Read your measurements", "Everything."),
    ScopeLine("offline_access", "Stay connected", "Until you take it back."),
]


async def test_health_data_comes_first_and_what_is_about_the_person_is_folded(
    site: Site, client: Client, user: User
) -> None:
    text = shown(site, question(client, user, scopes=HEALTH))
    places = [text.index(each) for each in ("Health data", "Sensitive", "About you", "Stay conn")]
    assert places == sorted(places)
    assert '<details class="requested-scopes">' in text
    without = shown(site, question(client, user))
    assert "Health data" not in without
    assert '<details class="requested-scopes" open>' in without


@pytest.mark.parametrize(
    ("changed", "badge"),
    [
        ({}, "Not reviewed by this server&#39;s operator"),
        ({"registration_digest": b"0" * 32, "owner_id": None}, "Not reviewed by"),
        ({"owner_id": None}, "Registered by this server&#39;s operator"),
        ({"metadata": ClientMetadata(reviewed=True)}, "Reviewed by this server&#39;s operator"),
        ({"first_party": True}, "Reviewed by this server&#39;s operator"),
    ],
)
async def test_the_page_says_whether_the_operator_knows_the_application(
    site: Site, client: Client, user: User, changed: dict[str, Any], badge: str
) -> None:
    text = shown(site, question(replace(client, **changed), user))
    assert badge.replace("&#39;", "'") in text
    assert "Registered here since <time" in text


async def record(site: Site, user: User, name: str, category: str, days: int) -> None:
    nights = [
        SentMeasurement(start_time=1_794_000_000 + 86_400 * day, value=3) for day in range(days)
    ]
    sent = SentSet(
        measurements=nights,
        variable_name=name,
        variable_category_name=category,
        abbreviated_unit_name="/5",
        source_name="diary",
    )
    await site.pages.measurement_service.save(user.id, [sent])


def offers(site: Site, policy: ReadPolicy) -> ConsentOfferReader:
    pages = site.pages
    return ConsentOfferReader(
        pages.measurement_service,
        pages.references,
        ReadLimits(policy),
        pages.profiles,
        pages.consent_services.offers.resources,
        pages.clock,
    )


async def test_it_shows_what_the_application_could_read_now(
    site: Site, client: Client, user: User
) -> None:
    scope = frozenset({"readmeasurements"})
    await record(site, user, "Sleep Quality", "Sleep", 14)
    await record(site, user, "Hours of Sleep", "Sleep", 2)
    await record(site, user, "Overall Mood", "Emotions", 1)
    offer = await offers(site, ReadPolicy()).of(user, scope, frozenset())
    text = shown(site, question(client, user, scopes=HEALTH, offer=offer))
    assert "Sleep: 16 entries since November" in text
    assert "Emotions: 1 entry since November" in text
    written = replace(offer, scope=frozenset({"writemeasurements"}))
    assert "could read now" not in shown(site, question(client, user, scopes=HEALTH, offer=written))


async def test_it_is_shown_without_numbers_when_they_take_too_long(
    site: Site, client: Client, user: User
) -> None:
    await record(site, user, "Sleep Quality", "Sleep", 14)
    slow = offers(site, ReadPolicy(seconds=0))
    offer = await slow.of(user, frozenset({"readmeasurements"}), frozenset())
    assert not offer.previewed
    assert "could read now" not in shown(site, question(client, user, scopes=HEALTH, offer=offer))
    assert "Sleep" in [each.name for each in offer.categories]


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
