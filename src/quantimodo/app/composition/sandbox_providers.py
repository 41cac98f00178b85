"""The providers of a server with the sandbox: its fake providers replace those not configured."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from quantimodo.app.composition.provider_policies import provider_policies
from quantimodo.app.settings.reading import Settings
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.outbound.guarded_transport import netloc
from quantimodo.sandbox.policies import STANDS_IN_FOR, sandbox_policies


def policies_with_sandbox(settings: Settings) -> Sequence[ProviderPolicy]:
    """The configured providers; with the sandbox, also its fake ones for all others."""
    configured = provider_policies(settings)
    if not settings.sandbox:
        return configured
    absent = [name for name in STANDS_IN_FOR if name not in settings.providers]
    stand_ins = sandbox_policies(settings.issuer, absent)
    return (*configured, *(ProviderPolicy(**fields) for fields in stand_ins))


def own_address(settings: Settings) -> Sequence[str]:
    """With the sandbox, this server as `host:port`: it requests its own fake providers."""
    if not settings.sandbox:
        return ()
    parts = urlsplit(settings.issuer)
    default = 443 if parts.scheme == "https" else 80
    return (netloc(parts.hostname or "", parts.port or default),)
