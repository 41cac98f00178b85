"""Errors of the account services, with messages for people. No message contains the input."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from quantimodo.model.texts import N_


class InvalidInput(Exception):
    """Fields of a form are invalid. `faults` has a message for each that says what to do; `field`
    and `message` are those of the first."""

    def __init__(self, field: str, message: str, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.faults = dict(faults or {field: message})


class Faults:
    """Collects the faults of one form, so that the person sees all of them at once."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Collect an `InvalidInput` that the block raises, for `check`. The first fault of a field
        counts."""
        try:
            yield
        except InvalidInput as fault:
            self._found = fault.faults | self._found

    def check(self) -> None:
        """Raises `InvalidInput` with everything that was collected."""
        for field, message in self._found.items():
            raise InvalidInput(field, message, self._found)


class DomainError(Exception):
    """Wrong credentials, or a link that is not valid: one message for all causes."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PasskeyRefused(DomainError):
    """A passkey is not accepted. `reason` is a fixed text for the log; `message`, for the person,
    does not show whether the passkey is known."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class AccountDeleted(DomainError):
    """The account was deleted or disabled in the meantime."""

    def __init__(self) -> None:
        super().__init__(N_("This account is not there any more."))


class SignInNeeded(DomainError):
    """The link is valid and unused, but only a browser that is signed in to its account can use
    it."""


class AccountClosed(Exception):
    """The person closed the account: only the page that keeps it works."""


class ReauthenticationNeeded(Exception):
    """This action requires a recent sign-in (security.md §18)."""


class SecondFactorMissing(Exception):
    """This action requires a second factor, and the person has none."""


class LinkNeeded(Exception):
    """An account with the provider's address exists: its owner has to sign in to it first, and
    then link (v2-api.md §4). `email` is that address, as the provider gave it to this person."""

    def __init__(self, email: str) -> None:
        super().__init__("sign in to the existing account, then link")
        self.email = email
        self.message = N_(
            "There is an account with this e-mail address already. Sign in to it first, then link"
            " this way of signing in to it."
        )


class TooMany(Exception):
    """Too many attempts. The next one is possible after `retry_after` at the latest."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("too many attempts")
        self.retry_after = retry_after


class Busy(Exception):
    """Too many passwords are being checked. The next attempt is possible after `retry_after`."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the password pool is full")
        self.retry_after = retry_after
