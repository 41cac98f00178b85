"""What identity refuses, in words for people. What was typed is never echoed."""

from datetime import timedelta


class InvalidInput(Exception):
    """One field of a form cannot be taken as it is; `message` says what to do about it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Refused(Exception):
    """Wrong credentials, or a link that is not good (any more): one text for all causes."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SignInNeeded(Refused):
    """The link is good, and it was not spent, but only its account's signed-in browser opens it."""


class ReauthenticationNeeded(Exception):
    """Only somebody who has just signed in may do this (security.md 18)."""


class LinkNeeded(Exception):
    """An account with the provider's address exists: its owner has to sign in to it first, and
    then link (contract §4). `email` is that address, as the provider gave it to this person."""

    def __init__(self, email: str) -> None:
        super().__init__("sign in to the existing account, then link")
        self.email = email
        self.message = (
            "There is an account with this e-mail address already. Sign in to it first, then link"
            " this way of signing in to it."
        )


class TooMany(Exception):
    """Tried too often; in `retry_after`, at the latest, it can be tried again."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("too many attempts")
        self.retry_after = retry_after


class Busy(Exception):
    """Too many passwords are being checked right now; `retry_after` is soon."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the password pool is full")
        self.retry_after = retry_after
