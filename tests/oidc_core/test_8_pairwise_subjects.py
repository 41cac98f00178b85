"""Pairwise subject identifiers (OpenID Connect Core §8): two sectors cannot compare people."""

import re
from typing import Any

import msgspec
import pytest

from quantimodo.crypto.session_ids import client_sid
from quantimodo.measurements.payloads import parse_sets
from quantimodo.protocol.consent_details import TYPE
from quantimodo.protocol.discovery import END_SESSION
from support.app import CALLBACK, ME, USERINFO, App, AppHarness, response_of
from support.jwt_forgery import claims_of
from support.logout_receiver import LogoutReceiver
from support.registered_clients import registered

PAIRWISE = {"subject_type": "pairwise"}
LIST = "/api/v1/measurements"
ELSEWHERE = "https://other.example.net/callback"


async def subject(
    harness: AppHarness, app: App, browser: Any, redirect_uri: str | None = None
) -> str:
    changes = {} if redirect_uri is None else {"redirect_uri": redirect_uri}
    code = (await harness.authorize(browser, app, scope="openid", **changes)).code
    tokens = (await harness.redeem(app, code, **changes)).json()
    received = (await harness.call(tokens["access_token"], USERINFO)).json()
    found: str = claims_of(tokens["id_token"])["sub"]
    # OpenID Connect Core §5.3.2: userinfo and ID token MUST name the same subject.
    assert received["sub"] == found
    fresh = (await harness.refresh(app, tokens["refresh_token"])).json()
    assert claims_of(fresh["id_token"])["sub"] == found
    return found


async def test_it_differs_by_sector_and_person_and_stays(harness: AppHarness) -> None:
    ann = await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    here, same = await registered(harness, PAIRWISE), await registered(harness, PAIRWISE)
    there = await registered(harness, PAIRWISE, redirect_uris=(ELSEWHERE,))
    browser, bob = await harness.signed_in(), await harness.signed_in("bob@example.org")
    first = await subject(harness, here, browser)
    assert first == await subject(harness, here, browser)
    assert first == await subject(harness, same, browser), (
        "one host, one sector (OpenID Connect Core §8.1)"
    )
    others = {await subject(harness, there, browser, ELSEWHERE), await subject(harness, here, bob)}
    assert len(others | {first, ann.subject}) == 4
    assert ann.subject not in first


async def test_a_sector_document_joins_hosts(harness: AppHarness) -> None:
    await harness.person()
    sector = {**PAIRWISE, "sector_identifier_uri": "https://sector.example.org/uris.json"}
    one = await registered(harness, sector)
    two = await registered(harness, sector, redirect_uris=(ELSEWHERE,))
    browser = await harness.signed_in()
    assert await subject(harness, one, browser) == await subject(harness, two, browser, ELSEWHERE)


async def test_jwt_access_tokens_and_hybrid_responses_do_not_tell_more(harness: AppHarness) -> None:
    ann = await harness.person()
    kinds = frozenset({"code id_token token"})
    app = await registered(harness, PAIRWISE, token_format="jwt", response_types=kinds)
    browser = await harness.signed_in()
    requested = {"response_type": "code id_token token", "scope": "openid", "nonce": "n"}
    response = response_of(await harness.ask(browser, app, **requested)).parameters
    tokens = (await harness.redeem(app, response["code"])).json()
    subjects = {
        claims_of(token)["sub"]
        for token in (
            response["id_token"],
            response["access_token"],
            tokens["id_token"],
            tokens["access_token"],
        )
    }
    assert len(subjects) == 1
    assert ann.subject not in subjects


async def test_a_hint_names_the_person_by_the_apps_own_name(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness, PAIRWISE), await harness.signed_in()
    hint = (await harness.tokens(app, browser, scope="openid"))["id_token"]
    requested = await harness.ask(browser, app, scope="openid", prompt="none", id_token_hint=hint)
    assert response_of(requested).code


async def test_a_logout_token_names_the_person_as_the_app_knows_them(harness: AppHarness) -> None:
    ann = await harness.person()
    received = {"backchannel_logout_uri": "https://app.example.org/out"}
    app, browser = await registered(harness, {**PAIRWISE, **received}), await harness.signed_in()
    known = claims_of((await harness.tokens(app, browser, scope="openid"))["id_token"])
    [session] = await harness.context.stores.sessions.sessions_of(ann.id)
    [logout_recipient] = await harness.context.stores.logout_recipients.logout_recipients(
        session.sid
    )
    assert logout_recipient.subject == known["sub"]


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_introspection_names_the_person_as_the_app_knows_them(
    harness: AppHarness, token_format: str
) -> None:
    await harness.person()
    app = await registered(harness, PAIRWISE, token_format=token_format)
    tokens = await harness.tokens(app, scope="openid basic")
    known = claims_of(tokens["id_token"])["sub"]
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await harness.introspect(app, token))["sub"] == known
    server = await harness.app(resource_server=True)
    assert (await harness.introspect(server, tokens["access_token"]))["sub"] == known


async def test_nothing_of_a_person_is_the_same_at_two_sectors(harness: AppHarness) -> None:
    """All that two applications receive of one person, in one browser, has no value in common."""
    ann = await harness.person()
    scope = "openid basic readmeasurements profile"
    browser, received = await harness.signed_in(), []
    for uri in (CALLBACK, ELSEWHERE):
        app = await registered(harness, PAIRWISE, redirect_uris=(uri,), token_format="jwt")
        code = (await harness.authorize(browser, app, scope=scope, redirect_uri=uri)).code
        tokens = (await harness.redeem(app, code, redirect_uri=uri)).json()
        received.append(
            {
                "id token": claims_of(tokens["id_token"]),
                "access token": claims_of(tokens["access_token"]),
                "userinfo": (await harness.call(tokens["access_token"], USERINFO)).json(),
                "user/me": (await harness.call(tokens["access_token"], ME)).json(),
                "introspection": await harness.introspect(app, tokens["refresh_token"]),
            }
        )
    here, there = received
    for name, mine in here.items():
        given = {key for key, value in mine.items() if value is not None} - NOBODYS
        same = {key for key in given if mine[key] == there[name].get(key)}
        assert same <= {"displayName", "name", "acr"}, name
        assert not {repr(ann.id), repr(ann.subject), repr(ann.email)} & set(
            map(repr, mine.values())
        ), name
    assert here["user/me"]["sub"] == here["userinfo"]["sub"] == here["id token"]["sub"]


# Claims that do not identify a person.
NOBODYS = {"iss", "iat", "exp", "aud", "auth_time", "amr", "scope", "active", "updated_at"}
NOBODYS |= {"administrator", "emailVerified", "token_type"}
NOBODYS |= {"authorization_expires_in", "refresh_token_timeout"}


async def test_measurements_that_two_apps_may_read_have_one_id(harness: AppHarness) -> None:
    """Decision 0011: they can compare the same data, and nothing of data that one may not read."""
    ann = await harness.person()
    each = {"sourceName": "Test", "measurements": [{"startTime": 1_790_000_000, "value": 3}]}
    units = {"Sleep Quality": ("Sleep", "/5"), "Overall Mood": ("Emotions", "/5")}
    sets = [
        {**each, "variableName": name, "variableCategoryName": category, "abbreviatedUnitName": of}
        for name, (category, of) in units.items()
    ]
    body = msgspec.json.encode(sets)
    await harness.context.measurement_service.save(ann.id, parse_sets(body))
    scope, browser, found = "openid readmeasurements", await harness.signed_in(), []
    for uri, categories in (
        (CALLBACK, None),
        (ELSEWHERE, ["Sleep"]),
        ("https://third.example.com/callback", ["Emotions"]),
    ):
        app = await registered(harness, PAIRWISE, redirect_uris=(uri,))
        changes = {"scope": scope, "redirect_uri": uri}
        if categories:
            details = [{"type": TYPE, "actions": ["read"], "categories": categories}]
            changes["authorization_details"] = msgspec.json.encode(details).decode()
        code = (await harness.authorize(browser, app, **changes)).code
        token = (await harness.redeem(app, code, redirect_uri=uri)).json()["access_token"]
        found.append({one["id"] for one in (await harness.call(token, LIST)).json()})
    everything, sleep, mood = found
    assert (len(sleep), len(mood)) == (1, 1)
    assert everything == sleep | mood
    assert not sleep & mood


async def test_user_me_names_the_person_as_the_app_knows_them(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, PAIRWISE)
    known = await subject(harness, app, await harness.signed_in())
    for scope, email in (("basic", None), ("basic email", "ann@example.org")):
        token = (await harness.tokens(app, scope=scope))["access_token"]
        assert (await harness.call(token, ME)).json() == {
            "id": None,
            "sub": known,
            "displayName": "Ann Example",
            "loginName": None,
            "email": email,
            "emailVerified": email is not None,
            "administrator": False,
        }


async def test_userinfo_has_an_address_by_the_scope_email_only(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, PAIRWISE)
    for scope, shown in (("openid basic", False), ("openid email", True)):
        token = (await harness.tokens(app, scope=scope))["access_token"]
        assert ("email" in (await harness.call(token, USERINFO)).json()) is shown


@pytest.mark.parametrize("metadata", [{}, PAIRWISE])
async def test_each_app_has_its_own_session_id(
    harness: AppHarness, metadata: dict[str, str]
) -> None:
    ann = await harness.person()
    browser = await harness.signed_in()
    apps = [await registered(harness, metadata), await registered(harness, metadata)]
    sids = []
    for app in apps:
        tokens = await harness.tokens(app, browser, scope="openid")
        sids.append(claims_of(tokens["id_token"])["sid"])
        fresh = (await harness.refresh(app, tokens["refresh_token"])).json()
        assert claims_of(fresh["id_token"])["sid"] == sids[-1]
        assert (
            claims_of((await harness.tokens(app, browser, scope="openid"))["id_token"])["sid"]
            == (sids[-1])
        )
    [session] = await harness.context.stores.sessions.sessions_of(ann.id)
    assert len({*sids, session.sid}) == 3


async def test_every_channel_of_a_logout_names_the_apps_own_session_id(harness: AppHarness) -> None:
    await harness.person()
    browser, receiver, known = await harness.signed_in(), LogoutReceiver(), {}
    for number in (1, 2):
        app = await registered(
            harness,
            {
                **PAIRWISE,
                "backchannel_logout_uri": f"https://app{number}.example.org/back",
                "frontchannel_logout_uri": f"https://app{number}.example.org/front",
            },
        )
        hint = (await harness.tokens(app, browser, scope="openid"))["id_token"]
        known[f"app{number}"] = claims_of(hint)["sid"]
    # The hint belongs to this session, so there is no confirmation.
    page = await browser.get(END_SESSION, params={"id_token_hint": hint})
    frames = dict(re.findall(r'src="https://(app.)[^"]*sid=([0-9a-f]+)"', page.text))
    await receiver.backchannel_logout_sender(harness).send_due()
    tokens = {
        url[8:12]: claims_of(body["logout_token"][0])["sid"] for url, body in receiver.received
    }
    assert frames == known == tokens
    assert len(set(known.values())) == 2


async def test_a_session_from_before_keeps_the_session_id_that_its_apps_have() -> None:
    assert client_sid("0123456789abcdef" * 2, "app") == "0123456789abcdef" * 2
    assert client_sid("0123456789abcdef" * 4, "app") != client_sid("0123456789abcdef" * 4, "other")
