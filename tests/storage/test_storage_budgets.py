"""security.md §14c: what strangers can store has a budget per address and in total; the oldest
unanswered rows are deleted. `docs/operator/limits.md` says by how much a budget may be exceeded."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from contenders import BUDGET_ROW, FLOOD_BUDGET, FLOOD_ROWS, MAIL_BUDGET, MAIL_ROW, flood_request
from processes import Contenders
from samples import (
    LATER,
    NOW,
    SOON,
    Samples,
    client,
    consent,
    email_token,
    login_code,
    login_state,
    new_user,
)

from quantimodo.model.budgets import Charge, StorageBudget
from quantimodo.model.clients import Logo
from quantimodo.model.consents import StoredRequest
from quantimodo.model.events import Event
from quantimodo.ports.stores import BudgetExceeded, Stores
from quantimodo.storage.open import open_stores
from quantimodo.storage.tables.budgets import ROW_OVERHEAD, stored_bytes

KIB = 1024
ANN, BOB = b"a" * 32, b"b" * 32
# Each row below has about 1 KiB, so a process checks at every insert.
BUDGET = StorageBudget(per_address=10 * KIB, total=40 * KIB)
FILLER = "x" * (KIB - ROW_OVERHEAD)


def numbered(number: int) -> bytes:
    """The keys of real rows begin with the time of insertion, as these do."""
    return number.to_bytes(32, "big")


async def add_request(stores: Stores, number: int, charge: Charge) -> None:
    request = StoredRequest(
        key=numbered(number),
        client_id="client",
        parameters=(("state", FILLER),),
        created_at=NOW,
        expires_at=SOON,
    )
    await stores.authorizations.add_request(request, charge)


async def has_request(stores: Stores, number: int) -> bool:
    return await stores.authorizations.request(numbered(number)) is not None


async def add_login_state(stores: Stores, number: int, charge: Charge) -> None:
    row = login_state("d", key=numbered(number), sealed=FILLER.encode())
    await stores.login_states.add_login_state(row, charge)


async def has_login_state(stores: Stores, number: int) -> bool:
    return await stores.login_states.login_state(numbered(number)) is not None


async def add_code(stores: Stores, number: int, charge: Charge) -> None:
    row = login_code("c", key=numbered(number), challenge=FILLER)
    await stores.login_codes.add_login_code(row, charge)


async def has_code(stores: Stores, number: int) -> bool:
    return await stores.login_codes.login_code(numbered(number)) is not None


async def add_email_token(stores: Stores, number: int, charge: Charge) -> None:
    await stores.email_tokens.add_email_token(
        email_token("t", key=numbered(number), payload=FILLER.encode()), charge
    )


async def has_email_token(stores: Stores, number: int) -> bool:
    return await stores.email_tokens.email_token(numbered(number)) is not None


async def add_mail(stores: Stores, number: int, charge: Charge) -> None:
    await stores.mails.add_mail(numbered(number) + FILLER.encode(), NOW, LATER, charge)


async def add_account_mail(stores: Stores, number: int, charge: Charge) -> None:
    sealed = numbered(number) + FILLER.encode()
    await stores.mails.add_mail(sealed, NOW, LATER, charge, of_account=True)


async def has_mail(stores: Stores, number: int) -> bool:
    mails = await stores.mails.recent_mail(200)
    return any(sealed.startswith(numbered(number)) for _, sealed, _ in mails)


async def test_mails_of_strangers_displace_none_of_people_with_an_account(
    stores: Stores,
) -> None:
    for number in range(20):
        await add_account_mail(stores, number, Charge(numbered(number), BUDGET))
    for number in range(100, 160):
        await add_mail(stores, number, Charge(numbered(number), BUDGET))
    assert await kept(stores, has_mail, range(20)) == list(range(20))
    for number in range(200, 260):
        await add_account_mail(stores, number, Charge(numbered(number), BUDGET))
    of_strangers = await kept(stores, has_mail, range(100, 160))
    assert 20 <= len(of_strangers) <= 41
    assert of_strangers[-1] == 159


@pytest.fixture(autouse=True)
async def _person(samples: Samples) -> None:
    """The person of the events: those of a person who does not exist have no person."""
    assert (await samples.user()).id == 1


async def add_refused_sign_in(stores: Stores, number: int, charge: Charge) -> None:
    event = Event(at=NOW, kind="session.refused", user_id=1, detail=f"{number} {FILLER}")
    await stores.events.add_events([event], charge)


async def has_refused_sign_in(stores: Stores, number: int) -> bool:
    events = await stores.events.events_of(1, 100)
    return any(each.detail.startswith(f"{number} ") for each in events)


async def test_refused_sign_ins_delete_no_other_events(stores: Stores) -> None:
    for number in range(20):
        event = Event(at=NOW, kind="session.started", user_id=1, detail=f"{number + 500} {FILLER}")
        await stores.events.add_events([event])
    for number in range(60):
        await add_refused_sign_in(stores, number, Charge(bytes([number]) * 32, BUDGET))
    assert len(await kept(stores, has_refused_sign_in, range(500, 520))) == 20
    assert len(await kept(stores, has_refused_sign_in, range(60))) <= 41


async def add_registration(stores: Stores, number: int, charge: Charge) -> None:
    row = client(f"client-{number:04}", description=FILLER[: KIB // 2])
    await stores.clients.add_client(row, LATER + timedelta(seconds=number), charge)


async def has_registration(stores: Stores, number: int) -> bool:
    return await stores.clients.client(f"client-{number:04}") is not None


Add = Callable[[Stores, int, Charge], Awaitable[None]]
Has = Callable[[Stores, int], Awaitable[bool]]
KINDS: list[tuple[Add, Has]] = [
    (add_request, has_request),
    (add_login_state, has_login_state),
    (add_code, has_code),
    (add_email_token, has_email_token),
    (add_mail, has_mail),
    (add_account_mail, has_mail),
    (add_refused_sign_in, has_refused_sign_in),
    (add_registration, has_registration),
]
kinds = pytest.mark.parametrize(("add", "has"), KINDS, ids=lambda one: one.__name__)


async def kept(stores: Stores, has: Has, numbers: range) -> list[int]:
    return [number for number in numbers if await has(stores, number)]


@kinds
async def test_the_oldest_rows_of_an_address_are_deleted_for_its_newest(
    stores: Stores, add: Add, has: Has
) -> None:
    for number in range(30):
        await add(stores, number, Charge(ANN, BUDGET))
    left = await kept(stores, has, range(30))
    assert left == list(range(30 - len(left), 30))
    assert 5 <= len(left) <= 10


@kinds
async def test_one_address_displaces_nothing_of_another(stores: Stores, add: Add, has: Has) -> None:
    await add(stores, 0, Charge(BOB, BUDGET))
    for number in range(1, 30):
        await add(stores, number, Charge(ANN, BUDGET))
    assert await has(stores, 0)


@kinds
async def test_beyond_the_total_the_oldest_of_all_are_deleted(
    stores: Stores, add: Add, has: Has
) -> None:
    for number in range(100):
        network = numbered(number)  # each its own address
        await add(stores, number, Charge(network, BUDGET))
    left = await kept(stores, has, range(100))
    assert left == list(range(100 - len(left), 100))
    assert 20 <= len(left) <= 45


@kinds
async def test_another_process_knows_what_is_stored(
    stores: Stores, database_url: str, add: Add, has: Has
) -> None:
    """A process that has just started sums before it relies on what it inserted itself."""
    generous = replace(BUDGET, per_address=1000 * KIB)
    for number in range(20):
        await add(stores, number, Charge(ANN, generous))
    other = await open_stores(database_url)
    try:
        await add(other, 20, Charge(ANN, BUDGET))
    finally:
        await other.close()
    left = await kept(stores, has, range(21))
    assert left == list(range(21 - len(left), 21))
    assert len(left) <= 10


async def test_a_budget_is_exceeded_by_a_sixteenth_at_most(stores: Stores) -> None:
    """One process, rows far smaller than that."""
    budget = StorageBudget(per_address=64 * KIB, total=1024 * KIB)
    for number in range(200):
        await add_request(stores, number, Charge(ANN, budget))
        held = len(await kept(stores, has_request, range(number + 1))) if number % 20 == 0 else 0
        assert held * BUDGET_ROW <= 64 * KIB * 17 / 16


async def test_rows_without_a_charge_count_in_no_budget(stores: Stores) -> None:
    """As those that were there before the migration, and mails that a person causes."""
    for number in range(15):
        await stores.email_tokens.add_email_token(
            email_token("t", key=numbered(number), payload=FILLER.encode())
        )
    await add_email_token(stores, 15, Charge(ANN, BUDGET))
    assert await kept(stores, has_email_token, range(16)) == list(range(16))


async def test_a_registration_with_a_consent_stays_and_counts(
    stores: Stores,
) -> None:
    person = await stores.users.add_user(new_user("s"), None)
    budget = replace(BUDGET, per_address=5 * KIB)
    for number in range(3):
        await add_registration(stores, number, Charge(ANN, budget))
        await stores.authorizations.save_consent(consent(person, f"client-{number:04}", "basic"))
    for number in range(3, 9):
        await add_registration(stores, number, Charge(ANN, budget))
    left = await kept(stores, has_registration, range(9))
    assert left[:3] == [0, 1, 2]
    assert left[-1] == 8
    assert len(left) <= 5


async def test_rows_that_cannot_be_deleted_refuse_the_next_and_store_nothing(
    stores: Stores,
) -> None:
    person = await stores.users.add_user(new_user("s"), None)
    budget = replace(BUDGET, per_address=3 * KIB)
    for number in range(2):
        await add_registration(stores, number, Charge(ANN, budget))
        await stores.authorizations.save_consent(consent(person, f"client-{number:04}", "basic"))
    large = client("large", description="y" * 2 * KIB)
    # It is not proven, so it is deleted, and the budget holds.
    await stores.clients.add_client(large, LATER, Charge(ANN, budget))
    assert await stores.clients.client("large") is None
    logo = Logo("image/png", b"z" * 4 * KIB)
    with pytest.raises(BudgetExceeded):
        await stores.clients.set_logo("client-0000", logo, Charge(ANN, budget))
    assert await stores.clients.logo("client-0000") is None
    bigger = client("client-0001", description="y" * 4 * KIB)
    with pytest.raises(BudgetExceeded):
        await stores.clients.replace_client(bigger, Charge(ANN, budget))
    found = await stores.clients.client("client-0001")
    assert found is not None
    assert found.description != bigger.description


async def test_a_logo_and_a_change_count(stores: Stores) -> None:
    """RFC 7592 §2.2: what a small registration becomes is paid for like a large one."""
    for number in range(4):
        await add_registration(stores, number, Charge(ANN, BUDGET))
    await stores.clients.set_logo(
        "client-0003", Logo("image/png", b"z" * 7 * KIB), Charge(ANN, BUDGET)
    )
    assert 3 in await kept(stores, has_registration, range(4))
    assert 0 not in await kept(stores, has_registration, range(4))
    await stores.clients.set_logo("client-0003", None, Charge(ANN, BUDGET))
    for number in range(4, 7):
        await add_registration(stores, number, Charge(ANN, BUDGET))
    assert await kept(stores, has_registration, range(3, 7)) == [3, 4, 5, 6]
    grown = client("client-0006", description="y" * 9 * KIB)
    assert await stores.clients.replace_client(grown, Charge(ANN, BUDGET))
    left = await kept(stores, has_registration, range(7))
    assert 6 in left
    assert 3 not in left


async def test_logos_for_languages_count(stores: Stores) -> None:
    for number in range(4):
        await add_registration(stores, number, Charge(ANN, BUDGET))
    part = Logo("image/png", b"z" * 4 * KIB)
    both = {"de": part, "ar": replace(part, data=b"y" * 3 * KIB)}
    await stores.clients.set_logo("client-0003", None, Charge(ANN, BUDGET), both)
    assert 3 in await kept(stores, has_registration, range(4))
    assert 0 not in await kept(stores, has_registration, range(4))


async def test_a_change_is_paid_for_by_the_address_that_made_it(stores: Stores) -> None:
    await add_registration(stores, 0, Charge(BOB, BUDGET))
    await stores.clients.set_logo(
        "client-0000", Logo("image/png", b"z" * 8 * KIB), Charge(ANN, BUDGET)
    )
    for number in range(1, 4):
        await add_registration(stores, number, Charge(ANN, BUDGET))
    assert not await has_registration(stores, 0)


def test_the_size_of_a_row_is_what_it_holds() -> None:
    values: tuple[Any, ...] = (b"1234", "äö", None, 7)
    assert stored_bytes(values) == ROW_OVERHEAD + 4 + 4 + 8 + 8


@pytest.mark.slow
async def test_processes_together_exceed_a_budget_by_no_more_than_is_documented(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    processes = 4
    await contenders.contend(processes, database_url, "flood")
    held = 0
    for name in range(processes):
        for number in range(FLOOD_ROWS):
            request = flood_request(f"p{name}", number)
            held += await stores.authorizations.request(request.key) is not None
    # A sixteenth for each process, and one insert under way on each of its connections.
    most = FLOOD_BUDGET.per_address * (1 + processes / 16) + processes * 8 * BUDGET_ROW
    assert FLOOD_BUDGET.per_address * 0.9 <= held * BUDGET_ROW <= most


@pytest.mark.slow
async def test_processes_together_keep_the_total_of_mails_of_accounts(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    processes = 4
    await contenders.contend(processes, database_url, "flood_mails")
    held = len(await stores.mails.recent_mail(processes * FLOOD_ROWS))
    # A sixty-fourth of the total, or one row, for each process, and the inserts under way.
    slack = processes * max(MAIL_BUDGET.total / 64, MAIL_ROW) + processes * 8 * MAIL_ROW
    assert MAIL_BUDGET.total * 0.9 <= held * MAIL_ROW <= MAIL_BUDGET.total + slack
