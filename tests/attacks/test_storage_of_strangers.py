"""security.md §14c: what strangers can store has a budget; what makes the server fetch something is
limited."""

from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import apsw
import pytest

from quantimodo.accounts.limits import ThrottlePolicy
from quantimodo.accounts.throttle import Throttle
from quantimodo.ports.stores import Stores
from support.app import CALLBACK, PASSWORD, AppHarness, OpenHarness, form_fields
from support.environment import FrozenClock

REGISTER = "/api/v2/oauth2/register"
MIB = 1_048_576
# Bytes of one budget, and the fraction that a process may exceed it by.
MOST = MIB * 17 / 16


def stored(harness: AppHarness, table: str) -> int:
    """What its rows count as; `stored_bytes` is the last column."""
    return sum(row[-1] for row in harness.rows()[table])


async def test_waiting_requests_of_one_address_stay_within_their_budget(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(budgets__authorization_requests_per_address=str(MIB)) as harness:
        app, stranger = await harness.app(), harness.browser()
        responses = []
        for number in range(90):
            harness.advance(seconds=1)
            state = f"{number:04}" + "x" * 7990
            responses.append(await harness.ask(stranger, app, state=state, nonce="y" * 6000))
        assert {response.status_code for response in responses} == {303}
        assert MIB * 0.9 <= stored(harness, "authorization_requests") <= MOST
        first, last = (
            parse_qs(urlsplit(response.headers["location"]).query)["return_to"][0]
            for response in (responses[0], responses[-1])
        )
        # The newest replaced the oldest.
        assert (await stranger.get(first)).status_code == 400
        assert (await stranger.get(last)).status_code == 303


async def test_one_waiting_request_has_a_largest_size(harness: AppHarness) -> None:
    """The fault goes to the client, since its address is sound (RFC 6749 §4.1.2.1)."""
    app, stranger = await harness.app(), harness.browser()
    response = await harness.ask(
        stranger, app, state="x" * 8000, nonce="y" * 8000, ui_locales="z" * 900
    )
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
    assert parse_qs(location.query)["error"] == ["invalid_request"]
    assert harness.rows()["authorization_requests"] == []


@pytest.fixture
async def registering_harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    async with open_harness(
        registration__mode="open",
        budgets__registrations_per_address=str(MIB),
        limits__registration_changes_per_address="3 per 1h",
    ) as harness:
        yield harness


async def register(harness: AppHarness, **metadata: Any) -> dict[str, Any]:
    response = await harness.browser().post(
        REGISTER, json={"redirect_uris": [CALLBACK], **metadata}
    )
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_registrations_of_one_address_stay_within_their_budget(
    registering_harness: AppHarness,
) -> None:
    """The oldest without a consent are deleted first."""
    large = [f"https://app.example.org/{number}/{'x' * 900}" for number in range(40)]
    made = []
    for _ in range(20):
        registering_harness.advance(seconds=1)
        made.append(await register(registering_harness, redirect_uris=large))
    assert MIB * 0.5 <= stored(registering_harness, "unused_clients") <= MOST
    clients = {row[0] for row in registering_harness.rows()["clients"]}
    assert made[0]["client_id"] not in clients
    assert made[-1]["client_id"] in clients


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_managing_a_registration_is_limited(
    registering_harness: AppHarness, method: str
) -> None:
    """RFC 7592 §2: each change writes an audit line and may fetch documents; guessing counts."""
    for _ in range(3):
        response = await registering_harness.browser().request(
            method, f"{REGISTER}/no-such-app", json={}
        )
        assert response.status_code == 401
    found = await register(registering_harness)
    headers = {"authorization": f"Bearer {found['registration_access_token']}"}
    refused = await registering_harness.browser().request(
        method, f"{REGISTER}/{found['client_id']}", json={}, headers=headers
    )
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


async def test_requests_that_make_the_server_fetch_are_limited(open_harness: OpenHarness) -> None:
    """OpenID Connect Core §6.2: an anonymous request names an address that is fetched."""
    async with open_harness(
        registration__mode="open", limits__fetches_per_address="2 per 15m"
    ) as harness:
        uri = "https://app.example.org/request.jwt"
        found = await register(harness, request_uris=[uri])
        query = {"client_id": found["client_id"], "redirect_uri": CALLBACK}
        requested = {**query, "response_type": "code", "request_uri": uri}
        statuses = [
            (await harness.browser().get("/api/v2/oauth/authorize", params=requested)).status_code
            for _ in range(4)
        ]
        assert statuses[2:] == [429, 429]
        assert 429 not in statuses[:2]
        # Others who name no document are not counted.
        plain = await harness.browser().get(
            "/api/v2/oauth/authorize", params={**query, "response_type": "code"}
        )
        assert plain.status_code == 303


async def test_a_mail_of_a_sign_up_counts_for_its_address(harness: AppHarness) -> None:
    """The figure in docs/operator/limits.md: the longest address, name and return target."""
    email = f"{'a' * 64}@{'.'.join(['b' * 63] * 2 + ['c' * 49])}.example.org"
    assert len(email) <= 254
    stranger = harness.browser()
    page = await stranger.get("/sign-up")
    fields = {**form_fields(page.text), "email": email, "name": "é" * 100, "password": PASSWORD}
    response = await stranger.post("/sign-up", data=fields)
    assert response.headers["location"] == "/sign-up/sent", response.text
    (mail,) = harness.rows()["mails"]
    network, size = mail[-2:]
    assert network is not None
    assert size <= 6 * 1024


async def test_a_refused_sign_in_counts_for_its_address(harness: AppHarness) -> None:
    """The figure in docs/operator/limits.md. Other events have no budget."""
    await harness.person()
    stranger = harness.browser()
    for password in ("wrong", PASSWORD):
        page = await stranger.get("/sign-in")
        fields = {**form_fields(page.text), "username": "ann@example.org", "password": password}
        await stranger.post("/sign-in", data=fields)
    await harness.context.audit.flush()
    with closing(apsw.Connection(str(harness.database))) as database:
        rows = database.execute("SELECT kind, network, stored_bytes FROM events").fetchall()
    for kind, network, size in rows:
        assert (network is not None) == (kind == "session.refused")
        assert size <= 1024
    assert "session.refused" in {row[0] for row in rows}


def test_addresses_of_one_ipv6_network_share_a_budget(stores: Stores, clock: FrozenClock) -> None:
    throttle = Throttle(stores.throttles, ThrottlePolicy(), clock, b"k" * 32)

    def payer(address: str, kind: Any = "authorization_requests") -> bytes:
        return throttle.charge(kind, address).network

    assert payer("2001:db8:1:2::1") == payer("2001:db8:1:2:ffff::9%eth0")
    assert payer("2001:db8:1:2::1") != payer("2001:db8:1:3::1")
    assert payer("203.0.113.9") == payer("::ffff:203.0.113.9")
    assert payer("203.0.113.9") != payer("203.0.113.10")
    assert payer("203.0.113.9") != payer("203.0.113.9", "registrations")
    assert b"203" not in payer("203.0.113.9")
