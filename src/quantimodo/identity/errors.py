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
