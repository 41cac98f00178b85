"""The findings of `quantimodo doctor --live` about sign-in providers, from `/metrics` of the
running server.

The token of `/metrics` is sent to that address alone, and over TLS unless it is on this machine.
"""

from typing import Final

from quantimodo.app.settings.alerts import AlertSettings
from quantimodo.cli.doctor.findings import Finding
from quantimodo.cli.doctor.live_probes import Site
from quantimodo.model.secrets import Secret
from quantimodo.ops.gauges import reported_providers
from quantimodo.ops.health_readings import provider_reading

_WHAT: Final = "providers"


async def provider_findings(site: Site, metrics_token: Secret) -> list[Finding]:
    """One finding for each provider to which the server has sent a request."""
    if not (site.https or site.local):
        return [Finding("fault", _WHAT, "the token of /metrics is not sent over plain http")]
    headers = {"authorization": f"Bearer {metrics_token.reveal()}"}
    response = await site.get("/metrics", headers)
    if response.status_code != 200:
        text = f"/metrics does not accept this token (status {response.status_code})"
        return [Finding("fault", _WHAT, text)]
    try:
        reported = reported_providers(response.text)
    except (ValueError, OverflowError):
        return [Finding("fault", _WHAT, "/metrics does not have the text format of Prometheus")]
    if reported is None:
        text = "the server has not measured its state yet: run this again in a minute"
        return [Finding("warning", _WHAT, text)]
    at, providers = reported
    limit = AlertSettings().provider_failures
    readings = [provider_reading(each, at, limit) for each in providers]
    findings = [Finding(each.state, f"sign-in {each.of}", each.text) for each in readings]
    return findings or [Finding("ok", _WHAT, "no request to a sign-in provider is recorded")]
