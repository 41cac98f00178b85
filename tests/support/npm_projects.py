"""Where npm projects of `examples/` run: beside the packages of scripts/node-clients."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest

from quantimodo.measurements.payloads import SentMeasurement, SentSet
from support.live_server import Live

PACKAGES = Path(__file__).parents[2] / ".make" / "examples"


_OLDEST_NODE = (20, 19)  # of Next.js 16 and Vite 8


@pytest.fixture(scope="session")
def node() -> None:
    """Skips the test where Node.js is older than the packages require, as in Debian 12."""
    printed = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    version = tuple(int(number) for number in re.findall(r"\d+", printed.stdout))
    if version < _OLDEST_NODE:
        pytest.skip(f"Node.js {printed.stdout.strip()} is older than 20.19")


@pytest.fixture
def npm_folder(node: None) -> Iterator[Path]:
    """A folder whose projects find the packages in the folder above it, as Node.js looks for
    them. No link leads there: Next.js refuses a link out of the folder of the packages."""
    with TemporaryDirectory(prefix="run-", dir=PACKAGES) as folder:
        yield Path(folder)


def spent_refresh_tokens(live: Live) -> int:
    """How many refresh tokens of this server have been exchanged."""
    file = live.context.settings.database.removeprefix("sqlite:///")
    with closing(apsw.Connection(file)) as database:
        ((number,),) = database.execute(
            "SELECT count(*) FROM refresh_tokens WHERE spent_at IS NOT NULL"
        )
    return int(str(number))


async def record_measurement(live: Live, email: str) -> None:
    """Record one measurement of this person: Sleep Quality, 3 of 5."""
    user = await live.context.stores.users.user_by_email(email)
    assert user is not None
    quality = SentSet(
        measurements=[SentMeasurement(start_time=1_795_400_000, value=3)],
        variable_name="Sleep Quality",
        source_name="A scale",
        variable_category_name="Sleep",
        abbreviated_unit_name="/5",
    )
    await live.context.measurement_service.save(user.id, [quality])
