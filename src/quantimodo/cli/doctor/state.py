"""The findings of `quantimodo doctor` about the state of the server: keys, backup, disk, queues,
providers.

They are the same readings as those of the alerts.
"""

from collections.abc import Mapping
from typing import Final

from quantimodo.app.composition.policies import alert_thresholds
from quantimodo.app.composition.services import AppContext
from quantimodo.app.server_state import measure
from quantimodo.cli.doctor.findings import Finding
from quantimodo.ops.health_readings import readings

# `doctor` has its own finding about the mail server.
_NAMES: Final[Mapping[str, str]] = {"mail": "mail queue"}


async def state_findings(context: AppContext) -> list[Finding]:
    """One finding for each reading."""
    state = await measure(context)
    findings = []
    for reading in readings(state, alert_thresholds(context.settings)):
        name = _NAMES.get(reading.subject, reading.subject)
        if reading.subject == "provider":
            name = f"sign-in {reading.of}"
        findings.append(Finding(reading.state, name, reading.text))
    return findings
