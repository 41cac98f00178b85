"""The sandbox is on the wire what Facebook is."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from quantimodo.ports.clock import Clock, Entropy
from quantimodo.sandbox.fake_providers import FACEBOOK_APP
from quantimodo.sandbox.routes import SandboxPolicy
from support.app import ISSUER
from support.jwt_forgery import claims_of
from support.sandbox_site import GRAPH, Sandbox, link, open_sandbox

SECRET = FACEBOOK_APP.secret.reveal()
APP_TOKEN = f"{FACEBOOK_APP.id}|{SECRET}"


def proof(token: str, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), token.encode(), "sha256").hex()


async def me(sandbox: Sandbox, token: str, **changes: str) -> dict[str, Any]:
    sent = {"access_token": token, "appsecret_proof": proof(token), **changes}
    response = await sandbox.http.get(f"{GRAPH}/me", params=sent)
    found: dict[str, Any] = response.json()
    assert response.status_code == (400 if "error" in found else 200)
    return found


async def debugged(sandbox: Sandbox, token: str, app_token: str = APP_TOKEN) -> dict[str, Any]:
    sent = {"input_token": token, "access_token": app_token}
    found: dict[str, Any] = (await sandbox.http.get(f"{GRAPH}/debug_token", params=sent)).json()
    return found


async def test_the_dialog_answers_with_a_code_and_a_fragment(sandbox: Sandbox) -> None:
    page = await sandbox.ask("facebook")
    response = await sandbox.http.get(link(page, "verified"))
    location = response.headers["location"]
    assert location.endswith("#_=_")
    assert "iss=" not in location
    tokens = await sandbox.tokens("facebook", "verified")
    assert tokens["token_type"] == "bearer"
    assert tokens["access_token"].startswith("EAA")
    assert "id_token" not in tokens


async def test_the_token_endpoint_answers_get_too(sandbox: Sandbox) -> None:
    code = (
        await sandbox.choose(
            "facebook", "verified", code_challenge=None, code_challenge_method=None
        )
    )["code"]
    sent = {
        "client_id": FACEBOOK_APP.id,
        "client_secret": SECRET,
        "redirect_uri": f"{ISSUER}/api/v2/auth/social/callback/google",
        "code": code,
    }
    first = await sandbox.http.get(f"{GRAPH}/oauth/access_token", params=sent)
    assert first.status_code == 200
    second = await sandbox.http.get(f"{GRAPH}/oauth/access_token", params=sent)
    assert second.json()["error"]["error_subcode"] == 36009


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "wrong"}, 1),
        ({"client_secret": None}, 1),
        ({"client_id": "200000000000000"}, 101),
        ({"code": "AQnothing"}, 100),
        ({"redirect_uri": ISSUER}, 100),
        ({"code_verifier": "wrong" * 10}, 100),
        ({"code_verifier": None}, 100),
    ],
)
async def test_a_request_that_does_not_match_gets_no_token(
    sandbox: Sandbox, changes: dict[str, str | None], code: int
) -> None:
    bought = (await sandbox.choose("facebook", "verified"))["code"]
    response = await sandbox.redeem("facebook", bought, **changes)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["type"]) == (code, "OAuthException")


async def test_me_gives_the_fields_that_were_asked_for(sandbox: Sandbox) -> None:
    token = (await sandbox.tokens("facebook", "verified"))["access_token"]
    assert (await me(sandbox, token)).keys() == {"id", "name"}
    received = await me(sandbox, token, fields="id,name,email")
    assert received["email"] == "vera@workspace.example.org"
    assert len(received["id"]) == 17
    assert (await me(sandbox, token, fields="id,shoe_size"))["error"]["code"] == 100


async def test_an_address_that_was_not_given_is_left_out(sandbox: Sandbox) -> None:
    stranger = (await sandbox.tokens("facebook", "no-email"))["access_token"]
    shy = (await sandbox.tokens("facebook", "verified", scope="public_profile"))["access_token"]
    for token in (stranger, shy):
        assert "email" not in await me(sandbox, token, fields="id,name,email")


async def test_me_wants_the_proof_of_this_token_by_this_app(sandbox: Sandbox) -> None:
    tokens = [(await sandbox.tokens("facebook", "verified"))["access_token"] for _ in range(2)]
    missing = await sandbox.http.get(f"{GRAPH}/me", params={"access_token": tokens[0]})
    assert "require an appsecret_proof" in missing.json()["error"]["message"]
    for wrong in (proof(tokens[1]), proof(tokens[0], "another secret"), "", "\N{SNOWMAN}"):
        refused = await me(sandbox, tokens[0], appsecret_proof=wrong)
        assert "Invalid appsecret_proof" in refused["error"]["message"]


async def test_me_refuses_what_is_not_an_access_token(sandbox: Sandbox) -> None:
    google = await sandbox.native("google", "verified")
    for token in ("", "EAAnothing", google["access_token"]):
        assert (await me(sandbox, token))["error"]["code"] == 190


async def test_debug_token_describes_a_token_to_its_app(sandbox: Sandbox) -> None:
    token = (await sandbox.tokens("facebook", "verified"))["access_token"]
    data = (await debugged(sandbox, token))["data"]
    assert (data["app_id"], data["is_valid"], data["type"]) == (FACEBOOK_APP.id, True, "USER")
    assert data["scopes"] == ["email", "public_profile"]
    assert data["user_id"] == (await me(sandbox, token))["id"]
    assert data["expires_at"] > 1_700_000_000


async def test_debug_token_describes_only_tokens_of_the_requesting_app(sandbox: Sandbox) -> None:
    token = (await sandbox.tokens("facebook", "verified"))["access_token"]
    for wrong in ("", token, f"{FACEBOOK_APP.id}|wrong", f"200000000000000|{SECRET}"):
        assert (await debugged(sandbox, token, wrong))["error"]["code"] == 190


async def test_debug_token_reveals_nothing_of_a_foreign_apps_token(sandbox: Sandbox) -> None:
    tokens = await sandbox.native("facebook", "verified", client_id="200000000000000")
    response = await debugged(sandbox, tokens["access_token"])
    assert "did not match the Viewing App" in response["error"]["message"]
    assert (await me(sandbox, tokens["access_token"]))["error"]["code"] == 100


async def test_an_iphone_without_tracking_has_a_token_that_graph_refuses(sandbox: Sandbox) -> None:
    tokens = await sandbox.native("facebook", "verified", limited="true", nonce="n")
    data = (await debugged(sandbox, tokens["access_token"]))["data"]
    assert (data["is_valid"], data["error"]["code"]) == (False, 190)
    assert (await me(sandbox, tokens["access_token"]))["error"]["code"] == 190
    assert (await sandbox.read("facebook", tokens["id_token"]))["nonce"] == "n"


async def test_limited_login_gives_an_id_token(sandbox: Sandbox) -> None:
    tokens = await sandbox.native("facebook", "unverified", nonce="some-nonce")
    claims = await sandbox.read("facebook", tokens["id_token"])
    assert claims["iss"] == f"{ISSUER}/sandbox/facebook"
    assert (claims["aud"], claims["nonce"]) == (FACEBOOK_APP.id, "some-nonce")
    assert claims["sub"] == (await me(sandbox, tokens["access_token"]))["id"]
    assert claims["email"] == "una@mail.example.org"
    assert "email_verified" not in claims
    again = await sandbox.native("facebook", "unverified")
    assert claims_of(again["id_token"])["jti"] != claims["jti"]


async def test_its_issuer_can_be_another_one(clock: Clock, entropy: Entropy) -> None:
    policy = SandboxPolicy(server=ISSUER, facebook_issuer="https://facebook.example.org")
    async with open_sandbox(clock, entropy, policy) as sandbox:
        tokens = await sandbox.native("facebook", "verified")
        claims = await sandbox.read("facebook", tokens["id_token"])
        assert claims["iss"] == "https://facebook.example.org"


async def test_an_account_has_another_number_in_another_app(sandbox: Sandbox) -> None:
    ours = await sandbox.native("facebook", "verified")
    theirs = await sandbox.native("facebook", "verified", client_id="200000000000000")
    assert claims_of(ours["id_token"])["sub"] != claims_of(theirs["id_token"])["sub"]


async def test_signed_requests_are_signed_with_the_apps_secret(sandbox: Sandbox) -> None:
    response = await sandbox.http.post(
        "/sandbox/facebook/signed-request", json={"person": "verified"}
    )
    signature, payload = response.json()["signed_request"].split(".")
    expected = hmac.digest(SECRET.encode(), payload.encode(), "sha256")
    assert signature == urlsafe_b64encode(expected).decode().rstrip("=")
    payload_claims = json.loads(urlsafe_b64decode(payload + "=="))
    assert payload_claims["algorithm"] == "HMAC-SHA256"
    tokens = await sandbox.native("facebook", "verified")
    assert payload_claims["user_id"] == claims_of(tokens["id_token"])["sub"]


async def test_a_page_sends_a_signed_request_to_our_callbacks(sandbox: Sandbox) -> None:
    people = await sandbox.http.get("/sandbox/facebook/notices")
    assert 'id="person-says-no"' not in people.text
    page = await sandbox.http.get(link(people, "verified"))
    policy = SandboxPolicy(server=ISSUER)
    for callback in (policy.deauthorize, policy.deletion):
        assert f'<form class="fields" method="post" action="{callback}">' in page.text
    assert page.text.count('<input type="hidden" name="signed_request"') == 2
