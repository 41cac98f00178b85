"""The findings of `quantimodo doctor` about sign-in providers. It connects to each one."""

from datetime import datetime
from urllib.parse import urlsplit

from quantimodo.app.clock_and_entropy import SystemClock
from quantimodo.app.composition.provider_policies import (
    callback_uri,
    other_registrations,
    outbound_policy,
    provider_policies,
)
from quantimodo.app.settings.reading import Settings
from quantimodo.cli.doctor.findings import Finding
from quantimodo.federation.contract import Provider
from quantimodo.federation.provider_examination import examine_provider
from quantimodo.federation.provider_table import open_providers
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.budgets import Signer
from quantimodo.outbound.errors import ProviderFault
from quantimodo.outbound.http_client import GuardedHttpClient


async def provider_findings(settings: Settings) -> list[Finding]:
    """Whether each one responds, and the values that the operator compares with its console."""
    policies = provider_policies(settings)
    if not policies:
        return []
    http_client = GuardedHttpClient(outbound_policy(settings))
    try:
        opened = open_providers(policies, http_client, SystemClock(), _Unused())
        return [await _reachability(provider, settings) for provider in opened.values()]
    finally:
        await http_client.close()


async def _reachability(provider: Provider, settings: Settings) -> Finding:
    name = provider.name
    try:
        await examine_provider(provider, callback_uri(settings, name))
        missing = await _missing(provider, settings)
    except ProviderFault as fault:
        return Finding("fault", f"sign-in {name}", f"cannot be used: {fault.because}")
    if missing:
        return Finding("fault", f"sign-in {name}", missing)
    text = f"register there: {callback_uri(settings, name)}"
    return Finding("ok", f"sign-in {name}", ", ".join((text, *other_registrations(settings, name))))


async def _missing(provider: Provider, settings: Settings) -> str:
    """What the settings of a provider need and do not have; "" if nothing is missing."""
    one = settings.providers[provider.name]
    if one.response_mode == "form_post" and urlsplit(settings.issuer).scheme != "https":
        return "response_mode form_post needs an https issuer: browsers refuse its cookie over http"
    if not (one.sign_out_at_provider and isinstance(provider, Oidc)):
        return ""
    if await provider.sign_out_url(None, "", "") is None:
        return "sign_out_at_provider is set, and the provider has no end_session_endpoint"
    return ""


class _Unused:
    """A replay store that is not used: the check signs no person in."""

    async def use_once(self, key: bytes, expires_at: datetime, signer: Signer) -> bool:
        return False

    async def is_used(self, key: bytes) -> bool:
        return True

    async def require_space(self, key: bytes, signer: Signer) -> None:
        return None
