"""security.md §14c: documents that strangers publish take the place of no application that people
use."""

from published import APP, Published, app_of

from quantimodo.clients.metadata_documents import MOST_OF_HOST
from support.app import OpenHarness


async def test_documents_of_a_stranger_at_the_same_host_end_no_authorization(
    open_harness: OpenHarness,
) -> None:
    published = Published()
    published.put()
    async with open_harness(
        fetcher=published, registration__client_id_metadata_documents="on"
    ) as harness:
        await harness.person()
        diary = app_of(await harness.app())
        tokens = await harness.tokens(diary, scope="basic")
        stranger = harness.browser()
        for number in range(MOST_OF_HOST + 5):
            harness.advance(minutes=1)
            address = f"{APP}/{number}"
            published.put(address)
            page = await harness.ask(stranger, app_of(diary, address))
            assert page.status_code == 303, page.text
        refreshed = await harness.refresh(diary, tokens["refresh_token"])
        assert refreshed.status_code == 200, refreshed.text
