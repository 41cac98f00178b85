"""`make bench`: requests a second on one core, on both engines, beside peers if there are any.

All servers are started first. Then each workload is run on each of them in turn, round after round,
so that other work of the machine slows all of them. README.md says how to read the table.
"""

import argparse
import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from engines import Engine, Postgres, Sqlite
from proofs import ProofKey
from report import ratios, table, write
from servers import MOST_CODES, Figures, Harness, MeasuredServer, Peer, Quantimodo, check_machine
from workloads import WORKLOADS, Workload

_HERE = Path(__file__).resolve().parent
_RESULTS = _HERE / "results" / "latest.json"
_ENGINES: dict[str, Callable[[Path], Engine]] = {"sqlite": Sqlite, "postgres": Postgres}
_PEER = "oidcp-node22-sqlite"
_WARM_UP = 1  # seconds


def main() -> None:
    requested = _arguments()
    check_machine()
    workloads = [w for w in WORKLOADS if w.name in requested.workloads]
    key = ProofKey()
    with ExitStack() as stack:
        ours = [_ours(name, requested, stack, key) for name in requested.engines]
        peers = _peers(requested, stack, key)
        figures = asyncio.run(_run_all([*ours, *peers], workloads, requested, stack))
    names, others = [each.name for each in ours], [each.name for each in peers]
    print(f"\n{table(figures)}")
    if others:
        print(f"\n{ratios(figures, names, others)}")
    write(figures, _RESULTS, **{**vars(requested), "peers": others})
    print(f"\nwritten to {_RESULTS}")
    if any(each.bad for each in figures if each.server in names):
        raise SystemExit("some responses were bad: these figures are not valid")


async def _run_all(
    servers: Sequence[MeasuredServer],
    workloads: Sequence[Workload],
    requested: argparse.Namespace,
    stack: ExitStack,
) -> list[Figures]:
    for server in servers:
        _print_progress(f"starting {server.name}")
        stack.callback(server.stop)
        await server.start()
    figures = []
    for workload in workloads:
        able = [server for server in servers if server.runs(workload)]
        for server in able:
            server.measure(workload, _WARM_UP)
        for number in range(requested.rounds):
            for server in able:
                found = server.measure(workload, requested.seconds)
                _print_progress(
                    f"round {number + 1}  {workload.name:<23}{server.name:<24}"
                    f"{found.rate:>8.0f}/s  bad {found.bad}"
                )
                figures.append(found)
    return figures


def _ours(name: str, requested: argparse.Namespace, stack: ExitStack, key: ProofKey) -> Quantimodo:
    # PostgreSQL wants a short path for its socket, and SQLite a disk that really writes.
    parent = None if name == "postgres" else _folder()
    folder = Path(tempfile.mkdtemp(prefix="qm-bench-", dir=parent))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    engine = _ENGINES[name](folder)
    runs = [_WARM_UP] + [requested.seconds] * requested.rounds
    return Quantimodo(engine, folder, _free_port(), runs=runs, unused=requested.tokens, key=key)


def _folder() -> Path:
    folder = _HERE / "data"
    folder.mkdir(exist_ok=True)
    return folder


def _peers(requested: argparse.Namespace, stack: ExitStack, key: ProofKey) -> list[Peer]:
    """Those that were named, or one when a harness is prepared."""
    harness = _harness_folder()
    names = requested.peers if requested.peers is not None else [_PEER] * (harness is not None)
    if not names:
        return []
    if harness is None:
        raise SystemExit("no peers are prepared: run bench/peers first")
    codes = (requested.seconds * requested.rounds + 2) * MOST_CODES // 3
    loaded = Harness(harness, codes, key.thumbprint)
    for name in names:
        if name not in loaded.peers:
            raise SystemExit(f"there is no such peer; there are: {', '.join(loaded.peers)}")
    stack.enter_context(loaded.postgres(names))
    return [Peer(loaded, name, key) for name in names]


def _harness_folder() -> Path | None:
    given = os.environ.get("QUANTIMODO_PEERS")
    places = [_HERE / "data" / "peers", _HERE.parent.parent / "shared" / "bench"]
    for place in [Path(given)] if given else places:
        if (place / "node").is_dir() and (place / "bench.py").is_file():
            return place.resolve()
    return None


def _arguments() -> argparse.Namespace:
    known = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(description="Requests a second on one core.")
    parser.add_argument("--seconds", type=int, default=4, help="of one run (4)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts (3)")
    parser.add_argument("--engines", nargs="+", choices=list(_ENGINES), default=list(_ENGINES))
    parser.add_argument("--workloads", nargs="+", choices=known, default=known)
    parser.add_argument("--peers", nargs="*", help=f"of the harness ({_PEER} if it is prepared)")
    parser.add_argument("--tokens", type=int, default=0, help="live tokens beside those in use")
    return parser.parse_args()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
