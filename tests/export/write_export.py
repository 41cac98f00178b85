"""A process that writes the measurements of one person to a ZIP file: `URL USER_ID PATH`.

Prints by how many KiB its memory grew meanwhile, at its peak.
"""

import asyncio
import sys
from pathlib import Path

from quantimodo.app.clock_and_entropy import SystemClock
from quantimodo.export.measurement_files import MeasurementFiles
from quantimodo.export.zip_stream import zip_stream
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.read_limits import ReadLimits, ReadPolicy
from quantimodo.measurements.service import MeasurementService
from quantimodo.storage.open import open_stores


def peak() -> int:
    """The most KiB that this program had in memory. `ru_maxrss` counts its parent's before `exec`
    too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


async def main(url: str, user_id: int, path: Path) -> None:
    clock, stores = SystemClock(), await open_stores(url)
    user = await stores.users.user(user_id)
    assert user is not None
    service = MeasurementService(
        stores.measurements, stores.variables, References(stores.references), clock
    )
    files = MeasurementFiles(service, ReadLimits(ReadPolicy(seconds=60)))
    chunks = zip_stream(files.parts(user), clock.now())
    with path.open("wb") as file:
        for _ in range(8):  # what every export needs is in memory then
            file.write(await anext(chunks))
        before = peak()
        async for chunk in chunks:
            file.write(chunk)
    print(peak() - before)
    await stores.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
