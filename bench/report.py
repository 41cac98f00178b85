"""What was measured, for people and for programs."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from servers import Figures

_HEAD = (
    f"{'workload':<23}{'server':<24}{'req/s':>8}{'least':>8}{'most':>8}{'p50 ms':>9}{'p99 ms':>9}"
    f"{'CPU us':>8}{'+db us':>8}{'core/s':>8}{'MB':>6}{'+db':>6}{'bad':>5}"
)


def table(figures: Sequence[Figures]) -> str:
    """The median of the rounds. `core/s`: requests a second of a core with no other work."""
    lines = [_HEAD]
    for workload, server in dict.fromkeys((f.workload, f.server) for f in figures):
        lines.append(_line(_of(figures, workload, server)))
    return "\n".join(lines)


def ratios(figures: Sequence[Figures], ours: Sequence[str], peers: Sequence[str]) -> str:
    """Our figure divided by that of a peer, by requests a second and by CPU for one request."""
    lines = [f"{'workload':<23}{'ours':<24}{'peer':<24}{'req/s':>8}{'CPU':>8}"]
    for workload in dict.fromkeys(f.workload for f in figures):
        for peer in peers:
            theirs = _of(figures, workload, peer)
            if not theirs or any(f.bad or not f.requests for f in theirs):
                continue
            for name in ours:
                mine = _of(figures, workload, name)
                rate = median(f.rate for f in mine) / median(f.rate for f in theirs)
                cpu = median(map(_cpu, theirs)) / median(map(_cpu, mine))
                lines.append(f"{workload:<23}{name:<24}{peer:<24}{rate:>7.2f}x{cpu:>7.2f}x")
    return "\n".join(lines)


def write(figures: Sequence[Figures], path: Path, **requested: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "options": requested,
        "runs": [asdict(each) for each in figures],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def _of(figures: Sequence[Figures], workload: str, server: str) -> list[Figures]:
    return [f for f in figures if (f.workload, f.server) == (workload, server)]


def _line(runs: Sequence[Figures]) -> str:
    rates = [run.rate for run in runs]
    cpu, database = median(r.server_cpu for r in runs), median(r.database_cpu for r in runs)
    return (
        f"{runs[0].workload:<23}{runs[0].server:<24}"
        f"{median(rates):>8.0f}{min(rates):>8.0f}{max(rates):>8.0f}"
        f"{median(r.p50 for r in runs):>9.2f}{median(r.p99 for r in runs):>9.2f}"
        f"{cpu:>8.0f}{database:>8.0f}{1e6 / max(1.0, cpu + database):>8.0f}"
        f"{max(r.server_memory for r in runs):>6.0f}{max(r.database_memory for r in runs):>6.0f}"
        f"{sum(r.bad for r in runs):>5}"
    )


def _cpu(run: Figures) -> float:
    return max(1.0, run.server_cpu + run.database_cpu)


def _commit() -> str:
    here = Path(__file__).parent
    received = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    return received.stdout.strip()
