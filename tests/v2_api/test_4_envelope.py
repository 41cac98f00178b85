"""Contract §4: the answer that both social endpoints give, the JWT in it, and whom it names."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from elsewhere import (
    AUTHORIZE_CODE,
    AUTHORIZE_TOKEN,
    Elsewhere,
    login_code,
    login_token,
    profile,
    redeem_login,
)
from forgery import claims_of, header_of
from quantimodo.app.social import login_tokens
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.ports.stores import Unavailable
from world import AUTHORIZE, INTROSPECT, ISSUER, ME, USERINFO, World, Worlds

OF_2016 = {
    "accept": "application/json",
    "content-type": "application/json",
    "authorization": "Bearer ",
}


@pytest.fixture
def google() -> Elsewhere:
    methods = ("pwd", "otp")
    gia = profile(
        email="gia@example.org", email_verified=True, email_authoritative=True, methods=methods
    )
    return Elsewhere(people={"gia": gia})


@pytest.fixture
async def world(worlds: Worlds, google: Elsewhere) -> AsyncIterator[World]:
    async with worlds([google]) as opened:
        yield opened


async def answers(world: World) -> list[httpx.Response]:
    """One of each endpoint."""
    code = await login_code(world)
    token = {"provider": "google", "accessToken": "gia"}
    return [
        await redeem_login(world, code),
        await redeem_login(world, "gia"),
        await world.browser().get(AUTHORIZE_TOKEN, params=token),
    ]


async def test_the_envelope_is_as_apps_of_2016_read_it(world: World) -> None:
    await world.app()
    for number, answer in enumerate(await answers(world)):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        body = answer.json()
        (user,) = await world.house.stores.users()
        token = body["data"].pop("token")
        assert token.count(".") == 2
        assert body == {
            "success": True,
            "data": {
                "tokenType": "Bearer",
                "expiresIn": 600,
                "newUser": number == 0,
                "user": {
                    "id": user.id,
                    "displayName": "Gia Example",
                    "loginName": "gia@example.org",
                    "email": "gia@example.org",
                    "emailVerified": True,
                },
            },
        }


async def test_a_person_without_an_address_has_null_there(world: World, google: Elsewhere) -> None:
    google.people["gia"] = profile()
    answer = await redeem_login(world, "gia")
    user = answer.json()["data"]["user"]
    assert user["email"] is None
    assert user["loginName"]


async def test_the_jwt_says_who_how_and_for_whom(world: World) -> None:
    await world.app()
    now = int(world.house.clock.now().timestamp())
    jtis, origins = set(), []
    for answer in await answers(world):
        token = answer.json()["data"]["token"]
        header, claims = header_of(token), claims_of(token)
        (user,) = await world.house.stores.users()
        assert header["typ"] == "login+jwt"
        assert header["alg"] == "ES256"
        keys = (await world.browser().get("/.well-known/jwks.json")).json()["keys"]
        assert header["kid"] in [key["kid"] for key in keys]
        jtis.add(claims.pop("jti"))
        origins.append((claims.pop("via"), "azp" in claims, claims.pop("landing", {}).keys()))
        claims.pop("azp", None)
        assert claims == {
            "iss": ISSUER,
            "sub": user.subject,
            "aud": f"{ISSUER}/api/v2/oauth/authorize",
            "iat": now,
            "exp": now + 600,
            "auth_time": now,
            "amr": ["pwd", "otp"],
            "idp": "google",
        }
    assert len(jtis) == 3
    bought = ("login_code", True, {"https", "sha256"})
    assert origins == [bought, ("provider", False, set()), ("provider", False, set())]


async def test_the_jwt_is_bound_to_the_app_whose_address_it_came_by(world: World) -> None:
    app = await world.app()
    assert claims_of(await login_token(world))["azp"] == app.id
    other = await world.app(name="Another one at the same address")
    claims = claims_of(await login_token(world))
    assert "azp" not in claims
    assert set(claims["clients"]) == {app.id, other.id}


async def test_no_resource_takes_the_jwt(world: World) -> None:
    app = await world.app(resource_server=True)
    token = await login_token(world)
    for path in (ME, USERINFO):
        for answer in (
            await world.call(token, path),
            await world.browser().get(path, params={"access_token": token}),
        ):
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert await world.introspect(app, token) == {"active": False}
    assert (await world.post(INTROSPECT, app, {"token": token})).status_code == 200


async def test_nobody_keeps_the_jwt(world: World) -> None:
    await world.app()
    token = await login_token(world)
    assert token not in str(world.rows())
    assert token.rpartition(".")[2] not in str(world.rows())


# ------------------------------------------------------------------------ how it may be asked


async def test_authorizecode_is_taken_by_query_form_and_json_in_both_spellings(
    world: World,
) -> None:
    app = await world.app()
    browser = world.browser()
    for spelled in ("clientId", "client_id"):
        fields = {"provider": "google", spelled: app.id}
        for answer in (
            await browser.get(AUTHORIZE_CODE, params={**fields, "code": await login_code(world)}),
            await browser.post(AUTHORIZE_CODE, data={**fields, "code": await login_code(world)}),
            await browser.post(AUTHORIZE_CODE, json={**fields, "code": await login_code(world)}),
        ):
            assert answer.status_code == 200, answer.text


async def test_the_headers_of_a_generated_client_change_nothing(world: World) -> None:
    await world.person(email="other@example.org")
    await world.app()
    mine = await world.tokens(await world.app(), await world.signed_in("other@example.org"))
    for bearer in ("Bearer ", "Bearer", f"Bearer {mine['access_token']}", "Bearer x y z"):
        headers = {**OF_2016, "authorization": bearer}
        query = {"provider": "google", "code": await login_code(world)}
        answer = await world.browser().get(AUTHORIZE_CODE, params=query, headers=headers)
        assert answer.status_code == 200, bearer
        assert answer.json()["data"]["user"]["displayName"] == "Gia Example"
        native = {"provider": "google", "accessToken": "gia"}
        answer = await world.browser().get(AUTHORIZE_TOKEN, params=native, headers=headers)
        assert answer.status_code == 200, bearer


async def test_a_script_of_any_origin_may_ask(world: World) -> None:
    await world.app()
    origin = {"origin": "https://app.example.org"}
    for path in (AUTHORIZE_CODE, AUTHORIZE_TOKEN):
        asked = {
            **origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type, authorization",
        }
        allowed = await world.browser().options(path, headers=asked)
        assert allowed.headers["access-control-allow-origin"] == "*"
        assert "POST" in allowed.headers["access-control-allow-methods"]
        assert "Content-Type" in allowed.headers["access-control-allow-headers"]
        assert "Authorization" in allowed.headers["access-control-allow-headers"]
    query = {"provider": "google", "code": await login_code(world)}
    answer = await world.browser().get(AUTHORIZE_CODE, params=query, headers=origin)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    refused = await world.browser().get(AUTHORIZE_CODE, headers=origin)
    assert refused.headers["access-control-allow-origin"] == "*"


async def test_bad_input_is_a_400_in_the_envelope(world: World) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    js = {"content-type": "application/json"}
    good = "provider=google&code=gia"
    for path in (AUTHORIZE_CODE, AUTHORIZE_TOKEN):
        for answer in (
            await world.browser().get(path),
            await world.browser().get(f"{path}?provider=google"),
            await world.browser().get(f"{path}?provider=%FF&code=x"),
            await world.browser().get(f"{path}?{good}&provider=google"),
            await world.browser().get(f"{path}?{'&'.join(f'a{n}=b' for n in range(99))}"),
            await world.browser().post(path),
            await world.browser().post(path, content=good),
            await world.browser().post(path, content=good, headers=js),
            await world.browser().post(path, content="[]", headers=js),
            await world.browser().post(path, json={"provider": ["google"], "code": "gia"}),
            await world.browser().post(path, content=b"provider=\xff", headers=form),
            await world.browser().post(
                path, content=good, headers=[*form.items(), ("content-type", "text/plain")]
            ),
        ):
            assert answer.status_code == 400, answer.text
            body = answer.json()
            assert body["success"] is False
            assert body["error"] == {"code": "invalid_request", "message": body["message"]}


async def test_a_code_in_an_address_is_no_shape_to_be_rid_of(worlds: Worlds) -> None:
    google = Elsewhere(people={"gia": profile()})
    async with worlds([google], legacy_transport="false") as world:
        await world.app()
        assert (await redeem_login(world, await login_code(world))).status_code == 200
        assert "quantimodo_legacy_total{" not in await world.metrics()


# ------------------------------------------------------------------------------ whom it names


async def test_closed_sign_up_and_disabled_people_are_403(
    worlds: Worlds, google: Elsewhere
) -> None:
    async with worlds([google], sign_up="closed") as world:
        answer = await redeem_login(world, "gia")
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "access_denied"
        assert not world.rows()["users"]


async def test_an_address_of_which_the_provider_is_the_master_links_by_itself(
    world: World, google: Elsewhere
) -> None:
    person = await world.person(email="ann@example.org")
    google.people["gia"] = profile(
        email="ann@example.org", email_verified=True, email_authoritative=True
    )
    data = (await redeem_login(world, "gia")).json()["data"]
    assert (data["user"]["id"], data["newUser"]) == (person.id, False)


async def test_a_database_that_cannot_answer_is_a_503_in_the_envelope(
    world: World, google: Elsewhere
) -> None:
    google.fault = Unavailable("no database")
    answer = await redeem_login(world, "gia")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "temporarily_unavailable"
    assert answer.headers["retry-after"] == "1"


async def test_the_jwt_does_not_sign_in_at_any_page(world: World) -> None:
    app = await world.app()
    token = await login_token(world)
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/account", "/developers", "/account/profile"):
        answer = await world.browser().get(path, params={"token": token}, headers=headers)
        assert answer.headers["location"].startswith("/sign-in?")
    answer = await world.browser().get(
        f"{AUTHORIZE}/resume", params={"request": token}, headers=headers
    )
    assert answer.status_code == 400
    assert app.id


@pytest.mark.parametrize("apps", [1, 2])
async def test_an_app_with_pairwise_subjects_gets_no_name_that_others_have(
    world: World, apps: int
) -> None:
    """OpenID Connect Core §8: neither in the envelope nor in the JWT. Where two applications share
    the address, what it is good for is both."""
    registered = [await world.app(first_party=True) for _ in range(apps)]
    await world.register_again(registered[0], metadata=ClientMetadata(subject_type="pairwise"))
    answer = await redeem_login(world, await login_code(world))
    (user,) = await world.house.stores.users()
    assert user.subject not in answer.text
    person = answer.json()["data"]["user"]
    subject = person.pop("sub", None)
    assert person == {
        "id": None,
        "displayName": "Gia Example",
        "loginName": None,
        "email": None,
        "emailVerified": False,
    }
    browser = await world.signed_in("gia@example.org")
    tokens = await world.tokens(registered[0], browser, scope="openid")
    known = claims_of(tokens["id_token"])["sub"]
    assert subject == (known if apps == 1 else None)
    token = answer.json()["data"]["token"]
    assert user.subject not in str(claims_of(token))
    found = await login_tokens(world.house).verify(token)
    assert found is not None
    assert found.user == user
    again = await redeem_login(world, await login_code(world))
    assert claims_of(again.json()["data"]["token"])["sub"] != claims_of(token)["sub"]


async def test_a_sealed_subject_of_another_secret_key_names_nobody(world: World) -> None:
    app = await world.app()
    await world.register_again(app, metadata=ClientMetadata(subject_type="pairwise"))
    token = (await redeem_login(world, await login_code(world))).json()["data"]["token"]
    other = Envelope([b"o" * 32], world.house.entropy)
    assert await replace(login_tokens(world.house), envelope=other).verify(token) is None
