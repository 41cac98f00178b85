"""The store of browsers in which people sign in without the second factor for a while.

The promises of `stores.py` hold here too. A change of the person's password or second factor, and
the end of all or all other sessions, delete the rows of the person in the same operation.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.trusted_browsers import TrustedBrowser


class TrustedBrowserStore(Protocol):
    async def add_trusted_browser(self, browser: TrustedBrowser, since: datetime) -> bool:
        """Save it and delete all but the newest ten of the person. False, and nothing is stored, if
        the password or the second factor was changed after `since`, or the person was deleted."""

    async def trusted_browser(self, key: bytes) -> TrustedBrowser | None:
        """The browser, expired or not."""

    async def trusted_browsers(self, user_id: int) -> Sequence[TrustedBrowser]:
        """The browsers of this person, the newest first, expired or not."""

    async def delete_trusted_browser(self, user_id: int, key: bytes) -> bool:
        """Delete it; False if it is not one of this person."""
