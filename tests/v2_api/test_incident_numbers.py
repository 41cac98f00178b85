"""errors.md: each JSON error with a status of 500 or more has the number that the log has."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import LogCapture

from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable
from quantimodo.ports.stores import Unavailable
from support.app import AUTHORIZE, AppHarness, OpenHarness
from support.fake_provider import FakeUpstream, profile, redeem_login

SOCIAL = "/api/v2/auth/social"


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """The lines of the log, not sampled."""
    before, capture = structlog.get_config()["processors"], LogCapture()
    structlog.configure(processors=[capture])
    yield capture.entries
    structlog.configure(processors=before)


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile()})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google]) as harness:
        yield harness


def numbered(response: httpx.Response, lines: list[Any], status: int) -> dict[str, Any]:
    """The JSON of the response, whose number is in one line of the log."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert re.fullmatch("[0-9a-f]{12}", body["incident"])
    assert [line.get("incident") for line in lines].count(body["incident"]) == 1
    lines.clear()
    return body


async def test_each_kind_of_endpoint_has_the_number_in_its_own_form(
    harness: AppHarness, google: FakeUpstream, lines: list[Any]
) -> None:
    app = await harness.app()
    event = f"{SOCIAL}/notifications/google"
    for fault, status, code in (
        (Unavailable("no database"), 503, "temporarily_unavailable"),
        (ProviderUnavailable("The provider does not respond."), 503, "temporarily_unavailable"),
        (InvalidProviderResponse("It sent nonsense."), 502, "provider_error"),
        (RuntimeError("a bug"), 500, "server_error"),
    ):
        google.fault = fault
        body = numbered(await redeem_login(harness, "gia"), lines, status)
        assert (body["success"], body["error"]["code"]) == (False, code)
        refused = await harness.browser().post(event, json={"signed": True, "kind": "gone"})
        body = numbered(refused, lines, 503 if status == 502 else status)
        assert set(body) == {"err", "description", "incident"}
    await harness.context.stores.close()
    response = await harness.token(app, grant_type="client_credentials")
    body = numbered(response, lines, response.status_code)
    assert response.status_code >= 500
    assert set(body) - {"error_uri"} == {"error", "error_description", "incident"}
    query = {"client_id": app.id, "response_type": "code"}
    headers = {"accept": "application/json"}
    response = await harness.browser().get(AUTHORIZE, params=query, headers=headers)
    assert response.status_code >= 500
    assert numbered(response, lines, response.status_code)["success"] is False


async def test_a_refusal_of_the_caller_has_no_number(
    harness: AppHarness, google: FakeUpstream
) -> None:
    app = await harness.app()
    response = await harness.token(app, grant_type="refresh_token", refresh_token="unknown")
    assert response.status_code == 400
    assert "incident" not in response.json()
    google.people.clear()
    response = await redeem_login(harness, "gia")
    assert 400 <= response.status_code < 500
    assert "incident" not in response.json()
