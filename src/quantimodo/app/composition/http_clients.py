"""Opens the guarded HTTP clients of a process."""

from quantimodo.app.composition.provider_policies import application_policy, outbound_policy
from quantimodo.app.composition.sandbox_providers import own_address
from quantimodo.app.settings.reading import Settings
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.tracing import Tracer


def open_http_clients(
    settings: Settings, tracer: Tracer | None
) -> tuple[GuardedHttpClient, GuardedHttpClient]:
    """One for servers that the operator names, such as providers, and one for addresses of
    applications: these cannot reach what the operator opened, and slow ones do not delay requests
    to providers."""
    of_operator = outbound_policy(settings, *own_address(settings))
    return (
        GuardedHttpClient(of_operator, tracer=tracer),
        GuardedHttpClient(application_policy(settings), tracer=tracer),
    )
