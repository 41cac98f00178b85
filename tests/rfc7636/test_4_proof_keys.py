"""Proof Key for Code Exchange (RFC 7636 §4), S256 only, over HTTP."""

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from support.app import CHALLENGE, VERIFIER, AppHarness, response_of


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def test_the_example_of_appendix_b(harness: AppHarness) -> None:
    assert CHALLENGE == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    await harness.person()
    tokens = await harness.tokens(await harness.app(public=True))
    assert (await harness.call(tokens["access_token"])).status_code == 200


async def test_plain_is_refused_and_so_is_an_absent_method_which_means_plain(
    harness: AppHarness,
) -> None:
    for app in (await harness.app(), await harness.app(public=True)):
        for method in ("plain", None, "s256", "S512", "S256 "):
            response = response_of(
                await harness.ask(harness.browser(), app, code_challenge_method=method)
            )
            assert response.parameters["error"] == "invalid_request", method


@pytest.mark.parametrize("kind", ["public", "strict"])
async def test_public_and_strict_clients_must_use_it(harness: AppHarness, kind: str) -> None:
    app = await harness.app(**{kind: True})
    bare = await harness.ask(
        harness.browser(), app, code_challenge=None, code_challenge_method=None
    )
    assert response_of(bare).parameters["error"] == "invalid_request"
    method_only = await harness.ask(harness.browser(), app, code_challenge=None)
    assert response_of(method_only).parameters["error"] == "invalid_request"


async def test_a_confidential_client_may_do_without(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    response = await harness.authorize(
        await harness.signed_in(), app, code_challenge=None, code_challenge_method=None
    )
    assert (await harness.redeem(app, response.code, code_verifier=None)).status_code == 200


async def test_a_verifier_without_a_challenge_is_a_downgrade(harness: AppHarness) -> None:
    # security.md §4, RFC 9700 §4.8.2: an attacker removed the challenge from the request.
    await harness.person()
    app = await harness.app()
    response = await harness.authorize(
        await harness.signed_in(), app, code_challenge=None, code_challenge_method=None
    )
    refused = await harness.redeem(app, response.code)
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"


async def test_a_malformed_challenge_is_refused(harness: AppHarness) -> None:
    for challenge in (
        CHALLENGE[:-1],
        CHALLENGE + "A",
        CHALLENGE + "=",
        "é" * 43,
        "+" * 43,
        VERIFIER + ".",
        "x",
    ):
        app = await harness.app(public=True)
        response = response_of(await harness.ask(harness.browser(), app, code_challenge=challenge))
        assert response.parameters["error"] == "invalid_request"


async def test_verifiers_of_43_to_128_unreserved_characters_pass(harness: AppHarness) -> None:
    await harness.person()
    for verifier in (
        "~" * 43,
        "a-._~" * 25 + "abc",
        VERIFIER,
    ):
        app = await harness.app(public=True)
        response = await harness.authorize(
            await harness.signed_in(), app, code_challenge=challenge_of(verifier)
        )
        assert (await harness.redeem(app, response.code, code_verifier=verifier)).status_code == 200


async def test_other_verifiers_are_refused_even_when_their_hash_is_right(
    harness: AppHarness,
) -> None:
    await harness.person()
    for verifier in (
        "a" * 42,
        "a" * 129,
        "a" * 42 + "=",
        "a" * 42 + "+",
        "a" * 42 + " ",
        "é" * 43,
    ):
        app = await harness.app(public=True)
        response = await harness.authorize(
            await harness.signed_in(), app, code_challenge=challenge_of(verifier)
        )
        refused = await harness.redeem(app, response.code, code_verifier=verifier)
        assert refused.json()["error"] == "invalid_grant"


async def test_4_6_a_code_with_a_challenge_needs_its_verifier(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    refused = await harness.redeem(app, code, code_verifier=None)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert refused.json()["error_description"] == "code_verifier is missing"


async def test_the_challenge_itself_is_not_a_verifier(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(public=True)
    code = (await harness.authorize(await harness.signed_in(), app)).code
    refused = await harness.redeem(app, code, code_verifier=CHALLENGE)
    assert refused.json()["error"] == "invalid_grant"
