"""The server's own providers, configured by `sandbox_policies`, against the sandbox as the network.

Neither knows of the other: what they agree on is what is on the wire.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from quantimodo.federation.contract import (
    AccessDeniedByUser,
    AuthorizationContext,
    BadCode,
    BadToken,
    ForeignToken,
    LimitedLoginNeeded,
    Provider,
    ProviderPolicy,
)
from quantimodo.federation.provider_table import faults_of, open_providers
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from quantimodo.sandbox.people import PEOPLE, Behaviour
from quantimodo.sandbox.policies import sandbox_policies
from support.app import ISSUER, VERIFIER
from support.sandbox_site import Sandbox, link, open_sandbox

NAMES = ["google", "facebook", "sandbox"]
PARTIES = {"google": "google", "facebook": "facebook", "sandbox": "oidc"}


class Meeting:
    def __init__(self, sandbox: Sandbox, providers: Mapping[str, Provider]) -> None:
        self.sandbox = sandbox
        self.providers = providers

    async def sign_in(self, name: str, person: str, **more: str) -> UpstreamProfile:
        """There and back again, in a browser."""
        authorization_context = AuthorizationContext(
            state=Secret("some-state"),
            nonce="some-nonce",
            verifier=Secret(VERIFIER),
            redirect_uri=f"{ISSUER}/api/v2/auth/social/callback/{name}",
        )
        address = await self.providers[name].authorization_url(authorization_context)
        page = await self.sandbox.http.get(f"{address}&{httpx.QueryParams(more)}")
        back = await self.sandbox.http.get(link(page, person))
        response = dict(parse_qsl(urlsplit(back.headers["location"]).query))
        assert response.pop("state") == "some-state"
        return await self.providers[name].handle_callback(response, authorization_context)

    async def verify_native_token(
        self, name: str, person: str, which: str, nonce: str | None = "n", **more: str
    ) -> UpstreamProfile:
        """By a token of the SDK on a phone."""
        tokens = await self.sandbox.native(PARTIES[name], person, nonce="n", **more)
        return await self.providers[name].verify_native_token(Secret(tokens[which]), None, nonce)


@asynccontextmanager
async def _open(clock: Clock, entropy: Entropy, stores: Stores) -> AsyncIterator[Meeting]:
    policies = [ProviderPolicy(**fields) for fields in sandbox_policies(ISSUER)]
    assert [fault for policy in policies for fault in faults_of(policy)] == []
    async with open_sandbox(clock, entropy) as sandbox:
        http_client = GuardedHttpClient(transport=httpx.ASGITransport(app=sandbox.app))
        yield Meeting(sandbox, open_providers(policies, http_client, clock, stores.replays))
        await http_client.close()


@pytest.fixture
async def meeting(clock: Clock, entropy: Entropy, stores: Stores) -> AsyncIterator[Meeting]:
    async with _open(clock, entropy, stores) as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "person",
    [each for each in PEOPLE if each.behaviour in (Behaviour.STEADY, Behaviour.AHEAD)],
    ids=lambda person: person.id,
)
async def test_people_come_back(meeting: Meeting, name: str, person: object) -> None:
    known = next(each for each in PEOPLE if each is person)
    profile = await meeting.sign_in(name, known.id)
    assert profile.issuer == f"{ISSUER}/sandbox/{PARTIES[name]}"
    assert profile.email == known.email
    assert profile.name == known.name
    believed = known.email_verified and name != "facebook"
    assert profile.email_verified == believed
    assert profile.email_authoritative == (name == "google" and bool(known.domain))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("person", "fault"),
    [
        ("says-no", AccessDeniedByUser),
        ("provider-error", ProviderUnavailable),
        ("down", ProviderUnavailable),
        ("malformed", InvalidProviderResponse),
    ],
)
async def test_trouble_has_its_own_fault(
    meeting: Meeting, name: str, person: str, fault: type[ProviderFault]
) -> None:
    with pytest.raises(fault):
        await meeting.sign_in(name, person)


async def test_a_typed_address_is_authoritative_when_it_was_said_to_be(meeting: Meeting) -> None:
    profile = await meeting.sign_in("google", "another", address="ann@example.org", trust="domain")
    assert (profile.email, profile.email_authoritative) == ("ann@example.org", True)
    profile = await meeting.sign_in(
        "google", "another", address="ann@example.org", trust="unverified"
    )
    assert (profile.email_verified, profile.email_authoritative) == (False, False)


@pytest.mark.parametrize("name", NAMES)
async def test_code_and_sdk_lead_to_the_same_account(meeting: Meeting, name: str) -> None:
    subject = (await meeting.sign_in(name, "verified")).subject
    assert (await meeting.verify_native_token(name, "verified", "id_token")).subject == subject
    if name != "sandbox":
        by_token = await meeting.verify_native_token(name, "verified", "access_token")
        assert by_token.subject == subject


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ["access_token", "id_token"])
async def test_a_foreign_apps_tokens_are_refused(meeting: Meeting, name: str, which: str) -> None:
    expected = BadToken if (name, which) == ("sandbox", "access_token") else ForeignToken
    with pytest.raises(expected):
        await meeting.verify_native_token(name, "verified", which, client_id="300000000000000")


async def test_an_id_token_counts_once_and_for_its_nonce(meeting: Meeting) -> None:
    for name in NAMES:
        with pytest.raises(BadToken):
            await meeting.verify_native_token(name, "verified", "id_token", nonce="another")
        with pytest.raises(BadToken):
            await meeting.verify_native_token(name, "malformed", "id_token")


async def test_an_iphone_without_tracking_gets_limited_login_required(meeting: Meeting) -> None:
    with pytest.raises(LimitedLoginNeeded):
        await meeting.verify_native_token("facebook", "verified", "access_token", limited="true")


async def test_a_popup_code_is_redeemed(meeting: Meeting) -> None:
    shown = await meeting.sandbox.http.get("/sandbox/google/popup?person=verified")
    code = Secret(shown.text.partition("readonly>")[2].partition("<")[0])
    google = meeting.providers["google"]
    profile = await google.redeem(code, None)
    assert profile.email == "vera@workspace.example.org"
    with pytest.raises(BadCode):
        await google.redeem(code, None)


async def test_messages_are_believed(meeting: Meeting) -> None:
    http = meeting.sandbox.http
    requested = {"person": "verified", "event": "account-purged"}
    event = (await http.post("/sandbox/google/security-event", json=requested)).json()["token"]
    google = meeting.providers["google"]
    (notice,) = await google.security_events("application/secevent+jwt", event.encode())
    subject = (await meeting.verify_native_token("google", "verified", "id_token")).subject
    assert (notice.kind, notice.subject) == ("gone", subject)
    signed = (await http.post("/sandbox/facebook/signed-request", json=requested)).json()
    body = str(httpx.QueryParams(signed)).encode()
    facebook = meeting.providers["facebook"]
    (notice,) = await facebook.security_events("application/x-www-form-urlencoded", body)
    assert (
        notice.subject
        == (await meeting.verify_native_token("facebook", "verified", "id_token")).subject
    )
