"""`SetUpStore`: administrators, clients, resources and settings in one transaction."""

from dataclasses import replace

import pytest
from samples import NOW, client, new_user

from quantimodo.model.resources import Resource
from quantimodo.model.set_ups import SetUpChanges
from quantimodo.model.stored_settings import StoredSettings
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
            await stores.set_ups.apply_set_up(broken)
        assert await stores.clients.client("new") is None
        assert await stores.clients.client("old") == old
        assert await stores.resources.resources() == []
    await stores.set_ups.apply_set_up(whole)
    assert await stores.clients.client("new") == client("new")
    (found,) = await stores.clients.clients_by_redirect_uri("https://app.example.org/b")
    assert found == replace(moved, revision=1)
    (added,) = await stores.resources.resources()
    renamed = replace(added, name="Things")
    await stores.set_ups.apply_set_up(SetUpChanges(changed_resources=(renamed,)))
    assert await stores.resources.resource(TASKS.identifier) == replace(renamed, revision=1)


async def test_roles_and_new_people_are_written_with_what_they_own(stores: Stores) -> None:
    add = stores.users.add_user
    old = await add(new_user("old", "old@example.org", administrator=True), None)
    ann = await add(new_user("ann", "ann@example.org", email_verified_at=NOW), None)
    squatter = await add(new_user("eve", "eve@example.org"), None)
    disabled = await add(new_user("dan", "dan@example.org", email_verified_at=NOW), None)
    await stores.users.set_disabled(disabled.id, NOW)
    new = tuple(
        new_user(name, f"{name}@example.org", administrator=True) for name in ("new", "newer")
    )
    whole = SetUpChanges(
        promoted=(ann.id,),
        demoted=(old.id,),
        new_people=new,
        new_clients=(replace(client("app"), owner_id=-2),),
        new_resources=(replace(TASKS, owner_id=-1),),
    )
    for broken in (
        replace(whole, promoted=()),  # the new people do not count: they cannot sign in yet
        replace(whole, demoted=(old.id, ann.id)),
        replace(whole, promoted=(squatter.id,)),
        replace(whole, promoted=(disabled.id,)),
        replace(whole, promoted=(99,)),
        replace(whole, new_people=(*new, new_user("more", "ANN@example.org"))),
        replace(whole, new_clients=(client("app"), client("app"))),
    ):
        with pytest.raises(Conflict):
            await stores.set_ups.apply_set_up(broken)
        assert await stores.people_search.administrators(9) == [old]
        assert await stores.users.user_by_email("new@example.org") is None
    first, second = await stores.set_ups.apply_set_up(whole)
    found = {user.id: user for user in await stores.people_search.administrators(9)}
    assert list(found) == [ann.id, first, second]
    assert found[second].email == "newer@example.org"
    stored = await stores.clients.client("app")
    assert stored is not None
    assert stored.owner_id == second
    (resource,) = await stores.resources.resources()
    assert resource.owner_id == first


async def test_settings_are_written_with_the_rest_by_the_revision_that_was_read(
    stores: Stores,
) -> None:
    first = StoredSettings(document="{}", sealed_secrets=None, changed_at=NOW)
    second = StoredSettings(document='{"a": 1}', sealed_secrets=b"sealed", changed_at=NOW)
    write, read = stores.set_ups.apply_set_up, stores.stored_settings.stored_settings
    assert await read() is None
    with pytest.raises(Conflict):  # there is nothing yet that this could change
        await write(SetUpChanges(settings=replace(first, revision=1)))
    with pytest.raises(Conflict):
        await write(SetUpChanges(new_clients=(client("a"), client("a")), settings=first))
    assert await read() is None
    await write(SetUpChanges(settings=first))
    assert await read() == replace(first, revision=1)
    for stale in (first, replace(second, revision=2)):
        with pytest.raises(Conflict):
            await write(SetUpChanges(new_clients=(client("a"),), settings=stale))
        assert await stores.clients.client("a") is None
    await write(SetUpChanges(new_clients=(client("a"),), settings=replace(second, revision=1)))
    assert await read() == replace(second, revision=2)
    assert await stores.clients.client("a") == client("a")
    again = stores.stored_settings.reseal_settings
    assert not await again(1, b"late")
    assert await again(2, b"sealed again")
    assert await read() == replace(second, revision=2, sealed_secrets=b"sealed again")
