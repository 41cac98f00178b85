"""`PersonalTokenStore`: bounded, ended with the account, and used by the access log."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import LATER, NOW, SOON, Samples, key, personal_token, session

from quantimodo.model.confirmations import Confirmation
from quantimodo.model.consent_details import DetailRule, consent_details
from quantimodo.model.measurements import Access
from quantimodo.model.personal_tokens import NewPersonalToken, as_client_id
from quantimodo.model.users import User
from quantimodo.ports.stores import Conflict, Stores
from quantimodo.protocol.consent_details import to_json

_MOST = 3
SLEEP = consent_details([DetailRule(categories=frozenset({"Sleep"}), days=90)])


async def _person(stores: Stores, samples: Samples) -> User:
    """A person with a session that has the id of the person as its name."""
    person = await samples.user()
    await stores.sessions.add_session(session(str(person.id), person), None)
    return person


async def _add(stores: Stores, token: NewPersonalToken) -> bool:
    own = key(str(token.user_id))
    return await stores.personal_tokens.add_personal_token(token, own, _MOST)


async def test_it_opens_what_its_person_chose(stores: Stores, samples: Samples) -> None:
    person = await _person(stores, samples)
    token = personal_token(person, details=SLEEP)
    assert await _add(stores, token)
    found = await stores.personal_tokens.personal_token(token.key)
    assert found is not None
    assert (found.user, found.scope, found.details) == (person, token.scope, to_json(SLEEP))
    assert (found.issued_at, found.expires_at) == (NOW, LATER)
    assert found.client_id == as_client_id("Grafana")
    assert not found.revoked
    assert await stores.personal_tokens.personal_token(key("unknown")) is None
    (listed,) = await stores.personal_tokens.personal_tokens_of(person.id)
    assert (listed.name, listed.details, listed.used_at) == ("Grafana", SLEEP, None)


async def test_it_is_bound_to_a_key(stores: Stores, samples: Samples) -> None:
    person = await _person(stores, samples)
    bound_to = Confirmation("jkt", "fake-thumbprint")
    token = personal_token(person, confirmation=bound_to)
    assert await _add(stores, token)
    found = await stores.personal_tokens.personal_token(token.key)
    assert found is not None
    assert found.confirmation == bound_to
    (listed,) = await stores.personal_tokens.personal_tokens_of(person.id)
    assert listed.confirmation == bound_to


async def test_only_its_person_drops_it(stores: Stores, samples: Samples) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    assert await _add(stores, personal_token(person))
    (listed,) = await stores.personal_tokens.personal_tokens_of(person.id)
    assert await stores.personal_tokens.delete_personal_token(other.id, listed.id) is None
    assert await stores.personal_tokens.delete_personal_token(person.id, listed.id) == listed
    assert await stores.personal_tokens.delete_personal_token(person.id, listed.id) is None
    assert await stores.personal_tokens.personal_token(listed.key) is None


async def test_all_of_a_person_end_together(stores: Stores, samples: Samples) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    for each in (person, other):
        assert await _add(stores, personal_token(each, "one", key=key(f"one of {each.id}")))
    assert await _add(stores, personal_token(person, "two"))
    both = asyncio.gather(*(stores.personal_tokens.delete_personal_tokens(person.id) for _ in "12"))
    assert sorted([each.name for each in dropped] for dropped in await both) == [[], ["one", "two"]]
    assert await stores.personal_tokens.personal_tokens_of(person.id) == []
    assert len(await stores.personal_tokens.personal_tokens_of(other.id)) == 1


async def test_a_presented_token_is_dropped_once(stores: Stores, samples: Samples) -> None:
    person = await _person(stores, samples)
    token = personal_token(person)
    assert await _add(stores, token)
    assert await stores.personal_tokens.delete_presented_token(key("unknown")) is None
    both = asyncio.gather(*(stores.personal_tokens.delete_presented_token(token.key) for _ in "12"))
    assert [each.name for each in await both if each is not None] == ["Grafana"]
    assert await stores.personal_tokens.personal_token(token.key) is None


async def test_names_and_numbers_are_bounded_and_expired_ones_do_not_count(
    stores: Stores, samples: Samples
) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    old = personal_token(person, "old", created_at=NOW - timedelta(days=9), expires_at=NOW)
    assert await _add(stores, old)
    made = [personal_token(person, f"token {number}") for number in range(2 * _MOST)]
    added = await asyncio.gather(*(_add(stores, token) for token in made))
    assert sum(added) == _MOST
    assert await stores.personal_tokens.personal_token(old.key) is None
    assert await _add(stores, personal_token(other, "same"))
    again = personal_token(other, "same", key=key("another key"))
    with pytest.raises(Conflict):
        await _add(stores, again)


@pytest.mark.parametrize("end", ["closed", "deleted", "disabled", "taken over"])
async def test_it_ends_with_the_account(stores: Stores, samples: Samples, end: str) -> None:
    person = await _person(stores, samples)
    token = personal_token(person)
    if end == "taken over":
        await stores.users.change_email(person.id, "ann@example.org", None)
    assert await _add(stores, token)
    match end:
        case "closed":
            assert await stores.closings.close_account(person.id, NOW, LATER)
        case "deleted":
            assert await stores.users.delete_user(person.id, NOW)
        case "disabled":
            assert await stores.users.set_disabled(person.id, NOW)
        case _:
            assert await stores.users.mark_email_verified(
                person.id, "ann@example.org", NOW, keep_credentials=False
            )
    found = await stores.personal_tokens.personal_token(token.key)
    assert found is None or (found.revoked and end == "disabled")
    if end != "disabled":
        assert not await _add(stores, personal_token(person, "late")), "its session has ended"


async def test_the_access_log_records_its_last_use(stores: Stores, samples: Samples) -> None:
    person, other = await _person(stores, samples), await _person(stores, samples)
    token = personal_token(person)
    assert await _add(stores, token)
    assert await _add(stores, personal_token(other, key=key("of another person")))
    used = Access(
        user_id=person.id,
        client_id=as_client_id("Grafana"),
        action="read",
        first_at=NOW,
        last_at=SOON,
    )
    early = replace(used, first_at=NOW - timedelta(days=1), last_at=NOW - timedelta(days=1))
    await stores.accesses.add_accesses([early])
    (listed,) = await stores.personal_tokens.personal_tokens_of(person.id)
    assert listed.used_at is None, "another token had the name then"
    await stores.accesses.add_accesses([used, replace(used, action="write", last_at=NOW)])
    await stores.accesses.add_accesses([replace(used, last_at=NOW)])
    (listed,) = await stores.personal_tokens.personal_tokens_of(person.id)
    assert listed.used_at == SOON
    (of_other,) = await stores.personal_tokens.personal_tokens_of(other.id)
    assert of_other.used_at is None
