"""What goes wrong in a session, sync and async: an `ApiException`, and no secret in its text."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from driven import ME, MEASUREMENTS, SESSIONS, TOKEN_PATH, Driven, held
from recorded import Answer, Recorded, Seen

from swagger_client import Configuration
from swagger_client.rest import ApiException
from swagger_client.session import MemoryStore, Retries, Token

Drive = Callable[..., Driven]
MARK = "m4rked-secret-of-another-server"
ONCE = Retries(attempts=1)


@pytest.fixture
def driven(drive: Drive) -> Driven:
    return drive(store=MemoryStore(Token(MARK)), retries=ONCE)


async def refusal(driven: Driven, name: str = "me") -> ApiException:
    with pytest.raises(ApiException) as caught:
        await driven.do(name)
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
    driven: Driven, recorded: Recorded, status: int, reason: str
) -> None:
    body = {"error": {"code": "some_fault", "message": f"It did not work with {MARK}."}}
    recorded.on(ME, Answer(status, body, {"X-Trace": MARK}))
    fault = await refusal(driven)
    assert (fault.status, fault.reason) == (status, reason)
    assert json.loads(fault.body or "") == body
    assert fault.headers is not None
    assert fault.headers["x-trace"] == MARK
    assert "some_fault" in str(fault)
    assert MARK not in str(fault) + repr(fault)


async def test_a_401_asks_for_a_sign_in_and_shows_nothing(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, Answer(401, {"error": "invalid_token"}))
    refused = {"error": "invalid_grant", "error_description": f"no: {MARK}"}
    recorded.on(TOKEN_PATH, Answer(400, refused))
    token = Token("qma_fake-access-1", MARK)
    fault = await refusal(drive(store=MemoryStore(token)))
    assert fault.status == 400
    assert "sign in again" in str(fault)
    assert MARK not in str(fault) + repr(fault)


@pytest.mark.parametrize("body", [b'{"id": 4', b"<html>", b"[1]", b"7", b""])
async def test_an_answer_that_is_not_what_was_promised(
    driven: Driven, recorded: Recorded, body: bytes
) -> None:
    recorded.on(ME, Answer(200, body + MARK.encode()))
    recorded.on(MEASUREMENTS, Answer(200, body + MARK.encode()))
    for name in ("me", "measurements"):
        fault = await refusal(driven, name)
        assert (fault.status, fault.reason) == (200, "The answer is not what this call promises")
        assert fault.body == body.decode() + MARK
        assert MARK not in str(fault) + repr(fault)


async def test_a_server_that_does_not_answer_in_time(drive: Drive, recorded: Recorded) -> None:
    enough = threading.Event()

    def wait(_: Seen) -> Answer:
        enough.wait(10)
        return Answer(drop=True)

    recorded.on(ME, wait)
    settings = Configuration(recorded.host)
    settings.timeout = 0.05
    fault = await refusal(drive(store=MemoryStore(held()), retries=ONCE, configuration=settings))
    assert (fault.status, fault.body, fault.headers) == (0, None, None)
    assert "ReadTimeout" in str(fault)
    enough.set()


async def test_an_answer_that_is_cut_off(driven: Driven, recorded: Recorded) -> None:
    recorded.on(ME, Answer(200, {"id": 42}, cut=True))
    fault = await refusal(driven)
    assert (fault.status, fault.temporary) == (0, True)


@pytest.mark.parametrize("kind", SESSIONS)
async def test_an_untrusted_certificate(secure: Recorded, kind: type[Any]) -> None:
    driven = Driven(kind, secure, store=MemoryStore(held()))
    fault = await refusal(driven)
    assert (fault.status, fault.temporary) == (0, False)
    assert "CERTIFICATE_VERIFY_FAILED" in str(fault)
    assert (secure.seen, driven.time.waits) == ([], [])
    await driven.close()
