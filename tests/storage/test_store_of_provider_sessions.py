"""`ProviderSessionStore`: the session at a provider from which a session here began."""

from dataclasses import replace

import pytest
from samples import LATER, NOW, SOON, Samples, identity, key, session

from quantimodo.model.provider_sessions import EndedProviderSession, ProviderSession
from quantimodo.model.users import User
from quantimodo.ports.stores import SignInEnded, Stores

ISSUER = "https://provider.example.org"
BEGAN = ProviderSession(
    provider="sample",
    issuer=ISSUER,
    subject="1",
    sid="theirs",
    began_at=NOW,
    sealed_id_token=b"\0sealed",
)


def ended(sid: str = "theirs", subject: str = "", issuer: str = ISSUER) -> EndedProviderSession:
    return EndedProviderSession(issuer=issuer, subject=subject, sid=sid)


async def add(stores: Stores, name: str, person: User, began: ProviderSession | None) -> None:
    await stores.sessions.add_session(session(name, person, sid=name), None, began)


async def live(stores: Stores, person: User) -> set[str]:
    return {each.sid for each in await stores.sessions.sessions_of(person.id)}


async def test_it_is_stored_with_its_session_and_deleted_with_it(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await add(stores, "s", person, BEGAN)
    await add(stores, "by-password", person, None)
    assert await stores.provider_sessions.provider_session("s") == BEGAN
    assert await stores.provider_sessions.provider_session("by-password") is None
    assert await stores.sessions.end_session(person.id, key("s"), SOON)
    assert await stores.provider_sessions.provider_session("s") is None


async def test_a_session_that_continues_keeps_it_until_it_begins_from_another_one(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    await add(stores, "s", person, BEGAN)
    await stores.sessions.add_session(session("renewed", person), key("s"))
    assert await stores.provider_sessions.provider_session("s") == BEGAN
    newer = replace(BEGAN, sid="newer", sealed_id_token=None)
    await stores.sessions.add_session(session("again", person), key("renewed"), newer)
    assert await stores.provider_sessions.provider_session("s") == newer
    await stores.sessions.add_session(session("other", other), key("again"))
    assert await stores.provider_sessions.provider_session("s") is None


@pytest.mark.parametrize(
    ("which", "ends"),
    [
        (ended(), {"a", "b"}),
        (ended(subject="1"), {"a", "unnamed"}),
        (ended(sid="another"), {"another"}),
        (ended(sid="unknown"), set()),
        (ended(sid="unknown", subject="1"), {"unnamed"}),
        (ended(sid="", subject="1"), {"a", "another", "unnamed"}),
        (ended(issuer="https://other.example.org"), set()),
    ],
)
async def test_the_sessions_that_began_from_it_end_and_no_others(
    stores: Stores, samples: Samples, which: EndedProviderSession, ends: set[str]
) -> None:
    ann, ben = await samples.user(), await samples.user()
    await stores.identities.add_identity(ann.id, identity("1"))
    await add(stores, "a", ann, BEGAN)
    await add(stores, "b", ben, replace(BEGAN, subject="2"))
    await add(stores, "another", ann, replace(BEGAN, sid="another"))
    await add(stores, "unnamed", ann, replace(BEGAN, sid=""))
    await add(stores, "by-password", ann, None)
    before = await live(stores, ann) | await live(stores, ben)
    people = await stores.provider_sessions.end_provider_sessions(which, SOON)
    assert before - (await live(stores, ann) | await live(stores, ben)) == ends
    owners = {ann.id if name != "b" else ben.id for name in ends}
    assert sorted(people) == sorted(owners)
    for name in ends:
        assert await stores.provider_sessions.provider_session(name) is None
    assert await stores.provider_sessions.end_provider_sessions(which, SOON) == ()


async def test_a_sign_in_that_began_before_its_end_starts_no_session(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    assert await stores.provider_sessions.end_provider_sessions(ended(), SOON) == ()
    for began_at in (NOW, SOON):
        with pytest.raises(SignInEnded):
            await add(stores, "s", person, replace(BEGAN, began_at=began_at))
    assert await live(stores, person) == set()
    await add(stores, "later", person, replace(BEGAN, began_at=LATER))
    await add(stores, "another", person, replace(BEGAN, sid="another"))
    assert await live(stores, person) == {"later", "another"}


async def test_the_end_of_all_sessions_of_an_account_voids_sign_ins_through_it(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await stores.identities.add_identity(person.id, identity("1"))
    await stores.provider_sessions.end_provider_sessions(ended(sid="", subject="1"), SOON)
    found = await stores.identities.identity(ISSUER, "1")
    assert found is not None
    assert found.signed_out_at == SOON


async def test_a_session_there_is_recorded_while_one_here_began_from_it(
    stores: Stores, samples: Samples
) -> None:
    person, recorded = await samples.user(), stores.provider_sessions.is_recorded
    await add(stores, "s", person, BEGAN)
    await add(stores, "unnamed", person, replace(BEGAN, sid=""))
    assert await recorded(ISSUER, "theirs")
    assert not await recorded(ISSUER, "another")
    assert not await recorded("https://other.example.org", "theirs")
    await stores.sessions.end_session(person.id, key("s"), SOON)
    assert not await recorded(ISSUER, "theirs")
