"""Failures of sessions, sync and async: an `ApiException` without secrets in its text."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from recorded_server import ReceivedRequest, RecordedResponse, RecordedServer
from session_driver import ME, MEASUREMENTS, SESSIONS, TOKEN_PATH, SessionDriver, stored_token

from swagger_client import Configuration
from swagger_client.rest import ApiException
from swagger_client.session import MemoryStore, Retries, Token

NewDriver = Callable[..., SessionDriver]
MARK = "m4rked-secret-of-another-server"
ONCE = Retries(attempts=1)


@pytest.fixture
def driver(new_driver: NewDriver) -> SessionDriver:
    return new_driver(store=MemoryStore(Token(MARK)), retries=ONCE)


async def refusal(driver: SessionDriver, name: str = "me") -> ApiException:
    with pytest.raises(ApiException) as caught:
        await driver.call(name)
    return caught.value


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "Bad Request"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
    ],
)
async def test_a_refusal_has_status_reason_body_and_headers(
    driver: SessionDriver, recorded_server: RecordedServer, status: int, reason: str
) -> None:
    body = {"error": {"code": "some_fault", "message": f"It did not work with {MARK}."}}
    recorded_server.on(ME, RecordedResponse(status, body, {"X-Trace": MARK}))
    fault = await refusal(driver)
    assert (fault.status, fault.reason) == (status, reason)
    assert json.loads(fault.body or "") == body
    assert fault.headers is not None
    assert fault.headers["x-trace"] == MARK
    assert "some_fault" in str(fault)
    assert MARK not in str(fault) + repr(fault)


async def test_a_401_asks_for_a_sign_in_and_shows_nothing(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(401, {"error": "invalid_token"}))
    refused = {"error": "invalid_grant", "error_description": f"no: {MARK}"}
    recorded_server.on(TOKEN_PATH, RecordedResponse(400, refused))
    token = Token("qma_fake-access-1", MARK)
    fault = await refusal(new_driver(store=MemoryStore(token)))
    assert fault.status == 400
    assert "sign in again" in str(fault)
    assert MARK not in str(fault) + repr(fault)


@pytest.mark.parametrize("body", [b'{"id": 4', b"<html>", b"[1]", b"7", b""])
async def test_a_response_that_is_not_what_was_promised(
    driver: SessionDriver, recorded_server: RecordedServer, body: bytes
) -> None:
    recorded_server.on(ME, RecordedResponse(200, body + MARK.encode()))
    recorded_server.on(MEASUREMENTS, RecordedResponse(200, body + MARK.encode()))
    for name in ("me", "measurements"):
        fault = await refusal(driver, name)
        assert (fault.status, fault.reason) == (
            200,
            "The response does not have the expected format",
        )
        assert fault.body == body.decode() + MARK
        assert MARK not in str(fault) + repr(fault)


async def test_a_server_that_does_not_answer_in_time(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    enough = threading.Event()

    def wait(_: ReceivedRequest) -> RecordedResponse:
        enough.wait(10)
        return RecordedResponse(drop=True)

    recorded_server.on(ME, wait)
    settings = Configuration(recorded_server.host)
    settings.timeout = 0.05
    fault = await refusal(
        new_driver(store=MemoryStore(stored_token()), retries=ONCE, configuration=settings)
    )
    assert (fault.status, fault.body, fault.headers) == (0, None, None)
    assert "ReadTimeout" in str(fault)
    enough.set()


async def test_a_response_that_is_cut_off(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(200, {"id": 42}, cut=True))
    fault = await refusal(driver)
    assert (fault.status, fault.temporary) == (0, True)


@pytest.mark.parametrize("kind", SESSIONS)
async def test_an_untrusted_certificate(secure: RecordedServer, kind: type[Any]) -> None:
    driver = SessionDriver(kind, secure, store=MemoryStore(stored_token()))
    fault = await refusal(driver)
    assert (fault.status, fault.temporary) == (0, False)
    assert "CERTIFICATE_VERIFY_FAILED" in str(fault)
    assert (secure.requests, driver.time.waits) == ([], [])
    await driver.close()
