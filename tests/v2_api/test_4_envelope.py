"""v2-api.md §4: the response that both social endpoints give, the JWT in it, and whom it names."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from quantimodo.app.composition.social import login_tokens
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.ports.stores import Unavailable
from support.app import AUTHORIZE, INTROSPECT, ISSUER, ME, USERINFO, AppHarness, OpenHarness
from support.fake_provider import (
    AUTHORIZE_CODE,
    AUTHORIZE_TOKEN,
    FakeUpstream,
    login_code,
    login_token,
    profile,
    redeem_login,
)
from support.jwt_forgery import claims_of, header_of

OF_2016 = {
    "accept": "application/json",
    "content-type": "application/json",
    "authorization": "Bearer ",
}


@pytest.fixture
def google() -> FakeUpstream:
    methods = ("pwd", "otp")
    gia = profile(
        email="gia@example.org", email_verified=True, email_authoritative=True, methods=methods
    )
    return FakeUpstream(people={"gia": gia})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google]) as opened:
        yield opened


async def responses(harness: AppHarness) -> list[httpx.Response]:
    """One of each endpoint."""
    code = await login_code(harness)
    token = {"provider": "google", "accessToken": "gia"}
    return [
        await redeem_login(harness, code),
        await redeem_login(harness, "gia"),
        await harness.browser().get(AUTHORIZE_TOKEN, params=token),
    ]


async def test_the_envelope_is_as_apps_of_2016_read_it(harness: AppHarness) -> None:
    await harness.app()
    for number, response in enumerate(await responses(harness)):
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
        body = response.json()
        (user,) = await harness.context.stores.users.users()
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


async def test_a_person_without_an_address_has_null_there(
    harness: AppHarness, google: FakeUpstream
) -> None:
    google.people["gia"] = profile()
    response = await redeem_login(harness, "gia")
    user = response.json()["data"]["user"]
    assert user["email"] is None
    assert user["loginName"]


async def test_the_jwt_says_who_how_and_for_whom(harness: AppHarness) -> None:
    await harness.app()
    now = int(harness.context.clock.now().timestamp())
    jtis, origins = set(), []
    for response in await responses(harness):
        token = response.json()["data"]["token"]
        header, claims = header_of(token), claims_of(token)
        (user,) = await harness.context.stores.users.users()
        assert header["typ"] == "login+jwt"
        assert header["alg"] == "ES256"
        keys = (await harness.browser().get("/.well-known/jwks.json")).json()["keys"]
        assert header["kid"] in [key["kid"] for key in keys]
        jtis.add(claims.pop("jti"))
        origins.append((claims.pop("via"), "azp" in claims, claims.pop("redirect", {}).keys()))
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


async def test_the_jwt_is_bound_to_the_app_whose_address_it_came_by(harness: AppHarness) -> None:
    app = await harness.app()
    assert claims_of(await login_token(harness))["azp"] == app.id
    other = await harness.app(name="Another one at the same address")
    claims = claims_of(await login_token(harness))
    assert "azp" not in claims
    assert set(claims["clients"]) == {app.id, other.id}


async def test_no_resource_takes_the_jwt(harness: AppHarness) -> None:
    app = await harness.app(resource_server=True)
    token = await login_token(harness)
    for path in (ME, USERINFO):
        for response in (
            await harness.call(token, path),
            await harness.browser().get(path, params={"access_token": token}),
        ):
            assert response.status_code == 401
            assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert await harness.introspect(app, token) == {"active": False}
    assert (await harness.post(INTROSPECT, app, {"token": token})).status_code == 200


async def test_the_jwt_is_not_stored(harness: AppHarness) -> None:
    await harness.app()
    token = await login_token(harness)
    assert token not in str(harness.rows())
    assert token.rpartition(".")[2] not in str(harness.rows())


# ------------------------------------------------------------------------ how it may be asked


async def test_authorizecode_is_taken_by_query_form_and_json_in_both_spellings(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    browser = harness.browser()
    for spelled in ("clientId", "client_id"):
        fields = {"provider": "google", spelled: app.id}
        for response in (
            await browser.get(AUTHORIZE_CODE, params={**fields, "code": await login_code(harness)}),
            await browser.post(AUTHORIZE_CODE, data={**fields, "code": await login_code(harness)}),
            await browser.post(AUTHORIZE_CODE, json={**fields, "code": await login_code(harness)}),
        ):
            assert response.status_code == 200, response.text


async def test_the_headers_of_a_generated_client_change_nothing(harness: AppHarness) -> None:
    await harness.person(email="other@example.org")
    await harness.app()
    mine = await harness.tokens(await harness.app(), await harness.signed_in("other@example.org"))
    for bearer in ("Bearer ", "Bearer", f"Bearer {mine['access_token']}", "Bearer x y z"):
        headers = {**OF_2016, "authorization": bearer}
        query = {"provider": "google", "code": await login_code(harness)}
        response = await harness.browser().get(AUTHORIZE_CODE, params=query, headers=headers)
        assert response.status_code == 200, bearer
        assert response.json()["data"]["user"]["displayName"] == "Gia Example"
        native = {"provider": "google", "accessToken": "gia"}
        response = await harness.browser().get(AUTHORIZE_TOKEN, params=native, headers=headers)
        assert response.status_code == 200, bearer


async def test_a_script_of_any_origin_may_ask(harness: AppHarness) -> None:
    await harness.app()
    origin = {"origin": "https://app.example.org"}
    for path in (AUTHORIZE_CODE, AUTHORIZE_TOKEN):
        requested = {
            **origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type, authorization",
        }
        allowed = await harness.browser().options(path, headers=requested)
        assert allowed.headers["access-control-allow-origin"] == "*"
        assert "POST" in allowed.headers["access-control-allow-methods"]
        assert "Content-Type" in allowed.headers["access-control-allow-headers"]
        assert "Authorization" in allowed.headers["access-control-allow-headers"]
    query = {"provider": "google", "code": await login_code(harness)}
    response = await harness.browser().get(AUTHORIZE_CODE, params=query, headers=origin)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers
    refused = await harness.browser().get(AUTHORIZE_CODE, headers=origin)
    assert refused.headers["access-control-allow-origin"] == "*"


async def test_bad_input_is_a_400_in_the_envelope(harness: AppHarness) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    js = {"content-type": "application/json"}
    good = "provider=google&code=gia"
    for path in (AUTHORIZE_CODE, AUTHORIZE_TOKEN):
        for response in (
            await harness.browser().get(path),
            await harness.browser().get(f"{path}?provider=google"),
            await harness.browser().get(f"{path}?provider=%FF&code=x"),
            await harness.browser().get(f"{path}?{good}&provider=google"),
            await harness.browser().get(f"{path}?{'&'.join(f'a{n}=b' for n in range(99))}"),
            await harness.browser().post(path),
            await harness.browser().post(path, content=good),
            await harness.browser().post(path, content=good, headers=js),
            await harness.browser().post(path, content="[]", headers=js),
            await harness.browser().post(path, json={"provider": ["google"], "code": "gia"}),
            await harness.browser().post(path, content=b"provider=\xff", headers=form),
            await harness.browser().post(
                path, content=good, headers=[*form.items(), ("content-type", "text/plain")]
            ),
        ):
            assert response.status_code == 400, response.text
            body = response.json()
            assert body["success"] is False
            assert body["error"] == {"code": "invalid_request", "message": body["message"]}


async def test_a_code_in_an_address_is_not_a_shape_to_be_rid_of(open_harness: OpenHarness) -> None:
    google = FakeUpstream(people={"gia": profile()})
    async with open_harness([google], legacy_transport="false") as harness:
        await harness.app()
        assert (await redeem_login(harness, await login_code(harness))).status_code == 200
        assert "quantimodo_legacy_total{" not in await harness.metrics()


# ------------------------------------------------------------------------------ whom it names


async def test_closed_sign_up_and_disabled_people_are_403(
    open_harness: OpenHarness, google: FakeUpstream
) -> None:
    async with open_harness([google], sign_up="closed") as harness:
        response = await redeem_login(harness, "gia")
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "access_denied"
        assert not harness.rows()["users"]


async def test_an_address_of_which_the_provider_is_the_master_links_by_itself(
    harness: AppHarness, google: FakeUpstream
) -> None:
    person = await harness.person(email="ann@example.org")
    google.people["gia"] = profile(
        email="ann@example.org", email_verified=True, email_authoritative=True
    )
    data = (await redeem_login(harness, "gia")).json()["data"]
    assert (data["user"]["id"], data["newUser"]) == (person.id, False)


async def test_a_database_that_cannot_answer_is_a_503_in_the_envelope(
    harness: AppHarness, google: FakeUpstream
) -> None:
    google.fault = Unavailable("no database")
    response = await redeem_login(harness, "gia")
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "temporarily_unavailable"
    assert response.headers["retry-after"] == "1"


async def test_the_jwt_does_not_sign_in_at_any_page(harness: AppHarness) -> None:
    app = await harness.app()
    token = await login_token(harness)
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/account", "/developers", "/account/profile"):
        response = await harness.browser().get(path, params={"token": token}, headers=headers)
        assert response.headers["location"].startswith("/sign-in?")
    response = await harness.browser().get(
        f"{AUTHORIZE}/resume", params={"request": token}, headers=headers
    )
    assert response.status_code == 400
    assert app.id


@pytest.mark.parametrize("apps", [1, 2])
async def test_an_app_with_pairwise_subjects_gets_no_name_that_others_have(
    harness: AppHarness, apps: int
) -> None:
    """OpenID Connect Core §8: neither in the envelope nor in the JWT. Where two applications share
    the address, what it is good for is both."""
    registered = [await harness.app(first_party=True) for _ in range(apps)]
    await harness.register_again(registered[0], metadata=ClientMetadata(subject_type="pairwise"))
    response = await redeem_login(harness, await login_code(harness))
    (user,) = await harness.context.stores.users.users()
    assert user.subject not in response.text
    person = response.json()["data"]["user"]
    subject = person.pop("sub", None)
    assert person == {
        "id": None,
        "displayName": "Gia Example",
        "loginName": None,
        "email": None,
        "emailVerified": False,
    }
    browser = await harness.signed_in("gia@example.org")
    tokens = await harness.tokens(registered[0], browser, scope="openid")
    known = claims_of(tokens["id_token"])["sub"]
    assert subject == (known if apps == 1 else None)
    token = response.json()["data"]["token"]
    assert user.subject not in str(claims_of(token))
    found = await login_tokens(harness.context).verify(token)
    assert found is not None
    assert found.user == user
    again = await redeem_login(harness, await login_code(harness))
    assert claims_of(again.json()["data"]["token"])["sub"] != claims_of(token)["sub"]


async def test_an_encrypted_subject_of_another_secret_key_is_refused(harness: AppHarness) -> None:
    app = await harness.app()
    await harness.register_again(app, metadata=ClientMetadata(subject_type="pairwise"))
    token = (await redeem_login(harness, await login_code(harness))).json()["data"]["token"]
    other = Envelope([b"o" * 32], harness.context.entropy)
    assert await replace(login_tokens(harness.context), envelope=other).verify(token) is None
