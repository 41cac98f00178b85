"""Renewal: before the end, on a 401, once for everybody who waits, and never in vain."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from driven import ME, MEASUREMENTS, REVOKE_PATH, TOKEN_PATH, Driven, held, tokens
from recorded import Answer, Recorded, Seen

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

Drive = Callable[..., Driven]
PERSON = {"id": 42, "displayName": "Ann", "loginName": "ann"}


def only(good: str) -> Callable[[Seen], Answer]:
    """A resource that takes this access token and no other."""

    def answer(seen: Seen) -> Answer:
        if seen.headers["authorization"] == f"Bearer {good}":
            return Answer(body=PERSON)
        return Answer(401, {"error": "invalid_token"})

    return answer


async def test_a_good_token_is_used_as_it_is(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, only("qma_fake-access-1"))
    driven = drive(store=MemoryStore(held(lifetime=61)))
    assert (await driven.do("me")).id == 42
    assert [seen.path for seen in recorded.seen] == [ME]


async def test_a_token_is_renewed_before_its_end(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, only("qma_fake-access-2"))
    recorded.on(TOKEN_PATH, Answer(body=tokens(2)))
    store = MemoryStore(held(lifetime=60))
    driven = drive(store=store)
    assert (await driven.do("me")).id == 42
    assert [seen.path for seen in recorded.seen] == [TOKEN_PATH, ME]
    assert recorded.seen[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "qmr_fake-refresh-1",
        "client_id": "some-client",
    }
    assert store.load() == held(2)


async def test_a_token_that_is_refused_is_renewed_once(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, only("qma_fake-access-2"))
    recorded.on(TOKEN_PATH, Answer(body=tokens(2)))
    driven = drive(store=MemoryStore(held()))
    assert (await driven.do("me")).id == 42
    assert [seen.path for seen in recorded.seen] == [ME, TOKEN_PATH, ME]
    recorded.seen.clear()
    recorded.on(ME, Answer(401, {"error": "invalid_token"}))
    with pytest.raises(ApiException) as caught:
        await driven.do("me")
    assert caught.value.status == 401
    assert [seen.path for seen in recorded.seen] == [ME, TOKEN_PATH, ME]


async def test_a_post_that_is_refused_goes_again_with_the_new_token(
    drive: Drive, recorded: Recorded
) -> None:
    recorded.on(MEASUREMENTS, only("qma_fake-access-2"))
    recorded.on(TOKEN_PATH, Answer(body=tokens(2)))
    driven = drive(store=MemoryStore(held()))
    await driven.do("add_measurements", {"variableName": "Mood", "measurements": []})
    first, second = recorded.asked(MEASUREMENTS)
    assert first.body == second.body


async def test_no_scope_is_no_reason_to_renew(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, Answer(403, {"error": "insufficient_scope"}))
    driven = drive(store=MemoryStore(held()))
    with pytest.raises(ApiException):
        await driven.do("me")
    assert [seen.path for seen in recorded.seen] == [ME]


async def test_when_the_access_has_ended_the_person_has_to_sign_in(
    drive: Drive, recorded: Recorded
) -> None:
    recorded.on(ME, Answer(401))
    recorded.on(TOKEN_PATH, Answer(400, {"error": "invalid_grant"}))
    store = MemoryStore(held())
    driven = drive(store=store)
    with pytest.raises(SignInRequired) as caught:
        await driven.do("me")
    assert caught.value.status == 400
    assert "sign in again" in str(caught.value)
    assert "qmr" not in str(caught.value)
    assert store.load() is None
    assert await driven.token() is None
    with pytest.raises(SignInRequired):
        await driven.do("me")
    assert len(recorded.asked(TOKEN_PATH)) == 1


async def test_a_token_without_a_successor_ends_with_a_sign_in(
    drive: Drive, recorded: Recorded
) -> None:
    recorded.on(ME, Answer(401))
    for token in (Token("qma_one"), Token("qma_two", expires_at=1.0)):
        with pytest.raises(SignInRequired):
            await drive(store=MemoryStore(token)).do("me")
    assert len(recorded.seen) == 1
    with pytest.raises(SignInRequired):
        await drive().do("me")


async def test_an_early_renewal_that_fails_spoils_nothing(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, only("qma_fake-access-1"))
    recorded.on(TOKEN_PATH, Answer(503))
    driven = drive(store=MemoryStore(held(lifetime=30)))
    assert (await driven.do("me")).id == 42
    driven.time.now += 31
    with pytest.raises(ApiException) as caught:
        await driven.do("me")
    assert caught.value.status == 503


async def test_a_lost_response_does_not_sign_out(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, only("qma_fake-access-2"))
    recorded.on(TOKEN_PATH, Answer(drop=True), Answer(body=tokens(2)))
    driven = drive(store=MemoryStore(held(lifetime=0)))
    assert (await driven.do("me")).id == 42
    first, second = recorded.asked(TOKEN_PATH)
    assert first.form == second.form
    recorded.on(TOKEN_PATH, Answer(drop=True))
    with pytest.raises(ApiException) as caught:
        await driven.do("refresh")
    assert caught.value.status == 0
    assert len(recorded.asked(TOKEN_PATH)) == 4
    assert await driven.token() == held(2)


async def test_what_a_refresh_leaves_out_stays(drive: Drive, recorded: Recorded) -> None:
    answer = {"access_token": "qma_new-access", "token_type": "Bearer"}
    recorded.on(TOKEN_PATH, Answer(body=answer))
    token = await drive(store=MemoryStore(held())).do("refresh")
    assert (token.refresh_token, token.scope) == ("qmr_fake-refresh-1", "basic")
    assert token.expires_at is None


async def test_what_another_process_renewed_is_used(drive: Drive, recorded: Recorded) -> None:
    recorded.on(ME, only("qma_fake-access-2"))
    store = MemoryStore(held())
    driven = drive(store=store)
    assert await driven.token() == held()
    store.save(held(2))  # as another process would
    assert (await driven.do("me")).id == 42
    assert not recorded.asked(TOKEN_PATH)


def together(good: str, count: int) -> Callable[[Seen], Answer]:
    """As `only`, but nobody is refused before `count` have asked."""
    barrier = threading.Barrier(count)

    def answer(seen: Seen) -> Answer:
        if seen.headers["authorization"] == f"Bearer {good}":
            return Answer(body=PERSON)
        barrier.wait(20)
        return Answer(401, {"error": "invalid_token"})

    return answer


@pytest.mark.parametrize("expired", [False, True])
def test_ten_threads_renew_once(recorded: Recorded, expired: bool) -> None:
    good = "qma_fake-access-2"
    recorded.on(ME, only(good) if expired else together(good, 10))
    recorded.on(TOKEN_PATH, Answer(body=tokens(2)), Answer(400, {"error": "invalid_grant"}))
    driven = Driven(
        OAuthSession, recorded, store=MemoryStore(held(lifetime=0 if expired else 3600))
    )
    with ThreadPoolExecutor(10) as threads, driven.session as session:
        people = list(threads.map(lambda _: session.me(), range(10)))
    assert [person.id for person in people] == [42] * 10
    assert len(recorded.asked(TOKEN_PATH)) == 1


@pytest.mark.parametrize("expired", [False, True])
async def test_ten_tasks_renew_once(recorded: Recorded, expired: bool) -> None:
    good = "qma_fake-access-2"
    recorded.on(ME, only(good) if expired else together(good, 10))
    recorded.on(TOKEN_PATH, Answer(body=tokens(2)), Answer(400, {"error": "invalid_grant"}))
    driven = Driven(
        AsyncOAuthSession, recorded, store=MemoryStore(held(lifetime=0 if expired else 3600))
    )
    people = await asyncio.gather(*(driven.do("me") for _ in range(10)))
    assert [person.id for person in people] == [42] * 10
    assert len(recorded.asked(TOKEN_PATH)) == 1
    await driven.close()


async def test_who_is_cancelled_while_waiting_does_not_lose_the_tokens(
    recorded: Recorded,
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def renew(seen: Seen) -> Answer:
        asked.set()
        go_on.wait(20)
        return Answer(body=tokens(2))

    recorded.on(TOKEN_PATH, renew)
    recorded.on(ME, only("qma_fake-access-2"))
    store = MemoryStore(held(lifetime=0))
    driven = Driven(AsyncOAuthSession, recorded, store=store)
    waiting = asyncio.create_task(driven.do("me"))
    await asyncio.to_thread(asked.wait, 20)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    assert (await driven.do("me")).id == 42
    assert len(recorded.asked(TOKEN_PATH)) == 1
    assert store.load() == held(2)
    await driven.close()


async def test_signing_out_waits_for_a_renewal_and_ends_what_it_brought(
    drive: Drive, recorded: Recorded
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def renew(seen: Seen) -> Answer:
        asked.set()
        go_on.wait(20)
        return Answer(body=tokens(2))

    recorded.on(TOKEN_PATH, renew)
    recorded.on(ME, only("qma_fake-access-2"))
    recorded.on(REVOKE_PATH, Answer())
    store = MemoryStore(held(lifetime=0))
    driven = drive(store=store)
    reading = asyncio.create_task(driven.do("me"))
    await asyncio.to_thread(asked.wait, 20)
    leaving = asyncio.create_task(driven.do("sign_out"))
    await asyncio.to_thread(go_on.set)
    await leaving
    assert (await reading).id == 42
    (ended,) = recorded.asked(REVOKE_PATH)
    assert ended.form["token"] == "qmr_fake-refresh-2"
    assert store.load() is None
    with pytest.raises(SignInRequired):
        await driven.do("me")


def test_the_methods_of_2016_work_by_a_session_too(recorded: Recorded) -> None:
    recorded.on(ME, only("qma_fake-access-2"))
    recorded.on(TOKEN_PATH, Answer(body=tokens(2)))
    driven = Driven(OAuthSession, recorded, store=MemoryStore(held()))
    api = swagger_client.UserApi(driven.session.api_client())
    person, status, _ = api.v1_user_me_get_with_http_info()
    assert (person.id, status) == (42, 200)
    driven.session.close()


async def test_a_token_has_the_expiry_of_the_refresh_token_and_of_the_authorization(
    drive: Drive, recorded: Recorded
) -> None:
    lifetimes = {"refresh_token_expires_in": 2_592_000, "authorization_expires_in": 15_552_000}
    recorded.on(TOKEN_PATH, Answer(body=tokens(2, **lifetimes)), Answer(body=tokens(3)))
    store = MemoryStore(held())
    driven = drive(store=store)
    token = await driven.do("refresh")
    now = driven.time.now
    assert token.refresh_token_expires_at == now + 2_592_000
    assert token.authorization_expires_at == now + 15_552_000
    assert Token.from_dict(store.load().to_dict()) == token
    again = await driven.do("refresh")
    assert again.refresh_token_expires_at is None
    assert again.authorization_expires_at == token.authorization_expires_at


def test_a_token_answer_has_typed_lifetimes() -> None:
    answer = TokenAnswer(tokens(refresh_token_expires_in=60, authorization_expires_in=120))
    assert (answer.refresh_token_expires_in, answer.authorization_expires_in) == (60, 120)
    absent = TokenAnswer(tokens())
    assert (absent.refresh_token_expires_in, absent.authorization_expires_in) == (None, None)
