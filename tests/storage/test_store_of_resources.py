"""`ResourceStore`: registered APIs."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, Samples

from quantimodo.model.resources import Resource, ResourceScope
from quantimodo.ports.stores import BudgetExceeded, Conflict, Stores

TASKS = Resource(
    id=0,
    identifier="https://tasks.example.org/",
    name="Tasks",
    created_at=NOW,
    scopes=(ResourceScope("read", "Read tasks", "All of them."), ResourceScope("w", "Write")),
    clients=frozenset({"one", "two"}),
    introspected_by=frozenset({"two"}),
    token_format="opaque",
    token_lifetime=timedelta(minutes=5),
    documentation_uri="https://tasks.example.org/docs",
    reviewed=True,
)


async def test_an_api_comes_back_as_added_changes_and_goes(stores: Stores) -> None:
    added = await stores.resources.add_resource(TASKS)
    assert added == replace(TASKS, id=added.id)
    assert await stores.resources.resource(TASKS.identifier) == added
    assert await stores.resources.resource("https://tasks.example.org") is None
    with pytest.raises(Conflict):
        await stores.resources.add_resource(TASKS)
    changed = replace(added, name="Things", token_lifetime=None, reviewed=False)
    assert await stores.resources.replace_resource(changed)
    assert not await stores.resources.replace_resource(changed), "it was changed since"
    assert await stores.resources.resource(TASKS.identifier) == replace(changed, revision=1)
    assert await stores.resources.delete_resource(added), "its revision does not matter"
    again = await stores.resources.add_resource(TASKS)
    assert again.id > added.id, "no id is used again"
    assert not await stores.resources.delete_resource(added), "it is another one by now"
    assert await stores.resources.resource(TASKS.identifier) == again


async def test_an_owner_has_a_number_of_them(stores: Stores, samples: Samples) -> None:
    ann, ben = await samples.user(), await samples.user()

    async def add(number: int, owner_id: int) -> bool:
        identifier = f"https://{owner_id}-{number}.example.org/"
        owned = replace(TASKS, identifier=identifier, owner_id=owner_id)
        try:
            await stores.resources.add_resource(owned, 2)
        except BudgetExceeded:
            return False
        return True

    assert sum(await asyncio.gather(*(add(n, ann.id) for n in range(5)))) == 2
    assert await add(0, ben.id)
    assert len(await stores.resources.resources(owner_id=ann.id)) == 2
    assert len(await stores.resources.resources()) == 3
    await stores.users.delete_user(ann.id, NOW)
    assert [each.owner_id for each in await stores.resources.resources()] == [ben.id]
