"""`LoginStateStore`, `LoginCodeStore`, `ReplayStore` and `DataDeletionRequestStore`."""

import asyncio
from dataclasses import replace

import pytest
from samples import LATER, NOW, SIGNER, SOON, data_deletion_request, key, login_code, login_state

from quantimodo.ports.stores import Conflict, Stores


async def test_a_login_state_is_taken_as_it_was_and_once(stores: Stores) -> None:
    left = login_state("d", sealed=bytes(range(256)), provider="sämple")
    await stores.login_states.add_login_state(left)
    await stores.login_states.add_login_state(login_state("other"))
    assert await stores.login_states.take_login_state(key("d")) == left
    assert await stores.login_states.take_login_state(key("d")) is None
    assert await stores.login_states.take_login_state(b"") is None
    assert await stores.login_states.take_login_state(key("other")) is not None


async def test_an_expired_login_state_is_reported_as_expired(stores: Stores) -> None:
    left = login_state("d", expires_at=NOW)
    await stores.login_states.add_login_state(left)
    assert await stores.login_states.take_login_state(key("d")) == left


async def test_of_concurrent_returns_one_gets_the_login_state(stores: Stores) -> None:
    await stores.login_states.add_login_state(login_state("d"))
    taken = await asyncio.gather(
        *(stores.login_states.take_login_state(key("d")) for _ in range(20))
    )
    assert len([one for one in taken if one is not None]) == 1


@pytest.mark.parametrize(
    "code",
    [
        login_code("c"),
        login_code("c", clients=None, challenge=None, methods=(), new_user=False),
    ],
)
async def test_a_login_code_comes_back_as_added(stores: Stores, code: object) -> None:
    await stores.login_codes.add_login_code(code)  # type: ignore[arg-type]
    assert await stores.login_codes.login_code(key("c")) == code
    assert await stores.login_codes.login_code(key("unknown")) is None


async def test_a_login_code_is_redeemed_once_and_remembered(stores: Stores) -> None:
    code = login_code("c")
    await stores.login_codes.add_login_code(code)
    await stores.login_codes.add_login_code(login_code("other"))
    assert await stores.login_codes.redeem_login_code(key("c"), SOON)
    assert not await stores.login_codes.redeem_login_code(key("c"), LATER)
    assert await stores.login_codes.login_code(key("c")) == replace(code, redeemed_at=SOON)
    assert await stores.login_codes.login_code(key("other")) == login_code("other")
    assert not await stores.login_codes.redeem_login_code(key("unknown"), NOW)


async def test_of_concurrent_redemptions_one_wins(stores: Stores) -> None:
    await stores.login_codes.add_login_code(login_code("c"))
    won = await asyncio.gather(
        *(stores.login_codes.redeem_login_code(key("c"), NOW) for _ in range(20))
    )
    assert won.count(True) == 1


async def test_a_seen_value_is_not_accepted_again(stores: Stores) -> None:
    assert await stores.replays.use_once(key("seen"), SOON, SIGNER)
    assert not await stores.replays.use_once(key("seen"), SOON, SIGNER)
    assert not await stores.replays.use_once(key("seen"), LATER, SIGNER)
    assert await stores.replays.use_once(key("other"), SOON, SIGNER)


async def test_a_later_use_does_not_prolong_the_memory(stores: Stores) -> None:
    assert await stores.replays.use_once(key("seen"), SOON, SIGNER)
    assert not await stores.replays.use_once(key("seen"), LATER, SIGNER)
    assert await stores.retention.delete_expired("replays", SOON, 10) == 1
    assert await stores.replays.use_once(key("seen"), LATER, SIGNER)


async def test_an_erasure_comes_back_as_added(stores: Stores) -> None:
    done, waiting = data_deletion_request("abc"), data_deletion_request("def", done_at=None)
    await stores.data_deletion_requests.add_data_deletion_request(done)
    await stores.data_deletion_requests.add_data_deletion_request(waiting)
    assert await stores.data_deletion_requests.data_deletion_request("abc") == done
    assert await stores.data_deletion_requests.data_deletion_request("def") == waiting
    for nothing in ("", "ABC", "abc\0", "\ud800"):
        assert await stores.data_deletion_requests.data_deletion_request(nothing) is None
    with pytest.raises(Conflict):
        await stores.data_deletion_requests.add_data_deletion_request(done)


async def test_to_look_at_a_login_state_or_at_what_was_seen_takes_nothing(stores: Stores) -> None:
    left = login_state("d")
    await stores.login_states.add_login_state(left)
    assert await stores.login_states.login_state(key("d")) == left
    assert await stores.login_states.login_state(key("other")) is None
    assert await stores.login_states.take_login_state(key("d")) == left
    assert await stores.login_states.login_state(key("d")) is None

    assert not await stores.replays.is_used(key("seen"))
    assert await stores.replays.use_once(key("seen"), SOON, SIGNER)
    assert await stores.replays.is_used(key("seen"))
