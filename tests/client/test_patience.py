"""Retries: what is sent again, when, and what never is."""

from collections.abc import Callable

import pytest
from driven import ME, MEASUREMENTS, START, Driven, held
from recorded import Answer, Recorded

from swagger_client.rest import ApiException
from swagger_client.session import MemoryStore, Retries

Drive = Callable[..., Driven]
ONE = "/api/v2/measurements/7"
PERSON = Answer(body={"id": 42})


@pytest.fixture
def driven(drive: Drive) -> Driven:
    return drive(store=MemoryStore(held(lifetime=10**9)))


@pytest.mark.parametrize("failure", [Answer(429), Answer(502), Answer(503), Answer(drop=True)])
async def test_what_fails_in_passing_is_tried_again(
    driven: Driven, recorded: Recorded, failure: Answer
) -> None:
    recorded.on(ME, failure, failure, PERSON)
    assert (await driven.do("me")).id == 42
    first, second = driven.time.waits
    assert 0.25 <= first <= 0.5 <= second <= 1.0


async def test_after_some_attempts_it_gives_up(driven: Driven, recorded: Recorded) -> None:
    recorded.on(ME, Answer(503, {"error": "busy"}))
    with pytest.raises(ApiException) as caught:
        await driven.do("me")
    assert caught.value.status == 503
    assert len(recorded.seen) == 4
    assert len(driven.time.waits) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 501])
async def test_what_will_not_fare_better_is_not_tried_again(
    driven: Driven, recorded: Recorded, status: int
) -> None:
    recorded.on(ME, Answer(status))
    with pytest.raises(ApiException):
        await driven.do("me")
    assert len(recorded.seen) == 1


@pytest.mark.parametrize("failure", [Answer(429), Answer(503), Answer(drop=True)])
async def test_what_is_not_idempotent_is_never_sent_twice(
    driven: Driven, recorded: Recorded, failure: Answer
) -> None:
    recorded.on(MEASUREMENTS, failure)
    with pytest.raises(ApiException):
        await driven.do("add_measurements", [])
    assert len(recorded.seen) == 1
    assert not driven.time.waits


async def test_what_is_idempotent_may_change_things(driven: Driven, recorded: Recorded) -> None:
    recorded.on(ONE, Answer(503), Answer(204), Answer(503), Answer(body={"id": 7}))
    await driven.do("delete_measurement", 7)
    await driven.do("change_measurement", 7, {"value": 4})
    assert [seen.method for seen in recorded.seen] == ["DELETE", "DELETE", "PUT", "PUT"]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Fri, 15 Jan 2027 08:00:09 GMT", 9.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
    ],
)
async def test_the_server_says_how_long_to_wait(
    driven: Driven, recorded: Recorded, asked: str, waited: float
) -> None:
    assert START == 1_800_000_000  # Fri, 15 Jan 2027 08:00:00 GMT
    recorded.on(ME, Answer(429, headers={"Retry-After": asked}), PERSON)
    await driven.do("me")
    assert driven.time.waits == [waited]


async def test_no_caller_waits_for_an_hour(driven: Driven, recorded: Recorded) -> None:
    recorded.on(ME, Answer(429, headers={"Retry-After": "3600"}))
    with pytest.raises(ApiException) as caught:
        await driven.do("me")
    assert caught.value.headers is not None
    assert caught.value.headers["retry-after"] == "3600"
    assert not driven.time.waits


@pytest.mark.parametrize("malformed", ["soon", "-1", "٣", "1e9", "Fri, 99 Foo 2027", ""])
async def test_a_wait_that_cannot_be_read_is_as_if_absent(
    driven: Driven, recorded: Recorded, malformed: str
) -> None:
    headers = {"Retry-After": malformed} if malformed.isascii() else {}
    recorded.on(ME, Answer(503, headers=headers), PERSON)
    await driven.do("me")
    (wait,) = driven.time.waits
    assert 0.25 <= wait <= 0.5


async def test_patience_is_the_callers_choice(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, Answer(503))
    driven = drive(store=MemoryStore(held()), retries=Retries(attempts=1))
    with pytest.raises(ApiException):
        await driven.do("me")
    assert len(recorded.seen) == 1
