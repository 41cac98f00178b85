"""What the sandbox's authorization endpoints refuse, and how."""

from datetime import timedelta

import pytest

from quantimodo.ports.clock import Clock, Entropy
from quantimodo.sandbox.policies import sandbox_policies
from support.app import ISSUER
from support.jwt_forgery import claims_of
from support.sandbox_site import APPS, Sandbox, open_sandbox, response_of

PARTIES = ["google", "facebook", "oidc"]
NOT_OURS = [
    "https://evil.example/callback",
    "https://id.example.org.evil.example/callback",
    "https://id.example.org@evil.example/",
    "https://id.example.org:444/callback",
    "http://id.example.org/callback",
    "https://id.example.org/callback#fragment",
    "https://id.example.org\\@evil.example/",
    "https://id.example.org/call back",
    "//evil.example/",
    "javascript:alert(1)",
    "postmessage",
    "http://[::1",
    "http://127.0.0.1:port/",
    "",
]


@pytest.mark.parametrize("fake_provider", PARTIES)
@pytest.mark.parametrize("uri", NOT_OURS)
async def test_it_is_not_an_open_redirector(sandbox: Sandbox, fake_provider: str, uri: str) -> None:
    for more in ({}, {"person": "verified"}, {"response_type": "token"}):
        response = await sandbox.ask(fake_provider, redirect_uri=uri, **more)
        assert response.status_code == 400
        assert "location" not in response.headers
        assert "evil" not in response.text


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:3000/cb", "http://[::1]:9/", "http://localhost/"]
)
async def test_this_machine_is_not_a_stranger(sandbox: Sandbox, uri: str) -> None:
    response = await sandbox.ask("oidc", redirect_uri=uri, person="verified")
    assert response.status_code == 303
    assert response.headers["location"].startswith(uri)


@pytest.mark.parametrize("fake_provider", ["google", "facebook"])
async def test_an_unregistered_app_is_reported_on_a_page(
    sandbox: Sandbox, fake_provider: str
) -> None:
    assert (await sandbox.ask(fake_provider, client_id="another")).status_code == 400
    assert (await sandbox.ask(fake_provider, client_id=None)).status_code == 400


async def test_any_client_id_is_registered_at_the_generic_provider(sandbox: Sandbox) -> None:
    code = (await sandbox.choose("oidc", "verified", client_id="anything"))["code"]
    tokens = (await sandbox.redeem("oidc", code, client_id="anything")).json()
    claims = await sandbox.read("oidc", tokens["id_token"])
    assert claims["aud"] == "anything"
    assert claims["auth_time"] <= claims["iat"]
    other = (await sandbox.choose("oidc", "verified", client_id="anything"))["code"]
    stolen = await sandbox.redeem("oidc", other, client_id="something-else")
    assert stolen.json()["error"] == "invalid_grant"


async def test_an_app_without_a_secret_needs_pkce(sandbox: Sandbox) -> None:
    with_pkce = (await sandbox.choose("oidc", "verified"))["code"]
    assert (await sandbox.redeem("oidc", with_pkce, client_secret=None)).status_code == 200
    without = (
        await sandbox.choose("oidc", "verified", code_challenge=None, code_challenge_method=None)
    )["code"]
    refused = await sandbox.redeem("oidc", without, client_secret=None, code_verifier=None)
    assert refused.json()["error"] == "invalid_client"


@pytest.mark.parametrize("fake_provider", PARTIES)
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"prompt": "none"}, "login_required"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"nonce": "n" * 3000}, "invalid_request"),
    ],
)
async def test_other_faults_go_to_the_app(
    sandbox: Sandbox, fake_provider: str, changes: dict[str, str | None], error: str
) -> None:
    response = response_of(await sandbox.ask(fake_provider, **changes))
    assert (response["error"], response["state"]) == (error, "some-state")
    assert ("iss" in response) == (fake_provider != "facebook")


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account"])
async def test_other_prompts_show_the_page_as_always(sandbox: Sandbox, prompt: str) -> None:
    assert (await sandbox.ask("google", prompt=prompt)).status_code == 200


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_the_page_is_strict_and_works_without_scripts(
    sandbox: Sandbox, fake_provider: str
) -> None:
    page = await sandbox.ask(fake_provider, state='"><script>alert(1)</script>')
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in page.text
    # In a pop-up the app's window must stay the opener.
    assert page.headers["cross-origin-opener-policy"] == "unsafe-none"


async def test_odd_requests_are_refused_in_order(sandbox: Sandbox) -> None:
    http = sandbox.http
    responses = [
        await http.get("/sandbox/google/auth?client_id=a&client_id=b"),
        await http.get("/sandbox/google/auth?client_id=%ff"),
        await http.get("/sandbox/google/auth?client_id=%00"),
        await http.get("/sandbox/google/auth?" + "&".join(f"a{n}=b" for n in range(100))),
        await http.post("/sandbox/google/token", content=b"{}"),
        await http.post("/sandbox/google/token", data={"grant_type": "\0"}),
        await http.post("/sandbox/google/native", json=["verified"]),
        await http.post("/sandbox/google/native", json={"person": 1}),
        await http.post(
            "/sandbox/google/native",
            content=b"[" * 60_000,
            headers={"content-type": "application/json"},
        ),
        await http.post("/sandbox/facebook/signed-request", json={}),
        await http.get("/sandbox/google/tokeninfo?access_token=a&access_token=b"),
    ]
    assert {response.status_code for response in responses[:4]} == {400}
    assert all(400 <= response.status_code < 500 for response in responses), responses
    basic = {"authorization": "Basic \N{LATIN SMALL LETTER E WITH ACUTE}"}
    headers = {name: value.encode("latin-1") for name, value in basic.items()}
    refused = await http.post("/sandbox/google/token", headers=headers)
    assert refused.status_code == 400


async def test_codes_and_tokens_of_one_party_are_nothing_to_another(sandbox: Sandbox) -> None:
    google = (await sandbox.choose("google", "verified"))["code"]
    assert (await sandbox.redeem("oidc", google)).json()["error"] == "invalid_grant"
    token = (await sandbox.native("oidc", "verified"))["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await sandbox.http.get("/sandbox/google/userinfo", headers=headers)).status_code == 401
    # Nor is a refresh token an access token.
    refresh = (await sandbox.native("oidc", "verified"))["refresh_token"]
    headers = {"authorization": f"Bearer {refresh}"}
    assert (await sandbox.http.get("/sandbox/oidc/userinfo", headers=headers)).status_code == 401


async def test_any_worker_answers_for_any_other(
    sandbox: Sandbox, clock: Clock, entropy: Entropy
) -> None:
    code = (await sandbox.choose("google", "verified"))["code"]
    async with open_sandbox(clock, entropy) as another:
        tokens = (await another.redeem("google", code)).json()
    claims = await sandbox.read("google", tokens["id_token"])
    assert claims["nonce"] == "some-nonce"
    received = await sandbox.http.get(
        "/sandbox/google/tokeninfo", params={"access_token": tokens["access_token"]}
    )
    assert received.json()["sub"] == claims["sub"]


async def test_everything_expires(sandbox: Sandbox, clock: Clock) -> None:
    code = (await sandbox.choose("google", "verified"))["code"]
    tokens = await sandbox.tokens("google", "elsewhere")
    clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]
    assert (await sandbox.redeem("google", code)).json()["error"] == "invalid_grant"
    clock.advance(timedelta(minutes=50))  # type: ignore[attr-defined]
    for name in ("access_token", "id_token"):
        received = await sandbox.http.get("/sandbox/google/tokeninfo", params={name: tokens[name]})
        assert received.status_code == 400


async def test_the_settings_of_the_providers_point_at_it(sandbox: Sandbox) -> None:
    google, facebook, oidc = sandbox_policies(ISSUER)
    assert [each["name"] for each in (google, facebook, oidc)] == ["google", "facebook", "sandbox"]
    for policy, fake_provider in ((google, "google"), (facebook, "facebook"), (oidc, "oidc")):
        assert policy["client_id"] == APPS[fake_provider].id
        assert policy["issuer"] == f"{ISSUER}/sandbox/{fake_provider}"
        assert "fake" not in repr(policy)
        for name, value in policy.items():
            if name.endswith(("_endpoint", "_uri")) and name != "graph_endpoint":
                assert (await sandbox.http.request("GET", value)).status_code != 404, name
    assert sandbox_policies(ISSUER, ["facebook"]) == (facebook,)
    with pytest.raises(KeyError):
        sandbox_policies(ISSUER, ["apple"])


async def test_the_subject_is_the_same_by_code_and_by_sdk(sandbox: Sandbox) -> None:
    for fake_provider in ("google", "oidc"):
        by_code = claims_of((await sandbox.tokens(fake_provider, "verified"))["id_token"])["sub"]
        by_sdk = claims_of((await sandbox.native(fake_provider, "verified"))["id_token"])["sub"]
        assert by_code == by_sdk
