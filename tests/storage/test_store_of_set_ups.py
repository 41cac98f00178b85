"""`SetUpStore`: clients and resources in one transaction."""

from dataclasses import replace

import pytest
from samples import NOW, client

from quantimodo.model.resources import Resource
from quantimodo.model.set_ups import SetUpChanges
from quantimodo.ports.stores import Conflict, Stores

TASKS = Resource(id=0, identifier="https://tasks.example.org/", name="Tasks", created_at=NOW)


async def test_a_set_up_is_written_whole_or_not_at_all(stores: Stores) -> None:
    old = client("old", redirect_uris=("https://app.example.org/a",))
    await stores.clients.add_client(old)
    moved = replace(old, redirect_uris=("https://app.example.org/b",))
    whole = SetUpChanges(
        new_clients=(client("new"),), changed_clients=(moved,), new_resources=(TASKS,)
    )
    stale = replace(TASKS, revision=7)
    for broken in (
        replace(whole, new_clients=(client("new"), client("old"))),
        replace(whole, changed_clients=(moved, replace(old, revision=7))),
        replace(whole, new_resources=(TASKS, TASKS)),
        replace(whole, changed_resources=(stale,)),
    ):
        with pytest.raises(Conflict):
            await stores.set_ups.write_set_up(broken)
        assert await stores.clients.client("new") is None
        assert await stores.clients.client("old") == old
        assert await stores.resources.resources() == []
    await stores.set_ups.write_set_up(whole)
    assert await stores.clients.client("new") == client("new")
    (found,) = await stores.clients.clients_by_redirect_uri("https://app.example.org/b")
    assert found == replace(moved, revision=1)
    (added,) = await stores.resources.resources()
    renamed = replace(added, name="Things")
    await stores.set_ups.write_set_up(SetUpChanges(changed_resources=(renamed,)))
    assert await stores.resources.resource(TASKS.identifier) == replace(renamed, revision=1)
