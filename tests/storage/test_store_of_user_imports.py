"""`UserImportStore`: imported accounts, each whole or not at all."""

import asyncio
from dataclasses import replace

import pytest
from samples import NOW, client, identity, new_user

from quantimodo.model.user_imports import ImportedConsent, ImportedPerson
from quantimodo.ports.stores import Conflict, Stores

READ = frozenset({"openid", "readmeasurements"})


def person(name: str, **changes: object) -> ImportedPerson:
    values: dict[str, object] = {
        "user": new_user(name, f"{name}@example.org"),
        "password_hash": f"imported:bcrypt:{name}",
        "identities": (identity(f"{name} there"),),
        "consents": (ImportedConsent(client_id="app", scope=READ, granted_at=NOW),),
    }
    return ImportedPerson(**values | changes)  # type: ignore[arg-type]


def states(outcomes: object) -> list[str]:
    return [each.state for each in outcomes]  # type: ignore[attr-defined]


async def test_a_person_comes_with_password_identities_and_consents(stores: Stores) -> None:
    await stores.clients.add_client(client("app", scope=READ))
    ann, bob = person("ann"), person("bob", disabled_at=NOW, password_hash=None, identities=())
    assert states(await stores.user_imports.examine_people([ann, bob])) == ["added", "added"]
    assert await stores.users.users() == []
    outcomes = await stores.user_imports.import_people([ann, bob])
    assert states(outcomes) == ["added", "added"]
    found = await stores.users.user_by_subject("ann")
    assert found is not None
    assert (found.id, found.email, found.email_verified_at) == (
        outcomes[0].user_id,
        "ann@example.org",
        None,
    )
    assert await stores.users.password_hash(found.id) == "imported:bcrypt:ann"
    (there,) = await stores.identities.identities_of(found.id)
    assert there.subject == ann.identities[0].subject
    (consent,) = await stores.authorizations.consents_of(found.id)
    assert (consent.client_id, consent.scope, consent.granted_at) == ("app", READ, NOW)
    disabled = await stores.users.user_by_subject("bob")
    assert disabled is not None
    assert disabled.disabled_at == NOW
    assert await stores.users.password_hash(disabled.id) is None


async def test_an_account_that_is_here_stays_as_it_is(stores: Stores) -> None:
    await stores.clients.add_client(client("app", scope=READ))
    await stores.user_imports.import_people([person("ann")])
    before = await stores.users.user_by_subject("ann")
    again = [
        person("ann", password_hash="imported:bcrypt:other"),
        replace(person("other"), user=new_user("else", "ANN@example.org"), identities=()),
        replace(person("ann"), user=new_user("drawn"), consents=()),
    ]
    for call in (stores.user_imports.examine_people, stores.user_imports.import_people):
        assert states(await call(again)) == ["present", "present", "present"]
    assert await stores.users.users() == [before]
    assert before is not None
    assert await stores.users.password_hash(before.id) == "imported:bcrypt:ann"


async def test_a_person_of_two_accounts_is_a_conflict_and_the_others_are_added(
    stores: Stores,
) -> None:
    await stores.clients.add_client(client("app", scope=READ))
    await stores.user_imports.import_people([person("ann"), person("bob")])
    mixed = [
        replace(person("carl"), identities=(identity("ann there"),)),
        replace(person("ann"), user=new_user("ann", "bob@example.org")),
        person("dora"),
    ]
    expected = ["conflict", "conflict", "added"]
    assert states(await stores.user_imports.examine_people(mixed)) == expected
    assert states(await stores.user_imports.import_people(mixed)) == expected
    assert await stores.users.user_by_subject("carl") is None
    assert await stores.users.user_by_subject("dora") is not None


async def test_a_batch_that_fails_leaves_none_of_it(stores: Stores) -> None:
    await stores.clients.add_client(client("app", scope=READ))
    twice = replace(person("bob"), identities=(identity("same"), identity("same")))
    with pytest.raises(Conflict):
        await stores.user_imports.import_people([person("ann"), twice])
    assert await stores.users.users() == []
    assert await stores.identities.identity(*_key("ann there")) is None


async def test_two_imports_of_the_same_people_add_each_once(stores: Stores) -> None:
    await stores.clients.add_client(client("app", scope=READ))
    people = [person(f"p{number}") for number in range(5)]
    calls = [stores.user_imports.import_people(people) for _ in range(4)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        assert isinstance(result, Conflict | list)
    added = [each for result in results if isinstance(result, list) for each in states(result)]
    assert added.count("added") == 5
    assert len(await stores.users.users()) == 5


def _key(subject: str) -> tuple[str, str]:
    one = identity(subject)
    return one.issuer, one.subject
