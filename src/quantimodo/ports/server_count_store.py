"""The store of what a server counts by hour and by day. The promises of `stores.py` hold too."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.server_counts import Counted, CountName, PeriodCount, Unit


class ServerCountStore(Protocol):
    async def add_counts(self, at: datetime, counted: Counted) -> None:
        """Add the numbers to those of the hour and of the day of `at`, all of them or none. No
        number of another process is lost."""

    async def counts(self, name: CountName, unit: Unit, since: datetime) -> Sequence[PeriodCount]:
        """The numbers of each hour or day from that of `since` on, by time and label. Hours are
        kept for three days, days for 400."""
