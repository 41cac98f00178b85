"""`quantimodo doctor --live URL`: runs the probes against a running server, from outside.

Reads no settings and opens no database, so it runs on any machine. It trusts the certificate
authorities of this machine and those of `SSL_CERT_FILE`.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx

from quantimodo.cli.doctor.findings import Finding
from quantimodo.cli.doctor.live_framing import framing_findings
from quantimodo.cli.doctor.live_probes import PROBES, Probe, Site
from quantimodo.cli.doctor.live_providers import provider_findings
from quantimodo.model.secrets import Secret

_SECONDS: Final = 10.0  # for one response
_RENEW_WITHIN: Final = timedelta(days=14)


def is_address(url: str) -> bool:
    """Whether `url` can be probed: http or https and a host, without a path."""
    try:
        parts = urlsplit(url)
        complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return complete and not (parts.path.strip("/") or parts.query or parts.fragment or "@" in url)


async def examine_live(
    url: str, now: Callable[[], datetime], metrics_token: Secret | None = None
) -> list[Finding]:
    """Every finding about the server at this address, one for each fault. With the token of
    `/metrics`, also those about sign-in providers."""
    url, trust = url.rstrip("/"), ssl.create_default_context()
    try:
        findings = await _certificate(url, trust, now())
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False, verify=trust) as http:
            site = Site(url, http, now)
            for probe in PROBES:
                findings.extend(await _findings(probe, site))
            if metrics_token is not None:
                findings.extend(await provider_findings(site, metrics_token))
        return [*findings, *await framing_findings(url, trust)]
    except ssl.SSLCertVerificationError as fault:
        return [Finding("fault", "certificate", f"it is not trusted: {fault.verify_message}")]
    except (OSError, httpx.HTTPError, TimeoutError):
        return [Finding("fault", "address", "no server responds there")]


async def _findings(probe: Probe, site: Site) -> list[Finding]:
    faults = await probe.run(site)
    section = f"(statement {probe.section})"
    if not faults:
        return [Finding("ok", probe.what, f"as it should be {section}")]
    return [Finding("fault", probe.what, f"{fault} {section}") for fault in faults]


async def _certificate(url: str, trust: ssl.SSLContext, now: datetime) -> list[Finding]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        text = "plain http: for development on this machine only"
        return [Finding("warning", "certificate", text)]
    async with asyncio.timeout(_SECONDS):
        _, writer = await asyncio.open_connection(host, parts.port or 443, ssl=trust)
    try:
        until = writer.get_extra_info("peercert")["notAfter"]
    finally:
        writer.close()
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
    if ends - now < _RENEW_WITHIN:
        return [Finding("warning", "certificate", f"it ends on {ends:%Y-%m-%d}: renew it")]
    return [Finding("ok", "certificate", f"valid until {ends:%Y-%m-%d}")]
