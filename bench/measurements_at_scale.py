"""Time and CPU of the measurements API and the pages, with 10,000,000 measurements.

They are of 10,000 people. One worker of the server, on its own core, over a socket. One client
sends one request after the other, each for another person. `--folder` has the databases, which take
minutes to fill, and stay.
"""

import argparse
import asyncio
import http.client
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
import psutil  # type: ignore[import-untyped]
from engines import Engine, Postgres, Sqlite
from scale_rows import APP, SECRET, DataSize, fill_database, statements_of, tokens_of
from servers import SERVER_CORE, await_response, on_core
from wrk import LOAD_CORE

from quantimodo.app.composition.services import AppContext, open_app, prepare
from quantimodo.app.settings.reading import load_settings
from quantimodo.ops.cleanup import Cleaner
from quantimodo.pages.cookie_names import SESSION, cookie_prefix

_ENGINES: dict[str, Callable[[Path], Engine]] = {"sqlite": Sqlite, "postgres": Postgres}
_ISSUER = "http://127.0.0.1:8000"
_REQUESTED = 300  # requests of each kind, by as many people
_LIST, _CSV = "/api/v1/measurements", "/api/v2/measurements/csv"
_OF_APP, _VARIABLES = "/api/v2/application/measurements", "/api/v1/variables"
_DAYS = f"{_LIST}?groupingWidth=86400&groupingTimezone=Europe/Berlin"
_ONE_VARIABLE = quote("Variable 3")
_PERSONAL = {
    "newest 100": f"{_LIST}?sort=-startTime",
    "of one variable": f"{_LIST}?variableName={_ONE_VARIABLE}",
    "of one variable, by value": f"{_LIST}?variableName={_ONE_VARIABLE}&value=(gt)2",
    "names like": f"{_LIST}?variableName=Var%25&sort=-startTime",
    "of a category, of a source": f"{_LIST}?variableCategoryName=Sleep&source=Bench",
    "by value": f"{_LIST}?value=(ge)4",
    "sorted by value": f"{_LIST}?sort=-value",
    "changed since, by change": f"{_LIST}?lastUpdated=2026-01-01&sort=-updatedAt",
    "page at 800": f"{_LIST}?offset=800&limit=200",
    "converted": f"{_LIST}?variableName=Variable%206&unit=h",
    "days": _DAYS,
    "variables": _VARIABLES,
    "one variable": f"{_VARIABLES}/{_ONE_VARIABLE}",
    "CSV, all of one person": _CSV,
    "page /account/data": "/account/data",
    "page of a variable": f"/account/data/variable?name={_ONE_VARIABLE}",
    "page /account/activity": "/account/activity",
}
_READ_ALL = ("days", "CSV, all of one person")  # not measured for the busy person
_OF_ALL_PEOPLE = {
    "first 100": _OF_APP,
    "page at 5,000,000": f"{_OF_APP}?offset=5000000",
    "of one variable": f"{_OF_APP}?variableName={_ONE_VARIABLE}",
    "since yesterday": f"{_OF_APP}?startTime=" + "{yesterday}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="outside of the repository")
    parser.add_argument("--engines", nargs="+", choices=_ENGINES, default=[*_ENGINES])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument(
        "--measurements", type=int, default=1_000, help="measurements of one person"
    )
    parser.add_argument("--busy", type=int, default=1_000_000, help="more of the last person")
    parser.add_argument(
        "--accesses", type=int, default=100, help="rows of the access log of one person"
    )
    parser.add_argument("--requests", type=int, default=_REQUESTED, help="requests of each kind")
    parser.add_argument("--only", default="", help="the requests with these words in their name")
    parser.add_argument("--deletions", action="store_true", help="measure deletions too")
    requested = parser.parse_args()
    size = DataSize(
        people=requested.people,
        measurements=requested.measurements,
        of_busy_person=requested.busy,
        accesses=requested.accesses,
    )
    os.sched_setaffinity(0, {LOAD_CORE})
    for name in requested.engines:
        folder = requested.folder / name
        made = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        engine = _ENGINES[name](folder)
        with on_core(SERVER_CORE):
            engine.start()
        try:
            asyncio.run(_run_all(engine, folder, size, made, requested))
        finally:
            engine.stop()


async def _run_all(
    engine: Engine, folder: Path, size: DataSize, made: bool, requested: argparse.Namespace
) -> None:
    settings = {
        "QUANTIMODO_DATABASE": engine.url,
        "QUANTIMODO_SECRET_KEY": "A" * 43,
        "QUANTIMODO_ISSUER": _ISSUER,  # the name of the session cookie has its port
    }
    os.environ |= settings
    await prepare(load_settings(os.environ))
    async with open_app(load_settings(os.environ)) as context:
        if not made:
            began = time.monotonic()
            await fill_database(context, engine, size)
            print(f"{engine.name}: filled in {time.monotonic() - began:.0f} s", flush=True)
        people = await _people(engine)
        some = random.Random(7).sample(people[:-1], min(requested.requests, len(people) - 1))
        tokens = await tokens_of(context, engine, [*some, people[-1]])
        cookies = {person: await _cookie(context, person) for person in [*some, people[-1]]}
    with _running_server(folder / "server.log") as (port, server):
        client = _Client(engine, port, server, requested.only)
        print(f"\n{engine.name:<34}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'KB':>9}")
        for what, path in _PERSONAL.items():
            client.send(what, [(path, _headers(tokens[p], cookies[p])) for p in some])
        client.send("post of 10", [(_LIST, _headers(tokens[p], "")) for p in some], _post(10))
        yesterday = int(time.time()) - 86_400
        busy = _headers(tokens[people[-1]], cookies[people[-1]])
        for what, path in _PERSONAL.items():
            if what not in _READ_ALL:
                client.send(f"busy: {what}", [(path, busy)] * 5)
        client.send("busy: page at 900,000", [(f"{_LIST}?offset=900000", busy)] * 5)
        client.send(
            "busy: days of a month", [(f"{_DAYS}&startTime={yesterday - 2_500_000}", busy)] * 5
        )
        client.export("busy: CSV, all", busy)
        own = {"Authorization": f"Bearer {client.own_token()}"}
        for what, path in _OF_ALL_PEOPLE.items():
            client.send(f"app: {what}", [(path.format(yesterday=yesterday), own)] * 5)
    if requested.deletions:
        await _measure_deletions(engine, some[:50], people[-1])


@contextmanager
def _running_server(log: Path) -> Iterator[tuple[int, psutil.Process]]:
    """One worker over this database: its port, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "quantimodo.cli.main", "serve", "--workers", "1"]
    changed = {"QUANTIMODO_PORT": str(port), "QUANTIMODO_LOG_LEVEL": "warning"}
    with log.open("wb") as file, on_core(SERVER_CORE):
        server = subprocess.Popen(command, env=os.environ | changed, stdout=file, stderr=file)
    try:
        await_response(port, log)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(60)


def _headers(token: str, cookie: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}", "Cookie": cookie}


async def _people(engine: Engine) -> list[int]:
    async with statements_of(engine) as sql:
        return [row[0] for row in await sql.run("SELECT id FROM users ORDER BY id")]


async def _cookie(context: AppContext, person: int) -> str:
    user = await context.stores.users.user(person)
    assert user is not None
    cookie = await context.sessions.start(
        user, methods=("pwd",), address="192.0.2.7", agent="bench", replaces=None
    )
    return f"{cookie_prefix(context.settings.issuer)}{SESSION}={cookie.reveal()}"


def _post(number: int) -> bytes:
    start = int(time.time())
    entries = [{"startTime": start + at, "value": 3} for at in range(number)]
    return msgspec.json.encode([{"variableName": "Variable 3", "measurements": entries}])


class _Client:
    """Sends one request after the other, and measures the CPU time of the server."""

    def __init__(self, engine: Engine, port: int, server: psutil.Process, only: str) -> None:
        self._only = only
        self._engine = engine
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._server = server

    def send(
        self,
        what: str,
        requests: Sequence[tuple[str, Mapping[str, str]]],
        body: bytes | None = None,
    ) -> None:
        if self._only not in what:
            return
        began, took, size = self._cpu_seconds(), [], 0
        for path, headers in requests:
            start = time.perf_counter()
            size += len(self._response(path, headers, body))
            took.append(1000 * (time.perf_counter() - start))
        spent = 1000 * (self._cpu_seconds() - began) / len(requests)
        self._print_figures(what, took, spent, size / len(requests))

    def export(self, what: str, headers: Mapping[str, str]) -> None:
        """One long response, and the most memory that the server had meanwhile."""
        if self._only not in what:
            return
        before = self._server.memory_info().rss
        most, over = before, threading.Event()

        def watch() -> None:
            nonlocal most
            while not over.wait(0.02):
                most = max(most, self._server.memory_info().rss)

        watching = threading.Thread(target=watch)
        watching.start()
        self.send(what, [(_CSV, headers)])
        over.set()
        watching.join()
        print(f"{'':<4}memory: {before / 1e6:.0f} MB before, at most {most / 1e6:.0f} MB")

    def own_token(self) -> str:
        basic = b64encode(f"{APP}:{SECRET}".encode()).decode()
        form = {"Authorization": f"Basic {basic}"}
        form["Content-Type"] = "application/x-www-form-urlencoded"
        body = b"grant_type=client_credentials&scope=readmeasurements"
        response = self._response("/api/v2/oauth2/access_token", form, body)
        return str(msgspec.json.decode(response)["access_token"])

    def _response(self, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        kind = {"Content-Type": "application/json"} if body is not None else {}
        method = "GET" if body is None else "POST"
        self._connection.request(method, path, body, {**kind, **headers})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {content[:300]!r}")
        return content

    def _cpu_seconds(self) -> float:
        """Seconds of CPU, of the server and of the engine's own processes."""
        spent = [each.cpu_times() for each in (self._server, *self._engine.processes())]
        return sum(times.user + times.system for times in spent)

    def _print_figures(self, what: str, took: Sequence[float], spent: float, size: float) -> None:
        p99 = statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]
        p50 = statistics.median(took)
        print(f"{what:<34}{p50:>9.1f}{p99:>9.1f}{spent:>9.1f}{size / 1000:>9.1f}", flush=True)


async def _measure_deletions(engine: Engine, people: Sequence[int], busy: int) -> None:
    """How long the cleaner and deletions take."""
    async with statements_of(engine) as sql:
        await sql.run("DELETE FROM leases")  # the server that just ended cleaned last
    async with open_app(load_settings(os.environ)) as context:
        cleaner = Cleaner(
            context.stores.retention, context.stores.leases, context.clock, "bench", pause=0
        )
        began = time.perf_counter()
        deleted = await cleaner.round()
        print(f"cleaner: a round in {time.perf_counter() - began:.2f} s, {deleted} rows")
        took = []
        for person in people:
            began = time.perf_counter()
            await context.stores.users.delete_user(person, context.clock.now())
            took.append(1000 * (time.perf_counter() - began))
        p99 = statistics.quantiles(took, n=100)[98]
        print(f"{'deletion of a person':<34}{statistics.median(took):>9.1f}{p99:>9.1f}")
        began = time.perf_counter()
        await context.stores.users.delete_user(busy, context.clock.now())
        print(f"{'deletion of the busy person':<34}{1000 * (time.perf_counter() - began):>9.1f}")


if __name__ == "__main__":
    sys.exit(main())
