"""The e-mails about sign-ins from new devices and about what applications do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from quantimodo.accounts.second_factor_emails import SecondFactorEmails, moment
from quantimodo.model.events import Mail


@dataclass(frozen=True, slots=True)
class ActivityEmails(SecondFactorEmails):
    """`app` is the name of an application, and `client_id` its id."""

    def new_device(self, to: str, device: str, at: datetime) -> Mail:
        return self._mail(
            to,
            "A new device signed in",
            f"Someone signed in to your account on {moment(at)}, in a browser that was not used for"
            f" it before: {device}. If this was you, there is nothing to do.",
            "If not, sign the device out here:",
            f"{self.issuer}/account/sessions",
            "Then choose a new password, which signs out everywhere:",
            f"{self.issuer}/reset",
            action="Show my devices",
        )

    def application_allowed(self, to: str, app: str, may: Sequence[str], client_id: str) -> Mail:
        """`may`: what it may do, as the consent page says it."""
        return self._mail(
            to,
            "You allowed an application",
            f"The application “{app}” may use your account now:\n"
            + "\n".join(f"– {each}" for each in may),
            "To see it in detail, to change it or to end it, open",
            self._app_page(client_id),
            "If this was not you, remove its access there, and choose a new password:",
            f"{self.issuer}/reset",
            action="Show what it may do",
        )

    def _app_page(self, client_id: str) -> str:
        return f"{self.issuer}/account/apps/{quote(client_id, safe='')}"
