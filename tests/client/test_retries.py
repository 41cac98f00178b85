"""Retries: which calls are sent again, and when."""

from collections.abc import Callable

import pytest
from recorded_server import RecordedResponse, RecordedServer
from session_driver import ME, MEASUREMENTS, START, SessionDriver, stored_token

from swagger_client.rest import ApiException
from swagger_client.session import MemoryStore, Retries

NewDriver = Callable[..., SessionDriver]
ONE = "/api/v2/measurements/7"
PERSON = RecordedResponse(body={"id": 42})


@pytest.fixture
def driver(new_driver: NewDriver) -> SessionDriver:
    return new_driver(store=MemoryStore(stored_token(lifetime=10**9)))


@pytest.mark.parametrize(
    "failure",
    [
        RecordedResponse(429),
        RecordedResponse(502),
        RecordedResponse(503),
        RecordedResponse(drop=True),
    ],
)
async def test_temporary_failures_are_retried(
    driver: SessionDriver, recorded_server: RecordedServer, failure: RecordedResponse
) -> None:
    recorded_server.on(ME, failure, failure, PERSON)
    assert (await driver.call("me")).id == 42
    first, second = driver.time.waits
    assert 0.25 <= first <= 0.5 <= second <= 1.0


async def test_after_some_attempts_it_gives_up(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(503, {"error": "busy"}))
    with pytest.raises(ApiException) as caught:
        await driver.call("me")
    assert caught.value.status == 503
    assert len(recorded_server.requests) == 4
    assert len(driver.time.waits) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 501])
async def test_permanent_failures_are_not_retried(
    driver: SessionDriver, recorded_server: RecordedServer, status: int
) -> None:
    recorded_server.on(ME, RecordedResponse(status))
    with pytest.raises(ApiException):
        await driver.call("me")
    assert len(recorded_server.requests) == 1


@pytest.mark.parametrize(
    "failure", [RecordedResponse(429), RecordedResponse(503), RecordedResponse(drop=True)]
)
async def test_a_request_that_is_not_idempotent_is_never_sent_twice(
    driver: SessionDriver, recorded_server: RecordedServer, failure: RecordedResponse
) -> None:
    recorded_server.on(MEASUREMENTS, failure)
    with pytest.raises(ApiException):
        await driver.call("add_measurements", [])
    assert len(recorded_server.requests) == 1
    assert not driver.time.waits


async def test_an_idempotent_request_may_change_things(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(
        ONE,
        RecordedResponse(503),
        RecordedResponse(204),
        RecordedResponse(503),
        RecordedResponse(body={"id": 7}),
    )
    await driver.call("delete_measurement", 7)
    await driver.call("change_measurement", 7, {"value": 4})
    assert [received.method for received in recorded_server.requests] == [
        "DELETE",
        "DELETE",
        "PUT",
        "PUT",
    ]


@pytest.mark.parametrize(
    ("requested", "waited"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Fri, 15 Jan 2027 08:00:09 GMT", 9.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
    ],
)
async def test_the_server_says_how_long_to_wait(
    driver: SessionDriver, recorded_server: RecordedServer, requested: str, waited: float
) -> None:
    assert START == 1_800_000_000  # Fri, 15 Jan 2027 08:00:00 GMT
    recorded_server.on(ME, RecordedResponse(429, headers={"Retry-After": requested}), PERSON)
    await driver.call("me")
    assert driver.time.waits == [waited]


async def test_no_caller_waits_for_an_hour(
    driver: SessionDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(429, headers={"Retry-After": "3600"}))
    with pytest.raises(ApiException) as caught:
        await driver.call("me")
    assert caught.value.headers is not None
    assert caught.value.headers["retry-after"] == "3600"
    assert not driver.time.waits


@pytest.mark.parametrize("malformed", ["soon", "-1", "٣", "1e9", "Fri, 99 Foo 2027", ""])
async def test_a_wait_that_cannot_be_read_is_as_if_absent(
    driver: SessionDriver, recorded_server: RecordedServer, malformed: str
) -> None:
    headers = {"Retry-After": malformed} if malformed.isascii() else {}
    recorded_server.on(ME, RecordedResponse(503, headers=headers), PERSON)
    await driver.call("me")
    (wait,) = driver.time.waits
    assert 0.25 <= wait <= 0.5


async def test_the_caller_sets_the_retries(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(503))
    driver = new_driver(store=MemoryStore(stored_token()), retries=Retries(attempts=1))
    with pytest.raises(ApiException):
        await driver.call("me")
    assert len(recorded_server.requests) == 1
