"""Opens the guarded HTTP clients of a process."""

from quantimodo.app.composition.provider_policies import outbound_policy
from quantimodo.app.composition.sandbox_providers import own_address
from quantimodo.app.settings.reading import Settings
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.tracing import Tracer


def open_http_clients(
    settings: Settings, tracer: Tracer | None
) -> tuple[GuardedHttpClient, GuardedHttpClient]:
    """One for providers and one for addresses of applications, so that slow addresses of these do
    not delay requests to providers."""
    policy = outbound_policy(settings, *own_address(settings))
    return GuardedHttpClient(policy, tracer=tracer), GuardedHttpClient(policy, tracer=tracer)
