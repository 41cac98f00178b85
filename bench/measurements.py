"""Measurements stored a second on one core: posts of 1,000, from a request to the disk.

The measurement service and both engines in one process, without a socket; the time of PostgreSQL
counts too. Then the time that the access log adds to a read of 100 of 60,000.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from engines import Engine, Postgres, Sqlite

from quantimodo.app.composition.services import AppContext, open_app, prepare
from quantimodo.app.settings.reading import load_settings
from quantimodo.measurements.payloads import parse_sets
from quantimodo.measurements.queries import MeasurementQuery, parse_measurement_query
from quantimodo.model.measurements import Access
from quantimodo.model.users import NewUser, User
from quantimodo.resource.measurement_json import measurement_json, page_response

_POST = 1_000
_READS, _ROUNDS = 200, 10
_PEOPLE = 4
_ENGINES: dict[str, Callable[[Path], Engine]] = {"sqlite": Sqlite, "postgres": Postgres}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--engines", nargs="+", choices=_ENGINES, default=[*_ENGINES])
    parser.add_argument("--posts", type=int, default=60, help="of each of four people")
    requested = parser.parse_args()
    os.sched_setaffinity(0, {0})
    print(f"{'engine':<10}{'':<24}{'a second':>12}{'us each':>10}")
    for name in requested.engines:
        with _opened(name) as engine:
            asyncio.run(_measure(engine, requested.posts))


@contextmanager
def _opened(name: str) -> Iterator[Engine]:
    folder = Path(tempfile.mkdtemp(prefix="qm-measure-"))
    engine = _ENGINES[name](folder)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(engine: Engine, posts: int) -> None:
    os.environ |= {"QUANTIMODO_DATABASE": engine.url, "QUANTIMODO_SECRET_KEY": "A" * 43}
    settings = load_settings(os.environ)
    await prepare(settings)
    async with open_app(settings) as context:
        people = [await _person(context, number) for number in range(_PEOPLE)]
        bodies = [_body(number) for number in range(posts)]
        for what in ("posted, new", "posted again"):
            await _posts(engine, context, people, bodies, what)
        await _reads(engine, context, people[0])


async def _posts(
    engine: Engine, context: AppContext, people: Sequence[User], bodies: Sequence[bytes], what: str
) -> None:
    async def one(person: User) -> None:
        for body in bodies:
            await context.measurement_service.save(person.id, parse_sets(body))

    began = _cpu_seconds(engine)
    await asyncio.gather(*map(one, people))
    _print_figures(engine, what, len(people) * len(bodies) * _POST, _cpu_seconds(engine) - began)


async def _reads(engine: Engine, context: AppContext, person: User) -> None:
    query = parse_measurement_query(b"variableName=Steps&limit=100")
    spent = {"read of 100": 0.0, "read of 100, logged": 0.0}
    for _ in range(_ROUNDS):  # in turn, because the speed of the machine varies
        for what in spent:
            began = _cpu_seconds(engine)
            for _ in range(_READS):
                await _read(context, person, query, logged="logged" in what)
            await context.accesses.flush()
            spent[what] += _cpu_seconds(engine) - began
    for what, seconds in spent.items():
        _print_figures(engine, what, _ROUNDS * _READS, seconds)
    without, logged = spent.values()
    print(f"{engine.name:<10}the access log adds {100 * (logged / without - 1):.1f} % to a read")


async def _read(
    context: AppContext, person: User, query: MeasurementQuery, *, logged: bool
) -> None:
    rows, total = await context.measurement_service.page(person.id, query)
    page_response("https://id.example.org/x", query, [measurement_json(r) for r in rows], total)
    if logged:
        now = context.clock.now()
        context.accesses.record(
            Access(
                user_id=person.id,
                client_id="bench",
                action="read",
                first_at=now,
                last_at=now,
                variable=query.variables,
                measurements=len(rows),
            )
        )


async def _person(context: AppContext, number: int) -> User:
    now = context.clock.now()
    newcomer = NewUser(subject=f"bench-{number}", name="Bench", email=None, created_at=now)
    return await context.stores.users.add_user(newcomer, None)


def _body(number: int) -> bytes:
    start = 1_400_000_000 + 60 * _POST * number
    measurements = [{"startTime": start + 60 * at, "value": at % 50} for at in range(_POST)]
    one = {"variableName": "Steps", "sourceName": "Bench", "abbreviatedUnitName": "count"}
    return msgspec.json.encode([{**one, "measurements": measurements}])


def _cpu_seconds(engine: Engine) -> float:
    """Seconds of CPU, of this process and of the engine's own."""
    others = [process.cpu_times() for process in engine.processes()]
    return time.process_time() + sum(times.user + times.system for times in others)


def _print_figures(engine: Engine, what: str, number: int, seconds: float) -> None:
    each = seconds / number
    print(f"{engine.name:<10}{what:<24}{1 / each:>12,.0f}{each * 1e6:>10.1f}")


if __name__ == "__main__":
    sys.exit(main())
