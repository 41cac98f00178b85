"""security.md §14, §14c: records of what may be used once are bounded, and none is deleted before
it expires, because its value could be used again. A full quota refuses the new record."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from contenders import QUOTA_ROWS, QUOTA_SIGNER, TRIES
from processes import Contenders
from samples import LATER, NOW, SOON, data_deletion_request, key

from quantimodo.model.budgets import QuotaPolicy, Signer
from quantimodo.ports.stores import Conflict, QuotaExceeded, Stores
from quantimodo.storage.open import open_stores
from quantimodo.storage.tables.replays import DELETION_BYTES, FREE_SHARE, REPLAY_BYTES

APP = Signer("operator's client", "app")
OTHER_APP = Signer("operator's client", "other app")
STRANGER = Signer("other client", "app")
PROVIDER = Signer("provider", "app")
POLICY = QuotaPolicy(
    replays_per_signer=5 * REPLAY_BYTES,
    replays_total=8 * REPLAY_BYTES,
    data_deletion_requests_total=3 * DELETION_BYTES,
)


@pytest.fixture
async def small_stores(database_url: str) -> AsyncIterator[Stores]:
    """Stores with small quotas."""
    opened = await open_stores(database_url, quotas=POLICY)
    yield opened
    await opened.close()


async def spend(stores: Stores, names: range, signer: Signer) -> int:
    """How many of these were accepted before one was refused."""
    for count, number in enumerate(names):
        try:
            assert await stores.replays.use_once(key(f"{signer} {number}"), SOON, signer)
        except QuotaExceeded:
            return count
    return len(names)


async def test_a_signer_over_its_quota_is_refused_and_nothing_is_deleted(
    small_stores: Stores,
) -> None:
    assert await spend(small_stores, range(10), APP) == 5
    with pytest.raises(QuotaExceeded) as refused:
        await small_stores.replays.use_once(key("one more"), SOON, APP)
    assert refused.value.by_signer
    assert not await small_stores.replays.is_used(key("one more"))
    for number in range(5):
        assert await small_stores.replays.is_used(key(f"{APP} {number}"))


async def test_a_replay_is_seen_when_the_quota_is_full(small_stores: Stores) -> None:
    assert await spend(small_stores, range(10), APP) == 5
    assert not await small_stores.replays.use_once(key(f"{APP} 0"), SOON, APP)


async def test_the_total_of_a_group_refuses_its_other_signers(small_stores: Stores) -> None:
    assert await spend(small_stores, range(10), APP) == 5
    assert await spend(small_stores, range(10), OTHER_APP) == 3
    with pytest.raises(QuotaExceeded) as refused:
        await small_stores.replays.use_once(key("one more"), SOON, OTHER_APP)
    assert not refused.value.by_signer
    with pytest.raises(QuotaExceeded):
        await small_stores.replays.use_once(
            key("one more"), SOON, Signer("operator's client", "new")
        )


async def test_each_group_has_a_separate_total(small_stores: Stores) -> None:
    assert await spend(small_stores, range(10), STRANGER) == 5
    assert await spend(small_stores, range(10), Signer("other client", "second")) == 3
    assert await spend(small_stores, range(10), APP) == 5
    assert await spend(small_stores, range(10), PROVIDER) == 5


async def test_expired_records_make_space(small_stores: Stores) -> None:
    assert await spend(small_stores, range(5), APP) == 5
    assert await small_stores.retention.delete_expired("replays", SOON, 2) == 2
    assert await spend(small_stores, range(10, 20), APP) == 2
    assert await small_stores.retention.delete_expired("replays", SOON, 100) == 5
    assert await small_stores.retention.delete_expired("replays", SOON, 100) == 0
    assert await spend(small_stores, range(20, 30), APP) == 5


async def test_space_is_known_before_it_is_used(small_stores: Stores) -> None:
    await small_stores.replays.require_space(key("next"), APP)
    assert not await small_stores.replays.is_used(key("next"))
    assert await spend(small_stores, range(10), APP) == 5
    with pytest.raises(QuotaExceeded) as refused:
        await small_stores.replays.require_space(key("next"), APP)
    assert refused.value.by_signer
    await small_stores.replays.require_space(key("next"), OTHER_APP)
    assert await spend(small_stores, range(10), OTHER_APP) == 3
    with pytest.raises(QuotaExceeded) as refused:
        await small_stores.replays.require_space(key("next"), Signer("operator's client", "new"))
    assert not refused.value.by_signer


async def test_no_record_has_a_longer_key_than_it_counts_for(small_stores: Stores) -> None:
    with pytest.raises(ValueError, match="too long"):
        await small_stores.replays.use_once(b"x" * 65, SOON, APP)


ROWS = 650


@pytest.fixture
async def shared_stores(database_url: str) -> AsyncIterator[Stores]:
    """Stores whose group of other clients has 650 records, of which the first owner gets 10."""
    opened = await open_stores(database_url, quotas=QuotaPolicy(replays_total=ROWS * REPLAY_BYTES))
    yield opened
    await opened.close()


def of_owner(owner: str, app: str = "app") -> Signer:
    return Signer("other client", f"{app} of {owner}", owner)


def expected_shares(owners: int) -> list[int]:
    """How many records each owner gets, if one after the other takes all that it may."""
    shares: list[int] = []
    for _ in range(owners):
        mine = 0
        while mine + 1 <= max(1, (ROWS - sum(shares) - mine - 1) // FREE_SHARE):
            mine += 1
        shares.append(mine)
    return shares


async def test_all_applications_of_one_owner_share_what_one_owner_may_hold(
    shared_stores: Stores,
) -> None:
    assert await spend(shared_stores, range(6), of_owner("ann", "first")) == 6
    await shared_stores.replays.require_space(key("next"), of_owner("ann", "second"))
    assert await spend(shared_stores, range(20), of_owner("ann", "second")) == 4
    for app in ("first", "second", "third"):
        with pytest.raises(QuotaExceeded) as refused:
            await shared_stores.replays.use_once(key("one more"), SOON, of_owner("ann", app))
        assert refused.value.by_signer
        with pytest.raises(QuotaExceeded):
            await shared_stores.replays.require_space(key("one more"), of_owner("ann", app))
    assert not await shared_stores.replays.is_used(key("one more"))
    assert not await shared_stores.replays.use_once(
        key(f"{of_owner('ann', 'first')} 0"), SOON, of_owner("ann", "first")
    )
    assert await spend(shared_stores, range(2), of_owner("ben")) == 2


async def test_no_owner_finds_the_quota_used_up_by_a_few_others(shared_stores: Stores) -> None:
    shares = expected_shares(40)
    assert shares[0] == 10
    assert min(shares) >= 5
    for number, share in enumerate(shares):
        assert await spend(shared_stores, range(share + 1), of_owner(f"owner {number}")) == share


async def test_the_share_of_an_owner_holds_under_concurrency(shared_stores: Stores) -> None:
    async def spend_one(owner: str, number: int) -> bool:
        signer = of_owner(owner, f"app {number % 3}")
        try:
            return await shared_stores.replays.use_once(key(f"{owner} {number}"), SOON, signer)
        except QuotaExceeded:
            return False

    owners = [f"owner {number}" for number in range(6)]
    spent = await asyncio.gather(
        *(spend_one(owner, number) for number in range(14) for owner in owners)
    )
    shares = [sum(spent[place :: len(owners)]) for place in range(len(owners))]
    assert max(shares) <= 10
    assert min(shares) >= expected_shares(len(owners))[-1]
    # Each record was counted once for its owner, and is taken off once.
    assert await shared_stores.retention.delete_expired("replays", SOON, 500) == sum(shares)
    assert await spend(shared_stores, range(20), of_owner("owner 0")) == 10


async def test_data_deletion_requests_are_bounded_and_none_is_deleted(small_stores: Stores) -> None:
    requests = small_stores.data_deletion_requests
    for number in range(3):
        await requests.require_space()
        await requests.add_data_deletion_request(data_deletion_request(f"code {number}"))
    with pytest.raises(QuotaExceeded):
        await requests.require_space()
    with pytest.raises(QuotaExceeded):
        await requests.add_data_deletion_request(data_deletion_request("code 3"))
    assert await requests.data_deletion_request("code 3") is None
    assert await requests.data_deletion_request("code 0") is not None


async def test_data_deletion_requests_that_expired_make_space(small_stores: Stores) -> None:
    requests = small_stores.data_deletion_requests
    for number in range(3):
        row = data_deletion_request(f"code {number}", expires_at=SOON)
        await requests.add_data_deletion_request(row)
    assert await small_stores.retention.delete_expired("data_deletion_requests", SOON, 2) == 2
    for number in range(3, 5):
        await requests.add_data_deletion_request(data_deletion_request(f"code {number}"))
    with pytest.raises(QuotaExceeded):
        await requests.require_space()


async def test_a_code_that_is_taken_counts_once(small_stores: Stores) -> None:
    requests = small_stores.data_deletion_requests
    await requests.add_data_deletion_request(data_deletion_request("taken"))
    for _ in range(5):
        with pytest.raises(Conflict):
            await requests.add_data_deletion_request(data_deletion_request("taken"))
    await requests.require_space()


async def test_a_large_quota_of_several_counters_is_used_nearly_whole(database_url: str) -> None:
    rows = 4000
    policy = QuotaPolicy(replays_per_signer=rows * REPLAY_BYTES)
    opened = await open_stores(database_url, quotas=policy)
    try:
        used = await spend(opened, range(rows + 1), APP)
    finally:
        await opened.close()
    assert rows * 0.9 <= used <= rows


@pytest.mark.slow
async def test_processes_together_never_exceed_a_quota(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    """Writers and the cleaner at once; what is left counts exactly."""
    responses = await contenders.contend(4, database_url, "fill_quota")
    accepted = [name for names in responses.values() for name in names]
    assert len(accepted) == QUOTA_ROWS
    held = [name for name in accepted if await stores.replays.is_used(key(name))]
    assert len(held) == QUOTA_ROWS
    # All counters are given back, so exactly as many fit again.
    while await stores.retention.delete_expired("replays", LATER, 7):
        pass
    again = await contenders.contend(4, database_url, "fill_quota")
    assert sum(len(names) for names in again.values()) == QUOTA_ROWS


@pytest.mark.slow
async def test_a_quota_holds_while_records_are_deleted(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for number in range(TRIES):
        assert await stores.replays.use_once(key(f"old {number}"), NOW, QUOTA_SIGNER)
    await contenders.contend(4, database_url, "churn_quota")
    while await stores.retention.delete_expired("replays", LATER, 100):
        pass
    again = await contenders.contend(2, database_url, "fill_quota")
    assert sum(len(names) for names in again.values()) == QUOTA_ROWS
