"""The store of alerts. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from typing import Protocol

from quantimodo.model.alerts import Alert


class AlertStore(Protocol):
    async def alerts(self) -> Sequence[Alert]:
        """All alerts, by name. There is one for each condition that ever held."""

    async def save_alert(self, alert: Alert) -> bool:
        """Store a new one (revision 0), or a change of the revision that was read. False if another
        process was faster: of concurrent changes one wins."""
