"""Token requests while one account reads its 60,000 measurements as expensively as it may.

Our server with one worker; this process sends token requests on a few connections, first alone,
then beside connections that repeat heavy reads. Prints p50 and p99 of the token requests in
milliseconds, their ratio, and the statuses of the heavy reads.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
from engines import Engine, Postgres, Sqlite
from stock import stock_up
from workloads import OPAQUE, SECRET

from quantimodo.app.environment import SystemEntropy
from quantimodo.app.services import AppContext, open_app, prepare
from quantimodo.app.settings import Settings, load_settings
from quantimodo.crypto.tokens import Kind, mint
from quantimodo.measurements.payloads import read_sets
from quantimodo.storage.timestamps import to_micros

_ENGINES: dict[str, Callable[[Path], Engine]] = {"sqlite": Sqlite, "postgres": Postgres}
_ROWS, _POST, _PORT = 60_000, 1_000, 18_941
_START = 1_400_000_000
_HEAVY = {
    "filter list": "value=" + ",".join(f"(gt){n}" for n in range(1, 100)) + "&sort=-value",
    "narrow groups": "groupingWidth=1",
    "days": "groupingWidth=86400&groupingTimezone=Europe/Berlin",
    "deep page": "sort=value&offset=59000&limit=200&source=%25a%25",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--engines", nargs="+", choices=_ENGINES, default=[*_ENGINES])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=4, help="of token requests")
    parser.add_argument("--heavy", type=int, default=6, help="connections of each heavy read")
    asked = parser.parse_args()
    for name in asked.engines:
        folder = Path(tempfile.mkdtemp(prefix="qm-heavy-"))
        engine = _ENGINES[name](folder)
        try:
            engine.start()
            asyncio.run(_sitting(engine, folder, asked))
        finally:
            engine.stop()
            shutil.rmtree(folder, ignore_errors=True)


async def _sitting(engine: Engine, folder: Path, asked: argparse.Namespace) -> None:
    environment = {
        "QUANTIMODO_DATABASE": engine.url,
        "QUANTIMODO_PORT": str(_PORT),
        "QUANTIMODO_SECRET_KEY": "A" * 43,
        "QUANTIMODO_LOG_LEVEL": "warning",
    }
    settings = load_settings(environment)
    await prepare(settings)
    token = await _fill(engine, settings)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("QUANTIMODO_")}
    server = _serve({**inherited, **environment}, folder / "server.log")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{_PORT}", timeout=60) as http:
            await _await_answer(http)
            await _tokens(http, asked.connections, 2)  # warm
            quiet = await _tokens(http, asked.connections, asked.seconds)
            _tell(engine.name, "quiet", quiet, quiet)
            for name, query in _HEAVY.items():
                answered = Counter[int]()
                reading = [
                    asyncio.create_task(_read(query, token, answered)) for _ in range(asked.heavy)
                ]
                await asyncio.sleep(0.5)
                beside = await _tokens(http, asked.connections, asked.seconds)
                for task in reading:
                    task.cancel()
                await asyncio.wait(reading)
                _tell(engine.name, name, beside, quiet, dict(answered))
    finally:
        server.terminate()
        server.wait(30)


def _serve(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "quantimodo.cli.main", "serve", "--workers", "1"]
    with log.open("wb") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=file)


async def _fill(engine: Engine, settings: Settings) -> str:
    """A token of a person with the measurements."""
    async with open_app(settings) as context:
        await stock_up(context, engine, {}, 0)
        person = (await context.stores.users(limit=1))[0]
        for first in range(0, _ROWS, _POST):
            at = [{"startTime": _START + 1_500 * (first + n), "value": n} for n in range(_POST)]
            one = {"variableName": "Steps", "sourceName": "Bench", "abbreviatedUnitName": "count"}
            body = msgspec.json.encode([{**one, "measurements": at}])
            await context.measurement_service.save(person.id, read_sets(body))
        return await _token(context, engine, person.id)


async def _token(context: AppContext, engine: Engine, user_id: int) -> str:
    now, entropy = context.clock.now(), SystemEntropy()
    minted, grant = mint(Kind.ACCESS, now, entropy), entropy.bytes(16)
    begins, ends = to_micros(now), to_micros(now) + 3_600_000_000
    scope = "basic readmeasurements"
    await engine.fill(
        "grants",
        (
            *("id", "client_id", "user_id", "scope", "methods"),
            *("authenticated_at", "created_at", "expires_at"),
        ),
        [(grant, OPAQUE, user_id, scope, "pwd", begins, begins, ends)],
    )
    await engine.fill(
        "access_tokens",
        ("key", "client_id", "grant_id", "user_id", "scope", "issued_at", "expires_at"),
        [(minted.key, OPAQUE, grant, user_id, scope, begins, ends)],
    )
    return minted.raw.reveal()


async def _await_answer(http: httpx.AsyncClient) -> None:
    for _ in range(600):
        try:
            if (await http.get("/health/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("the server does not answer")


async def _tokens(http: httpx.AsyncClient, connections: int, seconds: float) -> list[float]:
    took: list[float] = []
    ends = time.monotonic() + seconds
    form = {"grant_type": "client_credentials", "scope": "basic"}
    form |= {"client_id": OPAQUE, "client_secret": SECRET}

    async def one() -> None:
        while time.monotonic() < ends:
            began = time.perf_counter()
            answer = await http.post("/api/v2/oauth/access_token", data=form)
            took.append(1000 * (time.perf_counter() - began))
            if answer.status_code != 200:
                raise SystemExit(answer.text)

    await asyncio.gather(*(one() for _ in range(connections)))
    return sorted(took)


async def _read(query: str, token: str, answered: Counter[int]) -> None:
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{_PORT}", timeout=60) as http:
        while True:
            answer = await http.get(f"/api/v1/measurements?{query}", headers=headers)
            answered[answer.status_code] += 1
            if answer.status_code == 400:
                await asyncio.sleep(0.05)


def _tell(
    engine: str, what: str, took: list[float], quiet: list[float], answers: object = ""
) -> None:
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    times = p99 / quiet[int(len(quiet) * 0.99)]
    print(
        f"{engine:<10}{what:<16}{len(took):>7} p50 {p50:6.1f} p99 {p99:6.1f} {times:5.1f}x"
        f" {answers}",
        flush=True,
    )


if __name__ == "__main__":
    main()
