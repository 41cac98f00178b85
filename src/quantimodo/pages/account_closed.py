"""The page of a closed account, and the error of every other page."""

from typing import Final

CLOSED: Final = "/account/closed"


class AccountClosed(Exception):
    """The person closed the account: only the page `CLOSED` works."""
