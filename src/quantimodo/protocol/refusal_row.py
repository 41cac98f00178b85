"""One row of the table of refusals: what a developer reads about it, and what the person reads."""

from dataclasses import dataclass
from typing import Final

from quantimodo.model.texts import N_

APP_AT_FAULT: Final = N_(
    "The app sent something that this server cannot accept. You did nothing wrong: go back to the"
    " app, and give its makers the code below."
)
WRONG_ADDRESS: Final = N_(
    "The app wants you to be sent to an address that is not registered for it. You did nothing"
    " wrong: go back to the app, and give its makers the code below."
)
APP_UNKNOWN: Final = N_(
    "This server does not know the app that sent you here, or it was disabled. Go back to the app,"
    " and give its makers the code below."
)
TRY_AGAIN: Final = N_(
    "This request is complete already, or it waited too long. Go back to the app and try again."
)


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """`code` is stable: programs may compare it. `error` is the registered code of the standards.
    `expected` and `fix` are for developers, in English; `CLIENT_ID` in `fix` stands for the id of
    the app. `guide` is a page of docs/developer with its anchor. `person` is the sentence on the
    page of the browser.

    `shown_as`: the code that the caller gets instead, because the difference would show a stranger
    which credential is wrong; the log of the app has `code`. `ordinary`: a response that is part of
    the protocol, which the log of the app does not have.
    """

    code: str
    error: str
    expected: str
    fix: str
    guide: str
    person: str = APP_AT_FAULT
    shown_as: str = ""
    ordinary: bool = False

    def fix_for(self, client_id: str) -> str:
        """The fix with the id of the app in its command."""
        return self.fix.replace("CLIENT_ID", client_id) if client_id else self.fix
