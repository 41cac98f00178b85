"""What can go wrong with a request to another server."""


class ProviderFault(Exception):
    """A sign-in through a provider ends here. `code` is for programs, the text for people: fixed
    words, nothing of what was sent. `because` is for the log, and holds no secret."""

    code = "server_error"
    status = 502

    def __init__(self, message: str, *, because: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.because = because


class ProviderUnavailable(ProviderFault):
    """No answer in time, or none at all; it may be tried again."""

    code, status = "temporarily_unavailable", 503


class InvalidProviderResponse(ProviderFault):
    """An answer that no working provider gives: unreadable, unsigned, of another issuer."""

    code, status = "provider_error", 502
