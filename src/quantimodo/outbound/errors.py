"""What can go wrong with a request to another server."""

from collections.abc import Iterator
from contextlib import contextmanager


class ProviderFault(Exception):
    """A sign-in through a provider fails. `code` is for programs, the text for people: fixed words,
    nothing that was received. `because` is for the log, and holds no secret. `provider` is the
    configured name, once that is known. `without_address`: there was nothing to connect to; why, is
    for the operator alone, because it tells which names the operator's network has."""

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
