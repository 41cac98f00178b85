"""The servers that are measured: ours on an engine, or a peer of the harness that `bench/peers`
prepared.

A server and its database run on one core, so that a figure is that of one core.
"""

import http.client
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped]
from engines import Engine
from proofs import ProofKey
from token_rows import UsableTokens, add_rows
from workloads import Kind, Workload
from wrk import CONNECTIONS, LOAD_CORE, load

from quantimodo.app.composition.services import open_app, prepare
from quantimodo.app.settings.reading import load_settings

SERVER_CORE = 0
MOST_CODES = 9_000  # a second: more than any server here redeems on one core
MOST_PROOFS = 6_000  # likewise, of DPoP proofs
CHAINS = 2 * CONNECTIONS  # wrk requests the next one before it reports a response
CYCLED = 1_000
_START_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run. Latencies in milliseconds; CPU in microseconds a request, of the server and of the
    database beside it; resident memory in megabytes, the database's as its share (PSS)."""

    server: str
    workload: str
    requests: int
    rate: float
    p50: float
    p99: float
    bad: int
    server_cpu: float
    database_cpu: float
    server_memory: float
    database_memory: float


class MeasuredServer(Protocol):
    name: str

    async def start(self) -> None: ...

    def runs(self, workload: Workload) -> bool: ...

    def measure(self, workload: Workload, seconds: int) -> Figures: ...

    def stop(self) -> None: ...


class Quantimodo:
    """One worker of ours. `runs`: the seconds of each run for which it needs tokens."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        port: int,
        *,
        runs: Sequence[int],
        unused: int,
        key: ProofKey,
    ) -> None:
        self._key = key
        self.name = f"quantimodo-{engine.name}"
        self._engine = engine
        self._port = port
        self._runs = runs
        self._unused = unused
        self._log = folder / "server.log"
        self._settings = {
            "QUANTIMODO_DATABASE": engine.url,
            "QUANTIMODO_PORT": str(port),
            "QUANTIMODO_SECRET_KEY": "A" * 43,
            "QUANTIMODO_LOG_LEVEL": "warning",
            # One client sends more here than all clients of a server usually do.
            "QUANTIMODO_LIMITS__PUSHED_REQUESTS_PER_APP": "900000 per 1m",
            "QUANTIMODO_BUDGETS__REPLAYS_PER_SIGNER": str(2**30),
            "QUANTIMODO_BUDGETS__REPLAYS_TOTAL": str(2**31),
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._usable = UsableTokens()

    async def start(self) -> None:
        with on_core(SERVER_CORE):
            self._engine.start()
        settings = load_settings(self._settings)
        await prepare(settings)
        async with open_app(settings) as context:
            self._usable = await add_rows(
                context, self._engine, self._wanted(), self._unused, self._key.thumbprint
            )
        self._server = self._serve()
        await_response(self._port, self._log)

    def runs(self, workload: Workload) -> bool:
        return True

    def measure(self, workload: Workload, seconds: int) -> Figures:
        self._check_response(workload)
        tokens = self._tokens(workload, seconds)
        assert self._server is not None
        server, database = [psutil.Process(self._server.pid)], self._engine.processes()
        before = _cpu(server), _cpu(database)
        report = load(self._port, workload, tokens, seconds)
        after = _cpu(server), _cpu(database)
        return Figures(
            server=self.name,
            workload=workload.name,
            requests=report.requests,
            rate=report.requests / report.seconds,
            p50=report.p50,
            p99=report.p99,
            bad=report.bad,
            server_cpu=1e6 * (after[0] - before[0]) / report.requests,
            database_cpu=1e6 * (after[1] - before[1]) / report.requests,
            server_memory=_resident(server),
            database_memory=_share(database),
        )

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(_START_SECONDS)
        self._engine.stop()

    def _serve(self) -> subprocess.Popen[bytes]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("QUANTIMODO_")}
        command = [sys.executable, "-m", "quantimodo.cli.main", "serve", "--workers", "1"]
        with self._log.open("wb") as log, on_core(SERVER_CORE):
            return subprocess.Popen(
                command, env={**inherited, **self._settings}, stdout=log, stderr=log
            )

    def _wanted(self) -> dict[Kind, int]:
        runs = len(self._runs)
        codes = sum(self._runs) * MOST_CODES + 2 * runs
        return {
            "access": CYCLED,
            "bound": CYCLED,
            "refresh": (CHAINS + 2) * runs,
            "codes": codes,
        }

    def _tokens(self, workload: Workload, seconds: int) -> list[str]:
        if workload.dpop:
            return self._with_proofs(workload, seconds * MOST_PROOFS)
        counts = {"same": 0, "cycle": CYCLED, "chain": CHAINS, "once": seconds * MOST_CODES}
        return self._usable.take(workload.kind, counts[workload.mode]) if workload.kind else []

    def _with_proofs(self, workload: Workload, count: int) -> list[str]:
        tokens = self._usable.take("bound", CYCLED)
        address = f"http://127.0.0.1:{self._port}{workload.path}"
        return list(self._key.lines(tokens, workload.method, address, count))

    def _check_response(self, workload: Workload) -> None:
        """One request whose response is read: wrk reads the status only."""
        token, proof = self._usable.take(workload.kind, 1)[0] if workload.kind else "", ""
        if workload.dpop:
            token, _, proof = self._with_proofs(workload, 1)[0].partition(" ")
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        headers = {"Authorization": workload.authorization.replace("%s", token)}
        if proof:
            headers["DPoP"] = proof
        if workload.method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = workload.body.replace("%s", token)
        connection.request(workload.method, workload.path, body or None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status not in (200, 201) or workload.expected not in text:
            raise SystemExit(f"{self.name}: {workload.name} has a wrong response: {text!r}")


class Peer:
    """A server of the prepared harness in `folder`, driven by the harness's own code."""

    def __init__(self, harness: "Harness", name: str, key: ProofKey) -> None:
        self.name = name
        self._key = key
        self._harness = harness
        self._state: dict[str, Any] = {}

    async def start(self) -> None:
        self._state = self._harness.start(self.name)

    def runs(self, workload: Workload) -> bool:
        if workload.peer in self._harness.peers[self.name]["paths"]:
            return True
        # `bench/peers` configured oidc-provider for these, and it minted tokens for them.
        return bool(workload.peer_path) and self._bound().is_file()

    def measure(self, workload: Workload, seconds: int) -> Figures:
        server = _process_tree(self._state["proc"].pid)
        database = self._harness.database(self.name)
        before = _cpu(server), _cpu(database)
        report = self._load(workload, seconds)
        after = _cpu(server), _cpu(database)
        requests = max(1, report["n"])
        return Figures(
            server=self.name,
            workload=workload.name,
            requests=report["n"],
            rate=report["rps"],
            p50=report["p50"] or 0.0,
            p99=report["p99"] or 0.0,
            bad=report["bad"] + (0 if report["sock"] is None else 1),
            server_cpu=1e6 * (after[0] - before[0]) / requests,
            database_cpu=1e6 * (after[1] - before[1]) / requests,
            server_memory=_resident(server),
            database_memory=_share(database),
        )

    def _load(self, workload: Workload, seconds: int) -> dict[str, Any]:
        if workload.peer in self._harness.peers[self.name]["paths"]:
            state = self._state
            return self._harness.load(self.name, state, workload.peer, seconds, CONNECTIONS)
        port, tokens = self._harness.peers[self.name]["port"], list[str]()
        if workload.dpop:
            address = f"http://127.0.0.1:{port}{workload.peer_path}"
            bound = self._bound().read_text().split()
            lines = self._key.lines(bound, workload.method, address, seconds * MOST_PROOFS)
            tokens = list(lines)
        found = load(port, workload, tokens, seconds, workload.peer_path)
        return {
            "n": found.requests,
            "rps": found.requests / found.seconds,
            "p50": found.p50,
            "p99": found.p99,
            "bad": found.bad,
            "sock": None,
        }

    def _bound(self) -> Path:
        return Path(self._state["dir"]) / "access_dpop.txt"

    def stop(self) -> None:
        if self._state:
            self._state["proc"].terminate()
            self._state["proc"].wait(_START_SECONDS)


class Harness:
    """The harness of peers, as `bench/peers` prepared it. Its module is loaded from its folder."""

    def __init__(self, folder: Path, codes: int, thumbprint: str) -> None:
        os.environ["NCODES"] = str(codes)  # how many each peer mints
        os.environ["JKT"] = thumbprint  # to which it binds tokens
        sys.path.append(str(folder))  # it imports modules of its folder
        module = runpy.run_path(str(folder / "bench.py"))
        self.peers: Mapping[str, dict[str, Any]] = module["PEERS"]
        self.start: Callable[[str], dict[str, Any]] = module["start"]
        self.load: Callable[..., dict[str, Any]] = module["wrk"]
        self._folder = folder

    @contextmanager
    def postgres(self, names: Sequence[str]) -> Iterator[None]:
        """The PostgreSQL server of the harness runs inside the block, if one of these needs it."""
        needed = any(map(_on_postgres, names))
        if needed:
            subprocess.run([self._folder / "pg.sh", "start"], check=True)
        try:
            yield
        finally:
            if needed:
                subprocess.run([self._folder / "pg.sh", "stop"], check=True)

    def database(self, peer: str) -> list[psutil.Process]:
        if not _on_postgres(peer):
            return []
        pid = (self._folder / "data" / "pg" / "postmaster.pid").read_text().split()[0]
        return _process_tree(int(pid))


def _on_postgres(peer: str) -> bool:
    return peer.endswith("-pg")


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started inside the block runs on this core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def check_machine() -> None:
    """Two cores, one for the server and one for the load. Exits with what to do."""
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise SystemExit("bench needs two cores: one for the server, one for the load")


def await_response(port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise SystemExit(f"the server did not start:\n{log.read_text()}")


def _process_tree(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def _cpu(processes: Iterable[psutil.Process]) -> float:
    """Seconds of CPU in the kernel and outside."""
    total = 0.0
    for process in processes:
        times = process.cpu_times()
        total += times.user + times.system
    return total


def _resident(processes: Iterable[psutil.Process]) -> float:
    return float(sum(process.memory_info().rss for process in processes)) / 1e6


def _share(processes: Iterable[psutil.Process]) -> float:
    return float(sum(process.memory_full_info().pss for process in processes)) / 1e6
