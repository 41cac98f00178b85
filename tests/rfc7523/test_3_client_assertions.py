"""Client authentication by a signed statement (RFC 7523 §3, OpenID Connect Core §9)."""

import asyncio
import hmac
import json
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from support.app import INTROSPECT, ISSUER, REVOKE, TOKEN, App, AppHarness, OpenHarness
from support.jwt_forgery import encode
from support.registered_clients import (
    Documents,
    assertion_of,
    key_set,
    make_key,
    presenting,
    registered,
    signed,
)

OWN = {"grant_type": "client_credentials"}


async def send(
    harness: AppHarness, assertion: str, path: str = TOKEN, **fields: str
) -> httpx.Response:
    return await harness.browser().post(path, data=presenting(assertion, **(fields or OWN)))


def is_refused(response: httpx.Response) -> bool:
    return response.status_code == 401 and response.json()["error"] == "invalid_client"


@pytest.fixture
async def signer(harness: AppHarness) -> tuple[App, Any]:
    key = make_key("ES256")
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(key)}
    return await registered(harness, metadata), key


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_a_statement_by_a_registered_key_authenticates(
    harness: AppHarness, algorithm: str
) -> None:
    key = make_key(algorithm)
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(key)}
    app = await registered(harness, metadata)
    response = await send(harness, signed(assertion_of(harness, app), key, algorithm))
    assert response.status_code == 200, response.text


async def test_a_statement_by_the_secret_authenticates(harness: AppHarness) -> None:
    metadata = {"token_endpoint_auth_method": "client_secret_jwt"}
    app = await registered(harness, metadata, sealed=True)
    assert app.secret
    response = await send(harness, signed(assertion_of(harness, app), app.secret, "HS256"))
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("audience", [ISSUER, ISSUER + TOKEN, ["https://x.example", ISSUER]])
async def test_the_issuer_and_the_token_endpoint_are_the_audience(
    harness: AppHarness, signer: tuple[App, Any], audience: Any
) -> None:
    app, key = signer
    response = await send(harness, signed(assertion_of(harness, app, aud=audience), key, "ES256"))
    assert response.status_code == 200, response.text


async def test_every_endpoint_that_knows_apps_takes_it(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    app, key = signer
    for number, path in enumerate((REVOKE, INTROSPECT, "/api/v2/oauth/revoke")):
        claims = assertion_of(harness, app, aud=ISSUER + path, jti=f"j{number}")
        response = await send(harness, signed(claims, key, "ES256"), path, token="x")
        assert response.status_code == 200, response.text


async def test_a_statement_is_used_once(harness: AppHarness, signer: tuple[App, Any]) -> None:
    app, key = signer
    once = signed(assertion_of(harness, app), key, "ES256")
    assert (await send(harness, once)).status_code == 200
    assert is_refused(await send(harness, once))
    # The jti counts, not its wrapping.
    assert is_refused(
        await send(harness, signed(assertion_of(harness, app), key, "ES256", typ="JWT"))
    )


async def test_of_many_at_once_one_wins(harness: AppHarness, signer: tuple[App, Any]) -> None:
    app, key = signer
    once = signed(assertion_of(harness, app), key, "ES256")
    responses = await asyncio.gather(*(send(harness, once) for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [200] + [401] * 7


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"sub": "another"},
        {"aud": "https://other.example.org"},
        {"aud": None},
        {"aud": [1, None]},
        {"exp": None},
        {"exp": 1},
        {"exp": 10**18},
        {"exp": 10**400},
        {"exp": 253_402_300_799},  # the last second that a clock here knows
        {"exp": "soon"},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"jti": None},
        {"jti": ""},
        {"jti": "j" * 600},
        {"jti": 5},
    ],
)
async def test_a_statement_that_is_not_for_here_and_now_is_refused(
    harness: AppHarness, signer: tuple[App, Any], changes: dict[str, Any]
) -> None:
    app, key = signer
    claims = assertion_of(harness, app, **changes)
    data = presenting(signed(claims, key, "ES256"), client_id=app.id, **OWN)
    assert is_refused(await harness.browser().post(TOKEN, data=data))


async def test_a_token_of_another_kind_is_refused(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    # RFC 8725 §3.11. Types of assertions cannot be listed: profiles may define their own.
    app, key = signer
    others = ("oauth-authz-req+jwt", "application/DPoP+JWT", "at+jwt", "authorization-grant+jwt")
    usual = ("JWT", "jwt", "client-authentication+jwt", "application/x-client-auth+jwt")
    for number, (typ, good) in enumerate([(t, False) for t in others] + [(t, True) for t in usual]):
        claims = assertion_of(harness, app, jti=f"typ{number}")
        response = await send(harness, signed(claims, key, "ES256", typ=typ))
        assert (response.status_code == 200, is_refused(response)) == (good, not good), typ


async def test_another_key_another_app_and_no_key_are_refused(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    app, _ = signer
    other = make_key("ES256")
    assert is_refused(await send(harness, signed(assertion_of(harness, app), other, "ES256")))
    plain = await harness.app()
    assert is_refused(await send(harness, signed(assertion_of(harness, plain), other, "ES256")))
    assert is_refused(await send(harness, "not.a.token"))
    assert is_refused(await send(harness, "eyJhbGciOiJub25lIn0.e30."))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}])
async def test_a_header_that_must_be_understood_and_is_not_is_refused(
    harness: AppHarness, header: dict[str, Any]
) -> None:
    # RFC 7515 §4.1.11, whatever the key is.
    app = await registered(
        harness, {"token_endpoint_auth_method": "client_secret_jwt"}, sealed=True
    )
    assert app.secret
    assert is_refused(await send(harness, by_hand(assertion_of(harness, app), app.secret, header)))
    assert (
        await send(harness, by_hand(assertion_of(harness, app), app.secret, {}))
    ).status_code == 200


async def test_the_secret_is_not_a_key_for_an_app_with_registered_keys(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    # RFC 8725 §2.1: the sender of the algorithm must not choose the key type.
    app, _ = signer
    assert app.secret
    assert is_refused(await send(harness, signed(assertion_of(harness, app), app.secret, "HS256")))


async def test_only_the_registered_algorithm_counts(harness: AppHarness) -> None:
    key = make_key("RS256")
    metadata = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "PS256",
        "jwks": key_set(key),
    }
    app = await registered(harness, metadata)
    assert is_refused(await send(harness, signed(assertion_of(harness, app), key, "RS256")))
    assert (
        await send(harness, signed(assertion_of(harness, app), key, "PS256"))
    ).status_code == 200


async def test_only_the_registered_method_counts(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    # RFC 7591 §2: token_endpoint_auth_method.
    app, _ = signer
    assert app.secret
    assert is_refused(await harness.token(app, **OWN))
    fields = {"client_id": app.id, "client_secret": app.secret, **OWN}
    assert is_refused(await harness.browser().post(TOKEN, data=fields))
    for method in ("client_secret_basic", "client_secret_post"):
        only = await registered(harness, {"token_endpoint_auth_method": method})
        assert only.secret
        basic = await harness.token(only, **OWN)
        fields = {"client_id": only.id, "client_secret": only.secret, **OWN}
        post = await harness.browser().post(TOKEN, data=fields)
        good, bad = (basic, post) if method == "client_secret_basic" else (post, basic)
        assert good.status_code == 200
        assert is_refused(bad)


async def test_two_ways_at_once_are_refused(harness: AppHarness, signer: tuple[App, Any]) -> None:
    # RFC 6749 §2.3
    app, key = signer
    assertion = signed(assertion_of(harness, app), key, "ES256")
    both = await harness.browser().post(TOKEN, data=presenting(assertion, client_secret="x", **OWN))
    assert both.status_code == 400
    wrong = {"client_assertion": assertion, "client_assertion_type": "saml", **OWN}
    assert is_refused(await harness.browser().post(TOKEN, data=wrong))


async def test_a_key_that_is_new_is_fetched_at_most_every_five_seconds(
    open_harness: OpenHarness,
) -> None:
    # OpenID Connect Core §10.1.1
    served, uri = Documents(), "https://app.example.org/jwks.json"
    first, second = make_key("ES256", "one"), make_key("ES256", "two")
    served.at[uri] = key_set(first).encode()
    async with open_harness(fetcher=served) as harness:
        metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri}
        app = await registered(harness, metadata)

        async def works(key: Any, jti: str) -> bool:
            claims = assertion_of(harness, app, jti=jti)
            return (await send(harness, signed(claims, key, "ES256"))).status_code == 200

        assert await works(first, "1")
        assert await works(first, "2")
        assert served.requested == [uri]
        served.at[uri] = key_set(first, second).encode()
        assert not await works(second, "3"), "the document was fetched a moment ago"
        harness.advance(seconds=5)
        assert await works(second, "4")
        assert len(served.requested) == 2
        del served.at[uri]
        harness.advance(hours=2)
        assert await works(first, "5"), "what was there is good until there is something newer"


async def test_keys_without_a_name_can_be_changed_too(open_harness: OpenHarness) -> None:
    # OpenID Connect Core §10.1: one key needs no kid.
    served, uri = Documents(), "https://app.example.org/jwks.json"
    first, second = nameless(make_key("ES256")), nameless(make_key("ES256"))
    served.at[uri] = json.dumps({"keys": [first.as_dict(private=False)]}).encode()
    async with open_harness(fetcher=served) as harness:
        metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri}
        app = await registered(harness, metadata)

        async def works(key: Any, jti: str) -> bool:
            claims = assertion_of(harness, app, jti=jti)
            statement = jwt.encode({"alg": "ES256"}, claims, key, algorithms=["ES256"])
            return (await send(harness, statement)).status_code == 200

        assert await works(first, "1")
        harness.advance(seconds=5)
        served.at[uri] = json.dumps({"keys": [second.as_dict(private=False)]}).encode()
        assert await works(second, "2")
        assert not await works(first, "3")
        assert len(served.requested) == 2, "at most every five seconds, for any caller"


async def test_an_app_that_comes_anew_to_an_old_address_has_the_keys_of_now(
    open_harness: OpenHarness,
) -> None:
    # OpenID Connect Core §10.1.1: what was seen there for another registration says nothing.
    served, uri = Documents(), "https://app.example.org/jwks.json"
    async with open_harness(fetcher=served) as harness:
        for number in range(3):
            key = make_key("ES256", f"key {number}")
            served.at[uri] = key_set(key).encode()
            metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri}
            app = await registered(harness, metadata)
            response = await send(harness, signed(assertion_of(harness, app), key, "ES256"))
            assert response.status_code == 200, response.text
    assert served.requested == [uri] * 3


async def test_an_address_is_asked_once_at_a_time(open_harness: OpenHarness) -> None:
    served, uri = Documents(), "https://app.example.org/jwks.json"
    key = make_key("ES256")
    served.at[uri] = key_set(key).encode()
    async with open_harness(fetcher=served) as harness:
        metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri}
        app = await registered(harness, metadata)
        statements = [
            signed(assertion_of(harness, app, jti=f"j{number}"), key, "ES256")
            for number in range(5)
        ]
        responses = await asyncio.gather(*(send(harness, each) for each in statements))
    assert [each.status_code for each in responses] == [200] * 5
    assert served.requested == [uri]


def nameless(key: Any) -> Any:
    fields = key.as_dict(private=True)
    return ECKey.import_key({name: fields[name] for name in ("kty", "crv", "x", "y", "d")})


def by_hand(claims: dict[str, Any], secret: str, header: dict[str, Any]) -> str:
    head = encode(json.dumps({"alg": "HS256", **header}).encode())
    text = f"{head}.{encode(json.dumps(claims).encode())}"
    return f"{text}.{encode(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"
