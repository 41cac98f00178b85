"""What can go wrong with a request to another server."""

from collections.abc import Iterator
from contextlib import contextmanager


class ProviderFault(Exception):
    """A request to another server, or a sign-in through a provider, fails. `code` is for programs,
    and the message for people: a fixed text, without anything that was received. `because` is for
    the log, and holds no secret. `provider` is the configured name, once it is known.

    `without_address`: the host has no address that may be used. Only the operator may read why,
    because the reason shows which names exist in the operator's network.
    """

    code = "server_error"
    status = 502
    provider = ""
    without_address = False

    def __init__(self, message: str, *, because: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.because = because


class ProviderUnavailable(ProviderFault):
    """No response, or none in time; the caller may try again."""

    code, status = "temporarily_unavailable", 503


class InvalidProviderResponse(ProviderFault):
    """A response that is unreadable, unsigned, or of another issuer."""

    code, status = "provider_error", 502


@contextmanager
def faults_of(provider: str) -> Iterator[None]:
    """Adds the name of the provider to the faults that are raised within."""
    try:
        yield
    except ProviderFault as fault:
        fault.provider = provider
        raise
