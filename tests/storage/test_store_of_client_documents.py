"""`ClientDocumentStore`: stored copies of client id metadata documents."""

from dataclasses import replace
from datetime import timedelta

from samples import LATER, NOW, client, consent, new_user

from quantimodo.model.client_documents import ClientDocument
from quantimodo.ports.stores import Stores


def document(host: str, number: int) -> ClientDocument:
    return ClientDocument(
        client_id=f"https://{host}/{number}",
        host=host,
        fresh_until=LATER,
        used_at=NOW + timedelta(hours=number),
    )


async def test_the_documents_that_were_not_used_for_the_longest_time_go(stores: Stores) -> None:
    store = stores.client_documents

    async def save(host: str, number: int) -> None:
        each = document(host, number)
        await store.save_document(each, most_of_host=2, most=3)
        await stores.clients.add_client(client(each.client_id))

    async def left() -> set[str]:
        return {each.id for each in await stores.clients.clients()}

    for number in (1, 2):
        await save("a.example.org", number)
    await store.record_document_use("https://a.example.org/1", NOW + timedelta(hours=9))
    await save("a.example.org", 3)
    assert await left() == {"https://a.example.org/1", "https://a.example.org/3"}
    assert await store.document("https://a.example.org/2") is None
    await save("b.example.org", 4)
    await save("c.example.org", 5)
    assert await left() == {
        "https://a.example.org/1",
        "https://b.example.org/4",
        "https://c.example.org/5",
    }
    found = await store.document("https://c.example.org/5")
    assert found == document("c.example.org", 5)
    again = replace(document("c.example.org", 5), fresh_until=NOW)
    await store.save_document(again, most_of_host=2, most=3)
    assert await store.document("https://c.example.org/5") == again
    disabled = replace(client("https://c.example.org/5"), disabled_at=NOW)
    assert await stores.clients.replace_client(disabled)
    await save("c.example.org", 6)
    await save("c.example.org", 7)
    assert await store.document("https://c.example.org/5") is None
    assert "https://c.example.org/5" in await left(), "the operator disabled it"


async def test_documents_without_a_consent_go_first(stores: Stores) -> None:
    store, ann = stores.client_documents, await stores.users.add_user(new_user("ann"), None)

    async def save(host: str, number: int, *, allowed: bool = False) -> None:
        each = document(host, number)
        await store.save_document(each, most_of_host=2, most=3)
        await stores.clients.add_client(client(each.client_id))
        if allowed:
            given = consent(ann, each.client_id, "basic")
            assert await stores.authorizations.save_consent(given, decided=True)

    async def left() -> set[str]:
        return {each.id.removeprefix("https://") for each in await stores.clients.clients()}

    await save("a.example.org", 1, allowed=True)
    await save("a.example.org", 2)
    await save("a.example.org", 3)
    assert await left() == {"a.example.org/1", "a.example.org/3"}
    await save("b.example.org", 4)
    await save("c.example.org", 5)
    assert await left() == {"a.example.org/1", "b.example.org/4", "c.example.org/5"}
    await save("a.example.org", 6, allowed=True)
    assert await left() == {"a.example.org/1", "a.example.org/6", "c.example.org/5"}
    await save("a.example.org", 7)
    assert await left() == {"a.example.org/6", "a.example.org/7", "c.example.org/5"}, "none is left"
