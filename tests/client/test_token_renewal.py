"""Token renewal: before the expiry, after a 401, and once for all concurrent callers."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from recorded_server import ReceivedRequest, RecordedResponse, RecordedServer
from session_driver import (
    ME,
    MEASUREMENTS,
    REVOKE_PATH,
    TOKEN_PATH,
    SessionDriver,
    stored_token,
    tokens,
)

import swagger_client
from swagger_client.models import TokenAnswer
from swagger_client.rest import ApiException
from swagger_client.session import (
    AsyncOAuthSession,
    MemoryStore,
    OAuthSession,
    SignInRequired,
    Token,
)

NewDriver = Callable[..., SessionDriver]
PERSON = {"id": 42, "displayName": "Ann", "loginName": "ann"}


def only(good: str) -> Callable[[ReceivedRequest], RecordedResponse]:
    """A resource that takes this access token and no other."""

    def response(received: ReceivedRequest) -> RecordedResponse:
        if received.headers["authorization"] == f"Bearer {good}":
            return RecordedResponse(body=PERSON)
        return RecordedResponse(401, {"error": "invalid_token"})

    return response


async def test_a_good_token_is_used_as_it_is(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, only("qma_fake-access-1"))
    driver = new_driver(store=MemoryStore(stored_token(lifetime=61)))
    assert (await driver.call("me")).id == 42
    assert [received.path for received in recorded_server.requests] == [ME]


async def test_a_token_is_renewed_before_its_end(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, only("qma_fake-access-2"))
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(2)))
    store = MemoryStore(stored_token(lifetime=60))
    driver = new_driver(store=store)
    assert (await driver.call("me")).id == 42
    assert [received.path for received in recorded_server.requests] == [TOKEN_PATH, ME]
    assert recorded_server.requests[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "qmr_fake-refresh-1",
        "client_id": "some-client",
    }
    assert store.load() == stored_token(2)


async def test_a_token_that_is_refused_is_renewed_once(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, only("qma_fake-access-2"))
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(2)))
    driver = new_driver(store=MemoryStore(stored_token()))
    assert (await driver.call("me")).id == 42
    assert [received.path for received in recorded_server.requests] == [ME, TOKEN_PATH, ME]
    recorded_server.requests.clear()
    recorded_server.on(ME, RecordedResponse(401, {"error": "invalid_token"}))
    with pytest.raises(ApiException) as caught:
        await driver.call("me")
    assert caught.value.status == 401
    assert [received.path for received in recorded_server.requests] == [ME, TOKEN_PATH, ME]


async def test_a_post_that_is_refused_goes_again_with_the_new_token(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, only("qma_fake-access-2"))
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(2)))
    driver = new_driver(store=MemoryStore(stored_token()))
    await driver.call("add_measurements", {"variableName": "Mood", "measurements": []})
    first, second = recorded_server.requests_to(MEASUREMENTS)
    assert first.body == second.body


async def test_no_scope_is_not_a_reason_to_renew(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(403, {"error": "insufficient_scope"}))
    driver = new_driver(store=MemoryStore(stored_token()))
    with pytest.raises(ApiException):
        await driver.call("me")
    assert [received.path for received in recorded_server.requests] == [ME]


async def test_when_the_access_has_ended_the_person_has_to_sign_in(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(401))
    recorded_server.on(TOKEN_PATH, RecordedResponse(400, {"error": "invalid_grant"}))
    store = MemoryStore(stored_token())
    driver = new_driver(store=store)
    with pytest.raises(SignInRequired) as caught:
        await driver.call("me")
    assert caught.value.status == 400
    assert "sign in again" in str(caught.value)
    assert "qmr" not in str(caught.value)
    assert store.load() is None
    assert await driver.token() is None
    with pytest.raises(SignInRequired):
        await driver.call("me")
    assert len(recorded_server.requests_to(TOKEN_PATH)) == 1


async def test_a_token_without_a_successor_ends_with_a_sign_in(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(401))
    for token in (Token("qma_one"), Token("qma_two", expires_at=1.0)):
        with pytest.raises(SignInRequired):
            await new_driver(store=MemoryStore(token)).call("me")
    assert len(recorded_server.requests) == 1
    with pytest.raises(SignInRequired):
        await new_driver().call("me")


async def test_an_early_renewal_that_fails_spoils_nothing(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, only("qma_fake-access-1"))
    recorded_server.on(TOKEN_PATH, RecordedResponse(503))
    driver = new_driver(store=MemoryStore(stored_token(lifetime=30)))
    assert (await driver.call("me")).id == 42
    driver.time.now += 31
    with pytest.raises(ApiException) as caught:
        await driver.call("me")
    assert caught.value.status == 503


async def test_a_lost_response_does_not_sign_out(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, only("qma_fake-access-2"))
    recorded_server.on(TOKEN_PATH, RecordedResponse(drop=True), RecordedResponse(body=tokens(2)))
    driver = new_driver(store=MemoryStore(stored_token(lifetime=0)))
    assert (await driver.call("me")).id == 42
    first, second = recorded_server.requests_to(TOKEN_PATH)
    assert first.form == second.form
    recorded_server.on(TOKEN_PATH, RecordedResponse(drop=True))
    with pytest.raises(ApiException) as caught:
        await driver.call("refresh")
    assert caught.value.status == 0
    assert len(recorded_server.requests_to(TOKEN_PATH)) == 4
    assert await driver.token() == stored_token(2)


async def test_members_that_a_refresh_omits_stay(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    response = {"access_token": "qma_new-access", "token_type": "Bearer"}
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=response))
    token = await new_driver(store=MemoryStore(stored_token())).call("refresh")
    assert (token.refresh_token, token.scope) == ("qmr_fake-refresh-1", "basic")
    assert token.expires_at is None


async def test_a_token_that_another_process_renewed_is_used(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, only("qma_fake-access-2"))
    store = MemoryStore(stored_token())
    driver = new_driver(store=store)
    assert await driver.token() == stored_token()
    store.save(stored_token(2))  # as another process would
    assert (await driver.call("me")).id == 42
    assert not recorded_server.requests_to(TOKEN_PATH)


def together(good: str, count: int) -> Callable[[ReceivedRequest], RecordedResponse]:
    """As `only`, but refuses no request before `count` requests have arrived."""
    barrier = threading.Barrier(count)

    def response(received: ReceivedRequest) -> RecordedResponse:
        if received.headers["authorization"] == f"Bearer {good}":
            return RecordedResponse(body=PERSON)
        barrier.wait(20)
        return RecordedResponse(401, {"error": "invalid_token"})

    return response


@pytest.mark.parametrize("expired", [False, True])
def test_ten_threads_renew_once(recorded_server: RecordedServer, expired: bool) -> None:
    good = "qma_fake-access-2"
    recorded_server.on(ME, only(good) if expired else together(good, 10))
    recorded_server.on(
        TOKEN_PATH,
        RecordedResponse(body=tokens(2)),
        RecordedResponse(400, {"error": "invalid_grant"}),
    )
    driver = SessionDriver(
        OAuthSession,
        recorded_server,
        store=MemoryStore(stored_token(lifetime=0 if expired else 3600)),
    )
    with ThreadPoolExecutor(10) as threads, driver.session as session:
        people = list(threads.map(lambda _: session.me(), range(10)))
    assert [person.id for person in people] == [42] * 10
    assert len(recorded_server.requests_to(TOKEN_PATH)) == 1


@pytest.mark.parametrize("expired", [False, True])
async def test_ten_tasks_renew_once(recorded_server: RecordedServer, expired: bool) -> None:
    good = "qma_fake-access-2"
    recorded_server.on(ME, only(good) if expired else together(good, 10))
    recorded_server.on(
        TOKEN_PATH,
        RecordedResponse(body=tokens(2)),
        RecordedResponse(400, {"error": "invalid_grant"}),
    )
    driver = SessionDriver(
        AsyncOAuthSession,
        recorded_server,
        store=MemoryStore(stored_token(lifetime=0 if expired else 3600)),
    )
    people = await asyncio.gather(*(driver.call("me") for _ in range(10)))
    assert [person.id for person in people] == [42] * 10
    assert len(recorded_server.requests_to(TOKEN_PATH)) == 1
    await driver.close()


async def test_a_cancelled_caller_does_not_lose_the_tokens(
    recorded_server: RecordedServer,
) -> None:
    requested, go_on = threading.Event(), threading.Event()

    def renew(received: ReceivedRequest) -> RecordedResponse:
        requested.set()
        go_on.wait(20)
        return RecordedResponse(body=tokens(2))

    recorded_server.on(TOKEN_PATH, renew)
    recorded_server.on(ME, only("qma_fake-access-2"))
    store = MemoryStore(stored_token(lifetime=0))
    driver = SessionDriver(AsyncOAuthSession, recorded_server, store=store)
    waiting = asyncio.create_task(driver.call("me"))
    await asyncio.to_thread(requested.wait, 20)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    assert (await driver.call("me")).id == 42
    assert len(recorded_server.requests_to(TOKEN_PATH)) == 1
    assert store.load() == stored_token(2)
    await driver.close()


async def test_signing_out_waits_for_a_renewal_and_ends_what_it_brought(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    requested, go_on = threading.Event(), threading.Event()

    def renew(received: ReceivedRequest) -> RecordedResponse:
        requested.set()
        go_on.wait(20)
        return RecordedResponse(body=tokens(2))

    recorded_server.on(TOKEN_PATH, renew)
    recorded_server.on(ME, only("qma_fake-access-2"))
    recorded_server.on(REVOKE_PATH, RecordedResponse())
    store = MemoryStore(stored_token(lifetime=0))
    driver = new_driver(store=store)
    reading = asyncio.create_task(driver.call("me"))
    await asyncio.to_thread(requested.wait, 20)
    leaving = asyncio.create_task(driver.call("sign_out"))
    await asyncio.to_thread(go_on.set)
    await leaving
    assert (await reading).id == 42
    (ended,) = recorded_server.requests_to(REVOKE_PATH)
    assert ended.form["token"] == "qmr_fake-refresh-2"
    assert store.load() is None
    with pytest.raises(SignInRequired):
        await driver.call("me")


def test_the_methods_of_2016_work_by_a_session_too(recorded_server: RecordedServer) -> None:
    recorded_server.on(ME, only("qma_fake-access-2"))
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(2)))
    driver = SessionDriver(OAuthSession, recorded_server, store=MemoryStore(stored_token()))
    api = swagger_client.UserApi(driver.session.api_client())
    person, status, _ = api.v1_user_me_get_with_http_info()
    assert (person.id, status) == (42, 200)
    driver.session.close()


async def test_a_token_has_the_expiry_of_the_refresh_token_and_of_the_authorization(
    new_driver: NewDriver, recorded_server: RecordedServer
) -> None:
    lifetimes = {"refresh_token_expires_in": 2_592_000, "authorization_expires_in": 15_552_000}
    recorded_server.on(
        TOKEN_PATH, RecordedResponse(body=tokens(2, **lifetimes)), RecordedResponse(body=tokens(3))
    )
    store = MemoryStore(stored_token())
    driver = new_driver(store=store)
    token = await driver.call("refresh")
    now = driver.time.now
    assert token.refresh_token_expires_at == now + 2_592_000
    assert token.authorization_expires_at == now + 15_552_000
    assert Token.from_dict(store.load().to_dict()) == token
    again = await driver.call("refresh")
    assert again.refresh_token_expires_at is None
    assert again.authorization_expires_at == token.authorization_expires_at


def test_a_token_response_has_typed_lifetimes() -> None:
    response = TokenAnswer(tokens(refresh_token_expires_in=60, authorization_expires_in=120))
    assert (response.refresh_token_expires_in, response.authorization_expires_in) == (60, 120)
    absent = TokenAnswer(tokens())
    assert (absent.refresh_token_expires_in, absent.authorization_expires_in) == (None, None)
