"""The load: wrk on a separate core, 32 connections, one thread; and what it reports."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workloads import Workload

CONNECTIONS = 32
LOAD_CORE = 1
_SCRIPT = Path(__file__).parent / "lua" / "requests.lua"


@dataclass(frozen=True, slots=True)
class Report:
    """Latencies are in milliseconds. `bad` counts refusals, lost connections and timeouts."""

    requests: int
    seconds: float
    p50: float
    p99: float
    bad: int


def load(
    port: int, workload: Workload, tokens: Sequence[str], seconds: int, path: str = ""
) -> Report:
    """`path` replaces that of the workload, for a peer."""
    with tempfile.NamedTemporaryFile("w", suffix=".tokens") as file:
        file.write("".join(f"{token}\n" for token in tokens))
        file.flush()
        done = subprocess.run(
            [
                *("taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}"),
                *(f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT)),
                f"http://127.0.0.1:{port}",
            ],
            env={**os.environ, **_settings(workload, file.name, path)},
            check=True,
            capture_output=True,
            text=True,
        )
    last = done.stdout.strip().splitlines()[-1]
    return Report(**json.loads(last))


def _settings(workload: Workload, tokens: str, path: str) -> dict[str, str]:
    return {
        "METHOD": workload.method,
        "TARGET": path or workload.path,
        "AUTHORIZATION": workload.authorization,
        "BODY": workload.body,
        "MODE": workload.mode,
        "TOKENS": tokens,
    }
