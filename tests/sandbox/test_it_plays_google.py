"""The sandbox is on the wire what Google is."""

import pytest

from quantimodo.sandbox.fake_providers import GOOGLE_APP
from support.app import ISSUER
from support.jwt_forgery import claims_of
from support.sandbox_site import RETURN, Sandbox, link

GOOGLE = f"{ISSUER}/sandbox/google"


async def test_discovery_names_what_is_served(sandbox: Sandbox) -> None:
    metadata = (await sandbox.http.get("/sandbox/google/.well-known/openid-configuration")).json()
    assert metadata["issuer"] == GOOGLE
    named = [metadata[name] for name in ("authorization_endpoint", "jwks_uri")]
    for address in named:
        assert (await sandbox.http.get(address)).status_code in (200, 400)
    # As Google does: it sends `iss` and does not say so.
    assert "authorization_response_iss_parameter_supported" not in metadata


async def test_a_code_gets_tokens_with_googles_claims(sandbox: Sandbox) -> None:
    response = await sandbox.choose("google", "verified")
    assert response["state"] == "some-state"
    assert (response["iss"], response["hd"]) == (GOOGLE, "workspace.example.org")
    assert response["code"].startswith("4/0")
    tokens = (await sandbox.redeem("google", response["code"])).json()
    assert tokens["token_type"] == "Bearer"
    assert "refresh_token" not in tokens
    claims = await sandbox.read("google", tokens["id_token"])
    assert claims["iss"] == GOOGLE
    assert claims["aud"] == claims["azp"] == GOOGLE_APP.id
    assert len(claims["sub"]) == 21
    assert claims["nonce"] == "some-nonce"
    assert claims["hd"] == "workspace.example.org"
    assert (claims["email"], claims["email_verified"]) == ("vera@workspace.example.org", True)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["at_hash"]


async def test_the_client_may_prove_itself_by_basic(sandbox: Sandbox) -> None:
    code = (await sandbox.choose("google", "verified"))["code"]
    response = await sandbox.http.post(
        "/sandbox/google/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": RETURN,
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        },
        auth=(GOOGLE_APP.id, GOOGLE_APP.secret.reveal()),
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("changes", "error", "status"),
    [
        ({"client_secret": "wrong"}, "invalid_client", 401),
        ({"client_secret": None, "code_verifier": None}, "invalid_grant", 400),
        ({"client_id": "another.sandbox.example.org"}, "invalid_client", 401),
        ({"client_id": GOOGLE_APP.others[0]}, "invalid_grant", 400),
        ({"code_verifier": "wrong" * 10}, "invalid_grant", 400),
        ({"code_verifier": None}, "invalid_grant", 400),
        ({"redirect_uri": f"{RETURN}/"}, "redirect_uri_mismatch", 400),
        ({"redirect_uri": "postmessage"}, "redirect_uri_mismatch", 400),
        ({"grant_type": "password"}, "unsupported_grant_type", 400),
        ({"code": "4/0nothing"}, "invalid_grant", 400),
        ({"code": "\N{SNOWMAN}"}, "invalid_grant", 400),
    ],
)
async def test_a_request_that_does_not_match_gets_no_token(
    sandbox: Sandbox, changes: dict[str, str | None], error: str, status: int
) -> None:
    code = (await sandbox.choose("google", "verified"))["code"]
    response = await sandbox.redeem("google", code, **changes)
    assert (response.status_code, response.json()["error"]) == (status, error)


async def test_a_code_is_used_once_and_lives_ten_minutes(sandbox: Sandbox, clock: object) -> None:
    code = (await sandbox.choose("google", "verified"))["code"]
    assert (await sandbox.redeem("google", code)).status_code == 200
    assert (await sandbox.redeem("google", code)).json()["error"] == "invalid_grant"


async def test_offline_access_gives_a_refresh_token(sandbox: Sandbox) -> None:
    tokens = await sandbox.tokens("google", "verified", access_type="offline")
    response = await sandbox.redeem(
        "google", "", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    fresh = response.json()
    assert claims_of(fresh["id_token"])["sub"] == claims_of(tokens["id_token"])["sub"]
    wrong = await sandbox.redeem(
        "google", "", grant_type="refresh_token", refresh_token=tokens["access_token"]
    )
    assert wrong.json()["error"] == "invalid_grant"


async def test_tokeninfo_describes_an_access_token_in_texts(sandbox: Sandbox) -> None:
    tokens = await sandbox.tokens("google", "unverified")
    response = await sandbox.http.get(
        "/sandbox/google/tokeninfo", params={"access_token": tokens["access_token"]}
    )
    received = response.json()
    assert received["aud"] == received["azp"] == GOOGLE_APP.id
    assert received["sub"] == claims_of(tokens["id_token"])["sub"]
    assert (received["email"], received["email_verified"]) == ("una@mail.example.org", "false")
    assert received["expires_in"] == "3600"
    assert all(isinstance(value, str) for value in received.values())


async def test_tokeninfo_describes_an_id_token(sandbox: Sandbox) -> None:
    tokens = await sandbox.native("google", "verified", nonce="n")
    received = (
        await sandbox.http.post("/sandbox/google/tokeninfo", data={"id_token": tokens["id_token"]})
    ).json()
    assert (received["iss"], received["nonce"], received["email_verified"]) == (GOOGLE, "n", "true")
    assert (received["alg"], received["typ"]) == ("RS256", "JWT")


@pytest.mark.parametrize("name", ["access_token", "id_token"])
async def test_tokeninfo_knows_no_token_of_anybody_else(sandbox: Sandbox, name: str) -> None:
    foreign = await sandbox.native("facebook", "verified")
    for token in ("", "ya29.nothing", "a.b.c", foreign["access_token"], foreign["id_token"]):
        response = await sandbox.http.get("/sandbox/google/tokeninfo", params={name: token})
        assert (response.status_code, response.json()["error"]) == (400, "invalid_token")


async def test_userinfo_describes_the_bearer(sandbox: Sandbox) -> None:
    tokens = await sandbox.tokens("google", "elsewhere")
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    received = (await sandbox.http.get("/sandbox/google/userinfo", headers=headers)).json()
    assert received["sub"] == claims_of(tokens["id_token"])["sub"]
    assert received["email"] == "elsa@mail.example.org"
    assert "hd" not in received
    refused = await sandbox.http.get("/sandbox/google/userinfo")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")


async def test_claims_follow_the_scope(sandbox: Sandbox) -> None:
    claims = claims_of((await sandbox.tokens("google", "verified", scope="openid"))["id_token"])
    assert not {"email", "name"} & claims.keys()


async def test_the_popup_gives_a_code_for_postmessage(sandbox: Sandbox) -> None:
    page = await sandbox.http.get("/sandbox/google/popup?origin=http://127.0.0.1:9999&state=s")
    shown = await sandbox.http.get(link(page, "verified"))
    assert 'data-origin="http://127.0.0.1:9999"' in shown.text
    assert shown.headers["cross-origin-opener-policy"] == "unsafe-none"
    code = shown.text.partition("readonly>")[2].partition("<")[0]
    response = await sandbox.redeem("google", code, redirect_uri="postmessage", code_verifier=None)
    assert response.status_code == 200
    assert response.json()["refresh_token"].startswith("1//0")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "javascript:alert(1)", "*", "http://127.0.0.1:1/path"]
)
async def test_the_popup_posts_to_no_other_origin(sandbox: Sandbox, origin: str) -> None:
    page = await sandbox.http.get("/sandbox/google/popup", params={"origin": origin})
    assert page.status_code == 400
    assert "evil" not in page.text


async def test_a_phone_names_itself_beside_the_web_client(sandbox: Sandbox) -> None:
    tokens = await sandbox.native("google", "verified", azp=GOOGLE_APP.others[0])
    claims = claims_of(tokens["id_token"])
    assert (claims["aud"], claims["azp"]) == (GOOGLE_APP.id, GOOGLE_APP.others[0])


async def test_a_foreign_app_gets_its_own_tokens(sandbox: Sandbox) -> None:
    tokens = await sandbox.native("google", "verified", client_id="foreign.example.org")
    assert claims_of(tokens["id_token"])["aud"] == "foreign.example.org"
    ours = await sandbox.native("google", "verified")
    assert claims_of(ours["id_token"])["sub"] == claims_of(tokens["id_token"])["sub"]


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("account-disabled", "risc"),
        ("account-enabled", "risc"),
        ("account-credential-change-required", "risc"),
        ("account-purged", "risc"),
        ("sessions-revoked", "risc"),
        ("tokens-revoked", "oauth"),
    ],
)
async def test_a_security_event_is_signed_and_no_id_token(
    sandbox: Sandbox, name: str, space: str
) -> None:
    requested = {"person": "verified", "event": name, "reason": "hijacking"}
    response = await sandbox.http.post("/sandbox/google/security-event", json=requested)
    claims = await sandbox.read("google", response.json()["token"], "secevent+jwt")
    ((event, about),) = claims["events"].items()
    assert event == f"https://schemas.openid.net/secevent/{space}/event-type/{name}"
    assert about["reason"] == "hijacking"
    id_token = claims_of((await sandbox.native("google", "verified"))["id_token"])
    assert about["subject"]["sub"] == id_token["sub"]
    # As Google does: here with a slash at the end, there without.
    assert claims["iss"] == about["subject"]["iss"] == f"{id_token['iss']}/"


async def test_a_test_message_is_about_no_account(sandbox: Sandbox) -> None:
    requested = {"person": "verified", "event": "verification"}
    response = await sandbox.http.post("/sandbox/google/security-event", json=requested)
    claims = await sandbox.read("google", response.json()["token"], "secevent+jwt")
    (about,) = claims["events"].values()
    assert about.keys() == {"state"}


async def test_an_event_that_the_sandbox_does_not_know_is_refused(sandbox: Sandbox) -> None:
    unknown = {"person": "verified", "event": "tea-time"}
    refused = await sandbox.http.post("/sandbox/google/security-event", json=unknown)
    assert refused.status_code == 400
