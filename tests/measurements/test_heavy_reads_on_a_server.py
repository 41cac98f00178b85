"""Decision 0014 on a real server, with 60,000 measurements of one person: token requests are
answered while heavy reads are in progress, and the reads of a client that disconnects end. Nothing
here depends on the speed of the machine."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from quantimodo.measurements.payloads import SentMeasurement, SentSet
from support.app import AUTHORIZE, CALLBACK, CHALLENGE, TOKEN, VERIFIER, App
from support.environment import no_authorities
from support.live_server import Live, ServeLive

pytestmark = pytest.mark.slow

ROWS, POST = 60_000, 2_000
START = 1_400_000_000
TOKENS = 10
READERS = 6
HEAVY = {
    "filter list": "value=" + ",".join(f"(gt){n}" for n in range(1, 100)) + "&sort=-value",
    "narrow groups": "groupingWidth=1",
    "groups": "groupingWidth=86400&groupingTimezone=Europe/Berlin",
    "deep page": "sort=value&offset=59000&limit=200&source=%25e%25",
}


@dataclass(slots=True)
class Reader:
    """An app with the token of the person whose measurements they are."""

    live: Live
    app: App
    token: str

    async def read(self, query: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        async with self._client() as client:
            return await client.get(f"/api/v1/measurements?{query}", headers=headers)

    async def request_token(self) -> httpx.Response:
        async with self._client() as client:
            form = {"grant_type": "client_credentials", "scope": "basic"}
            form |= {"client_id": self.app.id, "client_secret": str(self.app.secret)}
            return await client.post(TOKEN, data=form)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.live.address, timeout=120, verify=no_authorities())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def reader(request: pytest.FixtureRequest, serve_live: ServeLive) -> Reader:
    changes = {}
    if request.param == "postgres":
        changes["database"] = request.getfixturevalue("postgres_url")
    live = await serve_live(**changes)
    app, person = await live.app(CALLBACK), await live.person()
    for first in range(0, ROWS, POST):
        entries = [
            SentMeasurement(start_time=START + 1_500 * at, value=at)
            for at in range(first, first + POST)
        ]
        sent = SentSet(
            measurements=entries,
            variable_name="Steps",
            source_name="Pedometer",
            abbreviated_unit_name="count",
        )
        await live.context.measurement_service.save(person.id, [sent])
    query = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic readmeasurements",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    location = await live.allow(f"{AUTHORIZE}?{urlencode(query)}")
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(location).query)["code"][0],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": app.id,
        "client_secret": str(app.secret),
    }
    response = await live.browser().post(TOKEN, data=form)
    assert response.status_code == 200, response.text
    return Reader(live, app, response.json()["access_token"])


async def test_tokens_are_issued_while_heavy_reads_are_in_progress(reader: Reader) -> None:
    for name, query in HEAVY.items():
        stop, statuses, in_progress = asyncio.Event(), Counter[int](), set[object]()

        async def read_again_and_again(
            query: str = query,
            stop: asyncio.Event = stop,
            statuses: Counter[int] = statuses,
            in_progress: set[object] = in_progress,
        ) -> None:
            while not stop.is_set():
                this = object()
                in_progress.add(this)
                response = await reader.read(query)
                in_progress.discard(this)
                statuses[response.status_code] += 1
                if response.status_code == 400:
                    assert "20000" in response.json()["error_description"]

        readers = [asyncio.create_task(read_again_and_again()) for _ in range(READERS)]
        served_meanwhile, number = 0, 0
        async with asyncio.timeout(300):
            while number < TOKENS or not served_meanwhile or not statuses:
                before = set(in_progress)
                assert (await reader.request_token()).status_code == 200
                served_meanwhile += bool(before & in_progress)
                number += 1
        stop.set()
        await asyncio.gather(*readers)
        allowed = {400, 429, 503} if name == "narrow groups" else {200, 429, 503}
        assert set(statuses) <= allowed, (name, statuses)
        assert set(statuses) - {429, 503}, (name, statuses)


async def test_the_reads_of_clients_that_disconnect_end(reader: Reader) -> None:
    """A person has 1 read in progress and 16 that wait; one more is refused."""
    for query in (HEAVY["filter list"], HEAVY["deep page"], HEAVY["groups"]):
        reads = [asyncio.create_task(reader.read(query)) for _ in range(60)]
        while not any(read.done() for read in reads):
            await asyncio.sleep(0.01)
        for read in reads:
            read.cancel()
        await asyncio.wait(reads)
        async with asyncio.timeout(300):
            while (response := await reader.read("limit=1")).status_code == 429:
                await asyncio.sleep(0.01)
        assert response.status_code == 200
        assert len(response.json()) == 1
        assert (await reader.request_token()).status_code == 200
