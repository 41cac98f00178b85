"""A separate process that opens a database and does one thing, for races and crashes.

`prepared_contenders.py` starts it with the arguments URL NAME ACTION [ARGUMENT].
It writes `ready`, waits for a line on its standard input, so that all begin at once, and responds
with one line of JSON. `pour` never ends: it writes each key that was acknowledged, one a line.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from samples import (
    ACCEPTED,
    LATER,
    NOW,
    SIGNER,
    SOON,
    SUCCESSOR_NONCE,
    access_token,
    access_token_of,
    code_of,
    identity,
    key,
    new_user,
    refresh_token,
    signing_key,
    totp_factor,
    used_challenge,
)

from quantimodo.model.budgets import DEFAULT_QUOTAS, Charge, QuotaPolicy, Signer, StorageBudget
from quantimodo.model.consents import StoredRequest
from quantimodo.model.passkeys import PasskeyUse
from quantimodo.model.tokens import Grant, RefreshToken
from quantimodo.ports.stores import Conflict, QuotaExceeded, Stores, Unavailable
from quantimodo.storage.open import migrate, open_stores
from quantimodo.storage.tables.budgets import stored_bytes
from quantimodo.storage.tables.replays import REPLAY_BYTES

TRIES = 50
CLIENT_ID = "client"
FIRST = identity("the first of all")
FLOOD_ROWS = 400  # of each process
FLOOD_BUDGET = StorageBudget(per_address=256 * 1024, total=64 * 1024 * 1024)
MAIL_BUDGET = StorageBudget(per_address=64 * 1024 * 1024, total=256 * 1024)
MAIL_ROW = 1024
BUDGET_ROW = 1024  # what one of these rows is counted as, in bytes

QUOTA_ROWS = 120
QUOTA_SIGNER = Signer("provider", "contended")
QUOTAS = QuotaPolicy(replays_per_signer=QUOTA_ROWS * REPLAY_BYTES)


def numbered_grant(number: int) -> Grant:
    """The grant of the `number`th try; its code is `code_of(grant)`."""
    return Grant(
        id=key(f"grant {number}"),
        client_id=CLIENT_ID,
        user_id=1,
        scope=frozenset({"basic"}),
        authenticated_at=NOW,
        created_at=NOW,
        expires_at=LATER,
    )


def first_token(number: int) -> RefreshToken:
    return refresh_token(numbered_grant(number), f"first {number}")


async def _tries(name: str, attempt: Callable[[int], Awaitable[bool]]) -> list[int]:
    """Try all at once, in an order of this process's own; the tries that won."""
    order = list(range(TRIES))
    Random(name).shuffle(order)
    won = await asyncio.gather(*(attempt(number) for number in order))
    return sorted(number for number, winner in zip(order, won, strict=True) if winner)


async def _redeem(stores: Stores, name: str) -> list[int]:
    async def attempt(number: int) -> bool:
        grant = numbered_grant(number)
        mine = f"{name} {number}"
        tokens = access_token_of(grant, mine), refresh_token(grant, mine)
        return await stores.tokens.redeem(code_of(grant), NOW, *tokens)

    return await _tries(name, attempt)


async def _rotate(stores: Stores, name: str) -> list[int]:
    async def attempt(number: int) -> bool:
        grant = numbered_grant(number)
        mine = f"{name} {number}"
        successors = access_token_of(grant, mine), refresh_token(grant, mine)
        return await stores.tokens.rotate(first_token(number), NOW, name.encode(), *successors)

    return await _tries(name, attempt)


async def _take_email_token(stores: Stores, name: str) -> list[int]:
    async def attempt(number: int) -> bool:
        return await stores.email_tokens.take_email_token(key(f"email token {number}")) is not None

    return await _tries(name, attempt)


async def _add_user(stores: Stores, name: str) -> list[int]:
    async def attempt(number: int) -> bool:
        try:
            await stores.users.add_user(
                new_user(f"{name} {number}", f"p{number}@example.org"), "hash"
            )
        except Conflict:
            return False
        return True

    return await _tries(name, attempt)


async def _first_login(stores: Stores, name: str) -> list[int]:
    """One identity signs in for the first time, fifty times at once; who it is, each time.

    As `federation/social_accounts.py` does it: add the person, or find the one that was added.
    """

    async def attempt(number: int) -> int:
        found = await stores.identities.identity(FIRST.issuer, FIRST.subject)
        if found is not None:
            return found.user_id
        try:
            newcomer = new_user(f"{name} {number}", "first@example.org")
            user, _ = await stores.identities.add_user_with_identity(newcomer, FIRST)
        except Conflict:
            found = await stores.identities.identity(FIRST.issuer, FIRST.subject)
            assert found is not None
            return found.user_id
        return user.id

    return list(await asyncio.gather(*(attempt(number) for number in range(TRIES))))


async def _unlink(stores: Stores, name: str) -> list[int]:
    """Each process unlinks its own identity of every person; who let it."""

    async def attempt(number: int) -> bool:
        mine = await stores.identities.identity(FIRST.issuer, f"{number} at {name}")
        assert mine is not None
        return await stores.identities.delete_identity(mine.user_id, mine.id, ACCEPTED)

    return await _tries(name, attempt)


async def _use_totp_step(stores: Stores, name: str) -> list[int]:
    factor = totp_factor(1)  # as it was saved: another process may have used a step already

    async def attempt(number: int) -> bool:
        return await stores.second_factors.use_totp_step(factor, factor.last_step + 1 + number)

    # Steps only rise, so they are tried in order.
    return [number for number in range(TRIES) if await attempt(number)]


async def _use_challenge(stores: Stores, name: str) -> list[int]:
    """Each process uses the one passkey, which has no counter, with the same fifty challenges."""
    (passkey,) = await stores.passkeys.passkeys_of(1)

    async def attempt(number: int) -> bool:
        challenge = used_challenge(f"{number}")
        use = await stores.passkeys.use_passkey(
            passkey.id, challenge, sign_count=0, backed_up=False, at=NOW
        )
        return use is PasskeyUse.USED

    return await _tries(name, attempt)


async def _use_recovery_code(stores: Stores, name: str) -> list[int]:
    return await _tries(
        name, lambda number: stores.second_factors.use_recovery_code(1, key(f"code {number}"))
    )


async def _confirm_totp(stores: Stores, name: str) -> list[int]:
    """Each process confirms the one enrolment of every person, with its own recovery code."""

    async def attempt(number: int) -> bool:
        factor = totp_factor(number + 1, f"secret {number}")
        codes = [key(f"{name} {number}")]
        return await stores.second_factors.confirm_totp_enrolment(factor, codes, None)

    return await _tries(name, attempt)


async def _take_login_state(stores: Stores, name: str) -> list[int]:
    async def attempt(number: int) -> bool:
        return await stores.login_states.take_login_state(key(f"login state {number}")) is not None

    return await _tries(name, attempt)


async def _redeem_login_code(stores: Stores, name: str) -> list[int]:
    async def attempt(number: int) -> bool:
        return await stores.login_codes.redeem_login_code(key(f"login code {number}"), NOW)

    return await _tries(name, attempt)


async def _spend_once(stores: Stores, name: str) -> list[int]:
    return await _tries(
        name, lambda number: stores.replays.use_once(key(f"seen {number}"), LATER, SIGNER)
    )


async def _spend_if_allowed(stores: Stores, name: str) -> bool:
    try:
        return await stores.replays.use_once(key(name), SOON, QUOTA_SIGNER)
    except QuotaExceeded:
        return False


async def _fill_quota(stores: Stores, name: str) -> list[str]:
    """Spend more values than one signer may, eight at a time; those that were accepted."""
    names = [f"{name} {number}" for number in range(QUOTA_ROWS)]
    accepted = []
    for first in range(0, QUOTA_ROWS, 8):
        some = names[first : first + 8]
        won = await asyncio.gather(*(_spend_if_allowed(stores, each) for each in some))
        accepted += [each for each, winner in zip(some, won, strict=True) if winner]
    return accepted


async def _churn_quota(stores: Stores, name: str) -> None:
    """Spend and delete at once, the same values in each process."""
    for number in range(TRIES):
        await asyncio.gather(
            _spend_if_allowed(stores, f"shared {number}"),
            _spend_if_allowed(stores, f"{name} {number}"),
            stores.retention.delete_expired("replays", SOON, 5),
        )


async def _verify_or_link(stores: Stores, name: str) -> list[int]:
    """The owner of an address verifies it (p0); a stranger links a way in (p1) or sets a password
    (p2) in a session that they have; who got there."""
    stranger = int(name[1:])

    async def attempt(number: int) -> bool:
        user_id, mail = number + 1, f"v{number}@example.org"
        if stranger == 0:
            return await stores.users.mark_email_verified(
                user_id, mail, NOW, keep_credentials=False
            )
        if stranger == 2:
            return await stores.users.add_password(user_id, "hash", NOW, key(f"stranger {number}"))
        try:
            theirs = identity(f"stranger {number}")
            await stores.identities.add_identity(user_id, theirs, key(f"stranger {number}"))
        except Conflict:
            return False
        return True

    return await _tries("same order", attempt)


async def _add_signing_key(stores: Stores, name: str) -> list[str]:
    """Replace the newest key again and again, as all others do; the keys that were added."""
    added = []
    while len(keys := await stores.keys.signing_keys()) < TRIES:
        mine = signing_key(f"{name} {len(keys)}", active_at=NOW + timedelta(hours=len(keys)))
        if await stores.keys.add_signing_key(mine, keys[-1].kid if keys else None):
            added.append(mine.kid)
    return added


async def _claim_mail(stores: Stores, name: str) -> list[int]:
    claimed: list[int] = []
    while claims := await stores.mails.claim_mail(NOW, timedelta(minutes=5), 7):
        claimed += [mail_id for mail_id, _, _ in claims]
    return claimed


async def _hit(stores: Stores, name: str) -> list[int]:
    hits = (stores.throttles.hit(key("throttle"), timedelta(hours=1), NOW) for _ in range(TRIES))
    return list(await asyncio.gather(*hits))


def flood_request(name: str, number: int) -> StoredRequest:
    """The `number`th waiting request of this process; the next one has a later key."""
    bare = StoredRequest(
        key=number.to_bytes(8, "big") + key(name)[:24],
        client_id="client",
        parameters=(("state", ""),),
        created_at=NOW,
        expires_at=SOON,
    )
    values = (bare.key, "client", json.dumps(bare.parameters), 0, 0)
    filler = "x" * (BUDGET_ROW - stored_bytes(values))
    return replace(bare, parameters=(("state", filler),))


async def _flood(stores: Stores, name: str) -> None:
    """Store requests of one network address, eight at a time."""
    charge = Charge(key("one network"), FLOOD_BUDGET)
    for first in range(0, FLOOD_ROWS, 8):
        rows = (flood_request(name, number) for number in range(first, first + 8))
        await asyncio.gather(*(stores.authorizations.add_request(row, charge) for row in rows))


async def _flood_mails(stores: Stores, name: str) -> None:
    """Queue mails that people with an account caused, to as many recipients, eight at a time."""
    sealed = b"x" * (MAIL_ROW - stored_bytes((b"", 0, 0, 1)))

    async def add(number: int) -> None:
        charge = Charge(key(f"{name} {number}"), MAIL_BUDGET)
        await stores.mails.add_mail(sealed, NOW, LATER, charge, of_account=True)

    for first in range(0, FLOOD_ROWS, 8):
        await asyncio.gather(*(add(number) for number in range(first, first + 8)))


async def _lease(stores: Stores, name: str) -> bool:
    return await stores.leases.lease("cleaner", name, timedelta(minutes=5), NOW)


async def _write(stores: Stores, name: str, seconds: str) -> list[float]:
    """Issue tokens, 16 at a time, for so long; how long each took."""
    ends, taken = time.perf_counter() + float(seconds), []

    async def writer(number: int) -> None:
        count = 0
        while (began := time.perf_counter()) < ends:
            await stores.tokens.add_access_token(
                access_token(CLIENT_ID, f"{os.getpid()} {number} {count}")
            )
            taken.append(time.perf_counter() - began)
            count += 1

    await asyncio.gather(*(writer(number) for number in range(16)))
    return taken


async def _pour(stores: Stores, name: str, first_number: str) -> None:
    """Issue and rotate until the end, saying each key when it was acknowledged."""
    grants = range(int(first_number), int(first_number) + 10)

    def say(*keys: bytes) -> None:
        sys.stdout.write("".join(f"{one.hex()}\n" for one in keys))
        sys.stdout.flush()

    async def store_new(number: int) -> None:
        count = 0
        while True:
            token = access_token(CLIENT_ID, f"{name} issued {number} {count}")
            if await _kept(stores.tokens.add_access_token(token)):
                say(token.key)
            count += 1

    async def rotate(number: int) -> None:
        grant = numbered_grant(number)
        token, count = first_token(number), 0
        while True:
            mine = f"{name} {number} {count}"
            successors = access_token_of(grant, mine), refresh_token(grant, mine)
            if await _kept(stores.tokens.rotate(token, NOW, SUCCESSOR_NONCE, *successors)):
                say(successors[0].key, successors[1].key)
                token = successors[1]
            count += 1

    works = [store_new(number) for number in range(10)] + [rotate(number) for number in grants]
    await asyncio.gather(*works)


async def _kept(write: Awaitable[Any]) -> bool:
    """Whether it was acknowledged; a database that went away is waited for."""
    try:
        return await write is not False
    except (Unavailable, Conflict):
        await asyncio.sleep(0.02)
        return False


async def _fill_disk(stores: Stores, name: str, limit: str) -> dict[str, list[str]]:
    """Issue tokens until files may not grow, then let them, and issue again."""
    keys: dict[str, list[str]] = {"before": [], "refused": [], "after": []}
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), unlimited[1]))
    await _store_until_refused(stores, keys["before"], keys["refused"], range(100_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    await _store_until_refused(stores, keys["after"], keys["refused"], range(200_000, 200_100))
    return keys


async def _store_until_refused(
    stores: Stores, kept: list[str], refused: list[str], numbers: Iterable[int]
) -> None:
    for number in numbers:
        token = access_token(CLIENT_ID, str(number))
        try:
            await stores.tokens.add_access_token(token)
        except Unavailable:
            refused.append(token.key.hex())
            return
        kept.append(token.key.hex())


_ACTIONS: dict[str, Callable[..., Awaitable[Any]]] = {
    "redeem": _redeem,
    "rotate": _rotate,
    "take_email_token": _take_email_token,
    "add_user": _add_user,
    "first_login": _first_login,
    "unlink": _unlink,
    "use_totp_step": _use_totp_step,
    "use_challenge": _use_challenge,
    "use_recovery_code": _use_recovery_code,
    "confirm_totp": _confirm_totp,
    "take_login_state": _take_login_state,
    "redeem_login_code": _redeem_login_code,
    "use_once": _spend_once,
    "fill_quota": _fill_quota,
    "churn_quota": _churn_quota,
    "verify_or_link": _verify_or_link,
    "add_signing_key": _add_signing_key,
    "claim_mail": _claim_mail,
    "hit": _hit,
    "flood": _flood,
    "flood_mails": _flood_mails,
    "lease": _lease,
    "write": _write,
    "pour": _pour,
    "fill_disk": _fill_disk,
}


async def _main(url: str, name: str, action: str, *arguments: str) -> Any:
    if action == "migrate":
        _wait_for_the_others()
        return [step.number for step in await migrate(url, NOW)]
    quotas = QUOTAS if action.endswith("_quota") else DEFAULT_QUOTAS
    stores = await open_stores(url, quotas=quotas)
    try:
        _wait_for_the_others()
        return await _ACTIONS[action](stores, name, *arguments)
    finally:
        await stores.close()


def _wait_for_the_others() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def run(*arguments: str) -> None:
    """Be one: do it, and write the result."""
    print(json.dumps(asyncio.run(_main(*arguments))), flush=True)
