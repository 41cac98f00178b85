"""The `claims` parameter and `acr_values` (OpenID Connect Core §5.4, §5.5, §3.1.2.1)."""

import json
from typing import Any

import httpx
import pytest

from quantimodo.model.user_profiles import Address, Profile
from quantimodo.model.users import User
from support.app import SESSION, USERINFO, AppHarness, form_fields, response_of
from support.jwt_forgery import claims_of, verified
from support.registered_clients import registered
from support.second_factor import RIGHT, FakeSecondFactor, add_second_factor

WHOLE = Profile(
    given_name="Ann",
    family_name="Example",
    middle_name="Fake",
    nickname="annie",
    preferred_username="ann.example",
    profile="https://ann.example.org/",
    picture="https://ann.example.org/ann.png",
    website="https://ann.example.org/site",
    gender="female",
    birthdate="1990-01-31",
    zoneinfo="Europe/Berlin",
    locale="en-GB",
    address=Address(street_address="1 Fake Street", locality="Nowhere", country="XX"),
    phone_number="+10000000000",
    phone_number_verified=True,
)
OF_SCOPE = {
    "profile": {
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    },
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
}


async def ann_with_all(harness: AppHarness) -> None:
    ann = await harness.person()
    await harness.context.stores.profiles.save_profile(ann.id, WHOLE, harness.context.clock.now())


async def received(harness: AppHarness, tokens: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = (await harness.call(tokens["access_token"], USERINFO)).json()
    return response


def asking(**members: Any) -> str:
    return json.dumps(members)


@pytest.mark.parametrize("scope", list(OF_SCOPE))
async def test_each_scope_opens_its_claims_and_no_others(harness: AppHarness, scope: str) -> None:
    # OpenID Connect Core §5.4
    await ann_with_all(harness)
    tokens = await harness.tokens(await harness.app(), scope=f"openid {scope}")
    assert set(await received(harness, tokens)) == {"sub"} | OF_SCOPE[scope]
    assert not set(claims_of(tokens["id_token"])) & OF_SCOPE[scope]


async def test_the_claims_have_the_types_of_the_specification(harness: AppHarness) -> None:
    # OpenID Connect Core §5.1
    await ann_with_all(harness)
    scope = "openid profile email address phone"
    claims = await received(harness, await harness.tokens(await harness.app(), scope=scope))
    assert claims["address"] == {
        "street_address": "1 Fake Street",
        "locality": "Nowhere",
        "country": "XX",
    }
    assert claims["phone_number_verified"] is True
    assert claims["email_verified"] is True
    assert isinstance(claims["updated_at"], int)
    assert all(value not in ("", None, {}) for value in claims.values())


async def test_unknown_claims_are_absent(harness: AppHarness) -> None:
    await harness.person()
    scope = "openid profile email address phone"
    claims = await received(harness, await harness.tokens(await harness.app(), scope=scope))
    assert set(claims) == {"sub", "name", "updated_at", "email", "email_verified"}


async def test_without_an_access_token_the_claims_are_in_the_id_token(harness: AppHarness) -> None:
    # OpenID Connect Core §5.4
    await ann_with_all(harness)
    app = await registered(harness, {}, response_types=frozenset({"id_token"}))
    response = response_of(
        await harness.ask(
            await harness.signed_in(),
            app,
            response_type="id_token",
            scope="openid profile phone",
            nonce="n",
        )
    )
    claims = await verified(harness, response.parameters["id_token"], "RS256")
    assert OF_SCOPE["profile"] | OF_SCOPE["phone"] <= set(claims)


async def test_individually_requested_claims_are_returned_where_requested(
    harness: AppHarness,
) -> None:
    await ann_with_all(harness)
    wanted = asking(
        userinfo={"nickname": None, "email": {"essential": True}},
        id_token={"birthdate": None, "auth_time": {"essential": True}},
        elsewhere={"gender": None},
    )
    tokens = await harness.tokens(await harness.app(), scope="openid", claims=wanted)
    assert set(await received(harness, tokens)) == {"sub", "nickname", "email"}
    in_token = claims_of(tokens["id_token"])
    assert in_token["birthdate"] == "1990-01-31"
    assert "auth_time" in in_token
    assert not {"nickname", "email", "gender"} & set(in_token)


async def test_the_consent_page_shows_what_single_claims_open(harness: AppHarness) -> None:
    # security.md §8: only what was shown is granted.
    await ann_with_all(harness)
    app, browser = await harness.app(), await harness.signed_in()
    wanted = asking(userinfo={"email": None})
    await harness.authorize(browser, app, scope="openid")
    page = await harness.ask(browser, app, scope="openid", claims=wanted)
    assert page.status_code == 200, "more than was allowed before is asked anew"
    assert "See your e-mail address" in page.text
    response = response_of(await harness.decide(browser, page))
    assert "email" in await received(harness, (await harness.redeem(app, response.code)).json())
    assert response_of(await harness.ask(browser, app, scope="openid", claims=wanted)).code


async def test_a_claim_whose_scope_the_app_may_not_have_is_left_out(harness: AppHarness) -> None:
    await ann_with_all(harness)
    app = await harness.app(scope=frozenset({"openid", "profile"}))
    wanted = asking(userinfo={"email": None, "nickname": None})
    tokens = await harness.tokens(app, scope="openid", claims=wanted)
    assert set(await received(harness, tokens)) == {"sub", "nickname"}


async def test_they_stay_with_the_authorization_through_refreshes(harness: AppHarness) -> None:
    await ann_with_all(harness)
    app = await harness.app()
    wanted = asking(userinfo={"nickname": None}, id_token={"acr": None})
    tokens = await harness.tokens(app, scope="openid", claims=wanted)
    fresh = (await harness.refresh(app, tokens["refresh_token"])).json()
    assert set(await received(harness, fresh)) == {"sub", "nickname"}
    assert claims_of(fresh["id_token"])["acr"] == "2"


async def test_a_jwt_access_token_opens_them_too(harness: AppHarness) -> None:
    await ann_with_all(harness)
    app = await harness.app(token_format="jwt")
    tokens = await harness.tokens(app, scope="openid", claims=asking(userinfo={"nickname": None}))
    assert set(await received(harness, tokens)) == {"sub", "nickname"}


@pytest.mark.parametrize("wrong", ["x", "[]", '{"userinfo":[]}', '{"id_token":1}', "[" * 5000])
async def test_an_invalid_claims_request_is_refused(harness: AppHarness, wrong: str) -> None:
    response = response_of(
        await harness.ask(harness.browser(), await harness.app(), scope="openid", claims=wrong)
    )
    assert response.parameters["error"] == "invalid_request"


async def test_odd_members_are_passed_over(harness: AppHarness) -> None:
    # OpenID Connect Core §5.5: what is not understood is ignored.
    await ann_with_all(harness)
    wanted = asking(
        userinfo={"nickname": 5, "shoe_size": None, "name#de": None, "sub": {"value": 7}},
        id_token={"acr": "x", "iss": None},
    )
    tokens = await harness.tokens(await harness.app(), scope="openid", claims=wanted)
    assert set(await received(harness, tokens)) == {"sub", "nickname"}


@pytest.mark.parametrize(
    ("parameters", "acr"),
    [
        ({}, None),
        ({"acr_values": "1 2"}, "1"),
        ({"acr_values": "2"}, "2"),
        ({"acr_values": "urn:example:gold 2"}, "2"),
        ({"acr_values": "urn:example:gold"}, "2"),
        ({"claims": asking(id_token={"acr": {"essential": True, "values": ["9", "1"]}})}, "1"),
        ({"claims": asking(id_token={"acr": {"value": "2"}}), "acr_values": "1"}, "2"),
    ],
)
async def test_acr_is_of_the_asked_ones_and_never_unasked(
    harness: AppHarness, parameters: dict[str, str], acr: str | None
) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app(), scope="openid", **parameters)
    assert claims_of(tokens["id_token"]).get("acr") == acr


def essential(*values: str) -> str:
    return asking(id_token={"acr": {"essential": True, "values": list(values)}})


async def with_two_factors(harness: AppHarness, user: User) -> httpx.AsyncClient:
    """A browser whose session began with a second factor."""
    cookie = await harness.context.sessions.start(
        user, methods=("pwd", "otp", "mfa"), address="192.0.2.7", agent="a test", replaces=None
    )
    browser = harness.browser()
    browser.cookies.set(SESSION, cookie.reveal(), domain="id.example.org")
    return browser


@pytest.mark.parametrize(
    ("parameters", "acr"),
    [
        ({"acr_values": "3"}, "3"),
        ({"acr_values": "1 3"}, "1"),
        ({"acr_values": "urn:example:gold"}, "3"),
        ({"claims": asking(id_token={"acr": None})}, "3"),
        ({"claims": essential("3")}, "3"),
    ],
)
async def test_a_sign_in_with_a_second_factor_reaches_acr_3(
    harness: AppHarness, parameters: dict[str, str], acr: str
) -> None:
    browser = await with_two_factors(harness, await harness.person())
    tokens = await harness.tokens(await harness.app(), browser, scope="openid", **parameters)
    assert claims_of(tokens["id_token"])["acr"] == acr
    assert claims_of(tokens["id_token"])["amr"] == ["pwd", "otp", "mfa"]


@pytest.mark.parametrize("acr_values", ["3", "3 2"])
async def test_a_sign_in_with_one_factor_never_claims_acr_3(
    harness: AppHarness, acr_values: str
) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app(), scope="openid", acr_values=acr_values)
    assert claims_of(tokens["id_token"])["acr"] == "2"


async def test_acr_values_of_3_step_up_a_person_who_has_a_second_factor(
    harness: AppHarness,
) -> None:
    """RFC 9470 §5. Without a second factor the best sign-in there is suffices."""
    ann = await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    await add_second_factor(harness, FakeSecondFactor({ann.id}))
    app = await harness.app()
    for email, stepped_up in (("ann@example.org", True), ("bob@example.org", False)):
        browser = await harness.signed_in(email)
        harness.advance(seconds=1)
        requested = await harness.ask(browser, app, scope="openid", acr_values="3")
        to_sign_in = requested.headers.get("location", "").startswith("/sign-in?")
        assert to_sign_in is stepped_up
        if not stepped_up:
            continue
        resume = await harness.sign_in(browser, address=requested.headers["location"])
        factor = (await browser.get(resume)).headers["location"]
        fields = form_fields((await browser.get(factor)).text)
        response = await browser.post("/sign-in/second-factor", data={**fields, "code": RIGHT})
        consent = await browser.get(response.headers["location"])
        code = response_of(await harness.decide(browser, consent)).parameters["code"]
        tokens = (await harness.redeem(app, code)).json()
        assert claims_of(tokens["id_token"])["acr"] == "3"
        introspected = await harness.introspect(app, tokens["access_token"])
        assert introspected["acr"] == "3", "RFC 9470 §6.2"


async def test_an_essential_acr_that_the_sign_in_does_not_reach_asks_for_another_one(
    harness: AppHarness,
) -> None:
    """OpenID Connect Core §5.5.1.1: then it fails."""
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    requested = {"scope": "openid", "claims": essential("3")}
    harness.advance(seconds=1)
    silent = response_of(await harness.ask(browser, app, prompt="none", **requested))
    assert silent.parameters["error"] == "login_required"
    to_sign_in = await harness.ask(browser, app, **requested)
    assert to_sign_in.headers["location"].startswith("/sign-in?")
    resume = await harness.sign_in(browser, address=to_sign_in.headers["location"])
    consent = await browser.get(resume)
    refused = response_of(await harness.decide(browser, consent))
    assert refused.parameters["error"] == "unmet_authentication_requirements"


async def test_discovery_names_the_acr_values_that_a_sign_in_can_reach(
    harness: AppHarness,
) -> None:
    document = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert document["acr_values_supported"] == ["1", "2", "3"]


async def test_an_essential_acr_that_cannot_be_met_fails(harness: AppHarness) -> None:
    # OpenID Connect Core §5.5.1.1
    await harness.person()
    wanted = asking(id_token={"acr": {"essential": True, "value": "urn:example:gold"}})
    response = response_of(
        await harness.ask(
            await harness.signed_in(), await harness.app(), scope="openid", claims=wanted
        )
    )
    assert response.parameters["error"] == "unmet_authentication_requirements"


async def test_the_registered_acr_and_max_age_hold_for_requests_that_say_nothing(
    harness: AppHarness,
) -> None:
    # OpenID Connect Registration §2: default_acr_values, default_max_age.
    await harness.person()
    app = await registered(harness, {"default_acr_values": ("1",), "default_max_age": 60})
    browser = await harness.signed_in()
    assert claims_of((await harness.tokens(app, browser, scope="openid"))["id_token"])["acr"] == "1"
    harness.advance(minutes=10)
    again = await harness.ask(browser, app, scope="openid", prompt="none")
    assert response_of(again).parameters["error"] == "login_required"
    own = await harness.ask(browser, app, scope="openid", prompt="none", max_age="3600")
    assert response_of(own).code


async def test_only_the_person_that_is_asked_for_is_answered_for(harness: AppHarness) -> None:
    # OpenID Connect Core §5.5.1: `sub` with a value.
    ann = await harness.person()
    bob = await harness.person("bob@example.org", "Bob Example")
    app, browser = await registered(harness, {}), await harness.signed_in()
    for user, word in ((ann, "code"), (bob, "error")):
        wanted = asking(id_token={"sub": {"value": user.subject}})
        response = await harness.ask(browser, app, scope="openid", claims=wanted, prompt="none")
        assert word in response_of(response).parameters
