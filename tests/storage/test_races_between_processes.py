"""Four processes want the same thing fifty times: each time one of them gets it."""

from collections import Counter
from collections.abc import Sequence

import pytest
from contenders import CLIENT_ID, FIRST, TRIES, first_token, numbered_grant
from processes import Contenders
from samples import (
    LATER,
    NOW,
    Samples,
    client,
    code_of,
    consent,
    email_token,
    identity,
    key,
    login_code,
    login_state,
    new_passkey,
    new_user,
    session,
    totp_enrolment,
    totp_factor,
    used_challenge,
)

from quantimodo.ports.stores import Stores

pytestmark = pytest.mark.slow

_PROCESSES = 4


async def _begin(stores: Stores) -> None:
    """The person, the application and the fifty authorizations that they fight for."""
    assert (await stores.users.add_user(new_user("s"), None)).id == 1
    await stores.clients.add_client(client(CLIENT_ID))
    await stores.authorizations.save_consent(consent(1, CLIENT_ID, "basic"))
    for number in range(TRIES):
        grant = numbered_grant(number)
        assert await stores.authorizations.add_grant(grant, code_of(grant))


def _one_winner_each(won: dict[str, list[int]]) -> dict[int, str]:
    winners = {number: name for name, numbers in won.items() for number in numbers}
    counts = Counter(number for numbers in won.values() for number in numbers)
    assert counts == dict.fromkeys(range(TRIES), 1)
    return winners


async def _only_the_winner_s_tokens_are_there(stores: Stores, winners: dict[int, str]) -> None:
    for number, winner in winners.items():
        for process in range(_PROCESSES):
            name = f"p{process} {number}"
            theirs = winner == f"p{process}"
            assert (await stores.tokens.access_token(key(name)) is not None) == theirs
            assert (await stores.tokens.refresh_token(key(name)) is not None) == theirs


async def test_a_code_is_redeemed_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    await _begin(stores)
    winners = _one_winner_each(await contenders.contend(_PROCESSES, database_url, "redeem"))
    await _only_the_winner_s_tokens_are_there(stores, winners)


async def test_a_refresh_token_is_spent_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    await _begin(stores)
    for number in range(TRIES):
        assert await stores.tokens.redeem(
            code_of(numbered_grant(number)), NOW, None, first_token(number)
        )
    winners = _one_winner_each(await contenders.contend(_PROCESSES, database_url, "rotate"))
    await _only_the_winner_s_tokens_are_there(stores, winners)
    for number, winner in winners.items():
        spent = await stores.tokens.refresh_token(first_token(number).key)
        assert spent is not None
        assert spent.successor_nonce == winner.encode()


async def test_an_email_token_is_taken_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for number in range(TRIES):
        await stores.email_tokens.add_email_token(email_token(f"email token {number}"))
    _one_winner_each(await contenders.contend(_PROCESSES, database_url, "take_email_token"))


async def test_an_address_is_given_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    winners = _one_winner_each(await contenders.contend(_PROCESSES, database_url, "add_user"))
    for number, winner in winners.items():
        found = await stores.users.user_by_email(f"p{number}@example.org")
        assert found is not None
        assert found.subject == f"{winner} {number}"
        assert await stores.users.password_hash(found.id) == "hash"
    assert len(await stores.users.users()) == TRIES


async def test_first_logins_of_one_identity_make_one_person(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    came = await contenders.contend(_PROCESSES, database_url, "first_login")
    (person,) = await stores.users.users()
    assert {user_id for theirs in came.values() for user_id in theirs} == {person.id}
    (only,) = await stores.identities.identities_of(person.id)
    assert only.subject == FIRST.subject


async def test_of_two_identities_unlinked_at_once_one_stays(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for number in range(TRIES):
        person = await stores.users.add_user(new_user(f"s{number}"), None)
        for process in range(2):
            await stores.identities.add_identity(person.id, identity(f"{number} at p{process}"))
    _one_winner_each(await contenders.contend(2, database_url, "unlink"))
    for person in await stores.users.users():
        assert len(await stores.identities.identities_of(person.id)) == 1


async def test_additions_of_a_stranger_during_the_verification_are_removed(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for number in range(TRIES):
        person = await stores.users.add_user(new_user(f"s{number}", f"v{number}@example.org"), None)
        await stores.sessions.add_session(session(f"stranger {number}", person), None)
    done = await contenders.contend(3, database_url, "verify_or_link")
    assert done["p0"] == list(range(TRIES))
    for person in await stores.users.users():
        assert await stores.identities.identities_of(person.id) == []
        assert await stores.users.password_hash(person.id) is None


async def test_the_code_of_a_time_step_is_used_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    """RFC 6238 §5.2."""
    await _enrol(stores, ())
    used = await contenders.contend(_PROCESSES, database_url, "use_totp_step")
    counts = Counter(number for theirs in used.values() for number in theirs)
    assert max(counts.values()) == 1
    assert TRIES - 1 in counts
    factor = await stores.second_factors.totp_factor(1)
    assert factor is not None
    assert factor.last_step == totp_factor(1).last_step + TRIES


async def test_a_recovery_code_is_used_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    await _enrol(stores, [key(f"code {number}") for number in range(TRIES)])
    _one_winner_each(await contenders.contend(_PROCESSES, database_url, "use_recovery_code"))
    assert await stores.second_factors.count_recovery_codes(1) == 0


async def test_a_challenge_of_a_passkey_is_used_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    person = await stores.users.add_user(new_user("s"), None)
    await stores.sessions.add_session(session("own", person), None)
    added, challenge = new_passkey(person), used_challenge("of the addition")
    assert await stores.passkeys.add_passkey(added, challenge, key("own"), 1)
    _one_winner_each(await contenders.contend(_PROCESSES, database_url, "use_challenge"))


async def test_an_authenticator_app_is_confirmed_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for number in range(TRIES):
        person = await stores.users.add_user(new_user(f"s{number}"), None)
        enrolment = totp_enrolment(person, f"secret {number}")
        await stores.second_factors.save_totp_enrolment(enrolment)
    winners = _one_winner_each(await contenders.contend(_PROCESSES, database_url, "confirm_totp"))
    for number, winner in winners.items():
        codes = await stores.second_factors.count_recovery_codes(number + 1)
        mine = key(f"{winner} {number}")
        assert codes == 1
        assert await stores.second_factors.use_recovery_code(number + 1, mine)


async def _enrol(stores: Stores, recovery_codes: Sequence[bytes]) -> None:
    person = await stores.users.add_user(new_user("s"), None)
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    factor = totp_factor(person)
    assert await stores.second_factors.confirm_totp_enrolment(factor, recovery_codes, None)


async def test_a_login_state_is_taken_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for number in range(TRIES):
        await stores.login_states.add_login_state(login_state(f"login state {number}"))
    _one_winner_each(await contenders.contend(_PROCESSES, database_url, "take_login_state"))


async def test_a_login_code_is_redeemed_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for number in range(TRIES):
        await stores.login_codes.add_login_code(login_code(f"login code {number}"))
    _one_winner_each(await contenders.contend(_PROCESSES, database_url, "redeem_login_code"))


async def test_a_one_time_value_is_accepted_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    _one_winner_each(await contenders.contend(_PROCESSES, database_url, "use_once"))


async def test_a_signing_key_is_replaced_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    added = await contenders.contend(_PROCESSES, database_url, "add_signing_key")
    kids = [found.kid for found in await stores.keys.signing_keys()]
    assert len(kids) == TRIES
    assert sorted(kids) == sorted(kid for theirs in added.values() for kid in theirs)
    assert [int(kid.split()[1]) for kid in kids] == list(range(TRIES))


async def test_a_message_is_claimed_once(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    for _ in range(200):
        await stores.mails.add_mail(b"sealed", NOW, LATER)
    claimed = await contenders.contend(_PROCESSES, database_url, "claim_mail")
    ids = [mail_id for theirs in claimed.values() for mail_id in theirs]
    assert len(ids) == 200
    assert len(set(ids)) == 200


async def test_no_hit_is_lost(stores: Stores, database_url: str, contenders: Contenders) -> None:
    hits = await contenders.contend(_PROCESSES, database_url, "hit")
    counted = sorted(count for theirs in hits.values() for count in theirs)
    assert counted == list(range(1, _PROCESSES * TRIES + 1))


async def test_a_lease_has_one_holder(
    stores: Stores, database_url: str, contenders: Contenders
) -> None:
    held = await contenders.contend(_PROCESSES, database_url, "lease")
    assert list(held.values()).count(True) == 1


async def test_writers_take_turns(
    stores: Stores, samples: Samples, database_url: str, contenders: Contenders
) -> None:
    await stores.clients.add_client(client(CLIENT_ID))
    taken = await contenders.contend(_PROCESSES, database_url, "write", "2")
    shares = [len(theirs) for theirs in taken.values()]
    # Bounds for a busy machine; an unfair lock gives one process nothing for seconds.
    assert min(shares) > sum(shares) / _PROCESSES / 4, shares
    waits = sorted(wait for theirs in taken.values() for wait in theirs)
    assert waits[int(len(waits) * 0.99)] < 0.5
    assert waits[-1] < 2.0
