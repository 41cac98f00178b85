"""OpenID Connect Registration §2, `jwks_uri`: fetches and cached bytes of the documents that
clients name are bounded, for one host and in total."""

from datetime import timedelta

import pytest

from quantimodo.clients.key_documents import KeyDocumentPolicy, KeyDocuments
from quantimodo.ports.document_fetcher import FetchFailed
from support.environment import FrozenClock

KIB = 1024
POLICY = KeyDocumentPolicy(fetches_per_host=10, fetches=30, bytes_per_host=8 * KIB, bytes=20 * KIB)


class Documents:
    """A fetcher that returns a document of about one KiB, or fails."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.size = KIB // 2 - len(b'{"":""}')
        self.broken = False

    async def fetch(self, url: str, *, largest: int = 65_536) -> bytes:
        self.fetched.append(url)
        if self.broken:
            raise FetchFailed("broken")
        return b'{"":"%s"}' % (b"x" * self.size)


@pytest.fixture
def fetcher() -> Documents:
    return Documents()


@pytest.fixture
def documents(fetcher: Documents, clock: FrozenClock) -> KeyDocuments:
    return KeyDocuments(fetcher, clock, POLICY)


def uri(host: int, number: int) -> str:
    return f"https://h{host}.example.org/{number}"


async def test_one_host_has_so_many_fetches_in_a_minute(
    documents: KeyDocuments, fetcher: Documents, clock: FrozenClock
) -> None:
    for number in range(25):
        found = await documents.fetch(f"client-{number}", uri(1, number), again=False)
        assert (found is None) == (number >= 10)
    assert len(fetcher.fetched) == 10
    assert await documents.fetch("other", uri(2, 0), again=False) is not None
    clock.advance(timedelta(minutes=1))
    assert await documents.fetch("client-24", uri(1, 24), again=False) is not None


async def test_all_hosts_together_have_so_many_fetches_in_a_minute(
    documents: KeyDocuments, fetcher: Documents, clock: FrozenClock
) -> None:
    for host in range(50):
        await documents.fetch(f"client-{host}", uri(host, 0), again=False)
    assert len(fetcher.fetched) == 30
    clock.advance(timedelta(minutes=1))
    assert await documents.fetch("client-49", uri(49, 0), again=False) is not None


async def test_failed_fetches_count_too(documents: KeyDocuments, fetcher: Documents) -> None:
    fetcher.broken = True
    for number in range(25):
        assert await documents.fetch(f"client-{number}", uri(1, number), again=False) is None
    assert len(fetcher.fetched) == 10


async def test_a_cached_document_is_used_when_no_fetch_is_allowed(
    fetcher: Documents, clock: FrozenClock
) -> None:
    documents = KeyDocuments(fetcher, clock, KeyDocumentPolicy(fetches_per_host=10))
    assert await documents.fetch("first", uri(1, 0), again=False) is not None
    for number in range(1, 10):
        await documents.fetch("other", uri(1, number), again=False)
    clock.advance(timedelta(seconds=6))
    assert await documents.fetch("first", uri(1, 0), again=True) is not None
    assert len(fetcher.fetched) == 10


async def test_the_documents_of_one_host_stay_in_its_budget_and_the_unused_go_first(
    documents: KeyDocuments, fetcher: Documents, clock: FrozenClock
) -> None:
    await documents.fetch("elsewhere", uri(2, 0), again=False)
    for number in range(20):
        clock.advance(timedelta(minutes=1))
        await documents.fetch(f"client-{number}", uri(1, number), again=False)
        await documents.fetch("client-0", uri(1, 0), again=False)  # in use all the time
    assert documents.cached_bytes <= 9 * KIB
    before = len(fetcher.fetched)
    clock.advance(timedelta(minutes=1))
    for client, address in (("elsewhere", uri(2, 0)), ("client-0", uri(1, 0))):
        assert await documents.fetch(client, address, again=False) is not None
    assert len(fetcher.fetched) == before
    await documents.fetch("client-5", uri(1, 5), again=False)
    assert len(fetcher.fetched) == before + 1


async def test_all_documents_stay_in_the_total_budget(
    documents: KeyDocuments, clock: FrozenClock
) -> None:
    for host in range(60):
        clock.advance(timedelta(seconds=10))
        await documents.fetch(f"client-{host}", uri(host, 0), again=False)
        assert documents.cached_bytes <= 20 * KIB


async def test_an_entry_without_a_document_counts(
    documents: KeyDocuments, fetcher: Documents
) -> None:
    fetcher.broken = True
    for number in range(1_000):
        await documents.fetch(f"client-{number}", uri(number, 0), again=False)
    assert 0 < documents.cached_bytes <= 20 * KIB
    assert len(documents._entries) <= 40
