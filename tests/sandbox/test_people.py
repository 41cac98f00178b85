"""Each person of the sandbox stands for one thing that may come."""

import pytest

from quantimodo.crypto.jwt import BadToken
from quantimodo.sandbox.fault_injection import HALF_A_MINUTE
from quantimodo.sandbox.people import PEOPLE, Behaviour, another
from support.jwt_forgery import claims_of
from support.sandbox_site import GRAPH, Sandbox, link, response_of

PARTIES = ["google", "facebook", "oidc"]


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_everybody_has_a_button(sandbox: Sandbox, fake_provider: str) -> None:
    page = await sandbox.ask(fake_provider)
    for person in PEOPLE:
        assert link(page, person.id)
    assert "Sandbox: fake people, development only." in page.text


@pytest.mark.parametrize("fake_provider", PARTIES)
@pytest.mark.parametrize(
    "person",
    [person.id for person in PEOPLE if person.behaviour in (Behaviour.STEADY, Behaviour.AHEAD)],
)
async def test_the_steady_come_back_with_a_code(
    sandbox: Sandbox, fake_provider: str, person: str
) -> None:
    assert "access_token" in await sandbox.tokens(fake_provider, person)
    assert sandbox.waits == []


async def test_the_claims_about_the_address_of_each_person(sandbox: Sandbox) -> None:
    found = {}
    for person in ("verified", "elsewhere", "unverified", "no-email"):
        claims = claims_of((await sandbox.tokens("google", person))["id_token"])
        found[person] = (claims.get("email_verified"), "hd" in claims)
    assert found == {
        "verified": (True, True),
        "elsewhere": (True, False),
        "unverified": (False, False),
        "no-email": (None, False),
    }


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_one_says_no(sandbox: Sandbox, fake_provider: str) -> None:
    response = await sandbox.choose(fake_provider, "says-no")
    assert (response["error"], response["state"]) == ("access_denied", "some-state")
    assert "code" not in response
    native = await sandbox.native(fake_provider, "says-no")
    assert native["error"] == "access_denied"


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_with_one_the_provider_fails(sandbox: Sandbox, fake_provider: str) -> None:
    response = await sandbox.choose(fake_provider, "provider-error")
    assert (response["error"], response["state"]) == ("server_error", "some-state")


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_with_one_the_provider_is_down_behind_the_code(
    sandbox: Sandbox, fake_provider: str
) -> None:
    code = (await sandbox.choose(fake_provider, "down"))["code"]
    assert (await sandbox.redeem(fake_provider, code)).status_code == 503


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_with_one_the_provider_sends_malformed_responses(
    sandbox: Sandbox, fake_provider: str
) -> None:
    code = (await sandbox.choose(fake_provider, "malformed"))["code"]
    response = await sandbox.redeem(fake_provider, code)
    assert response.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()
    tokens = await sandbox.native(fake_provider, "malformed")
    with pytest.raises(BadToken):
        await sandbox.read(fake_provider, tokens["id_token"])


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_with_one_the_provider_takes_its_time(sandbox: Sandbox, fake_provider: str) -> None:
    code = (await sandbox.choose(fake_provider, "slow"))["code"]
    assert sandbox.waits == []
    assert (await sandbox.redeem(fake_provider, code)).status_code == 200
    assert sandbox.waits == [HALF_A_MINUTE]


async def test_native_tokens_bring_the_same_trouble(sandbox: Sandbox) -> None:
    token = (await sandbox.native("google", "slow"))["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    await sandbox.http.get("/sandbox/google/tokeninfo", params={"access_token": token})
    await sandbox.http.get("/sandbox/google/userinfo", headers=headers)
    token = (await sandbox.native("facebook", "slow"))["access_token"]
    sent = {"input_token": token, "access_token": "100000000000000|fake-facebook-secret"}
    await sandbox.http.get(f"{GRAPH}/debug_token", params=sent)
    assert sandbox.waits == [HALF_A_MINUTE] * 3


async def test_with_one_the_clock_is_fast_by_not_quite_a_minute(sandbox: Sandbox) -> None:
    steady = claims_of((await sandbox.tokens("oidc", "verified"))["id_token"])
    fast = claims_of((await sandbox.tokens("oidc", "clock-ahead"))["id_token"])
    assert 0 < fast["iat"] - steady["iat"] < 60


@pytest.mark.parametrize(
    ("trust", "verified", "domain"),
    [("domain", True, "example.org"), ("verified", True, None), ("unverified", False, None)],
)
async def test_anybody_can_have_any_address(
    sandbox: Sandbox, trust: str, verified: bool, domain: str | None
) -> None:
    page = await sandbox.ask("google", address="ann@example.org", trust=trust)
    response = response_of(await sandbox.http.get(link(page, "another")))
    tokens = (await sandbox.redeem("google", response["code"])).json()
    claims = claims_of(tokens["id_token"])
    assert (claims["email"], claims["email_verified"]) == ("ann@example.org", verified)
    assert claims.get("hd") == domain


async def test_an_address_is_an_account_whatever_is_said_of_it(sandbox: Sandbox) -> None:
    subjects = [
        claims_of(
            (await sandbox.native("google", "another", address=address, trust=trust))["id_token"]
        )["sub"]
        for address, trust in [
            ("ann@example.org", "domain"),
            ("Ann@example.org", "unverified"),
            ("bob@example.org", "domain"),
        ]
    ]
    assert subjects[0] == subjects[1] != subjects[2]


@pytest.mark.parametrize(
    ("address", "trust"),
    [("", "domain"), ("ann", "domain"), ("@", "domain"), ("a b@c", "domain"), ("a@b", "blind")],
)
async def test_an_invalid_address_creates_no_person(
    sandbox: Sandbox, address: str, trust: str
) -> None:
    assert another(address, trust) is None
    sent = {"person": "another", "address": address, "trust": trust}
    assert (await sandbox.native("google", **sent))["error"] == "invalid_request"
    page = await sandbox.ask("google", address=address or "x", trust=trust)
    assert page.status_code == 422
    assert 'id="person-another"' not in page.text


@pytest.mark.parametrize("fake_provider", PARTIES)
async def test_no_other_person_can_be_chosen(sandbox: Sandbox, fake_provider: str) -> None:
    assert (await sandbox.ask(fake_provider, person="mallory")).status_code == 400
    assert (await sandbox.native(fake_provider, "mallory"))["error"] == "invalid_request"
    assert (await sandbox.native(fake_provider, ""))["error"] == "invalid_request"
