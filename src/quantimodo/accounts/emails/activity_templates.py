"""The e-mails about sign-ins from new devices and about what applications do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from quantimodo.accounts.emails.second_factor_templates import format_time
from quantimodo.accounts.emails.team_templates import TeamEmails
from quantimodo.i18n.formats import counted, isolated
from quantimodo.i18n.translation import gettext
from quantimodo.model.events import Mail
from quantimodo.model.measurements import AccessSum
from quantimodo.model.texts import N_

_MOST_LINES: Final = 20
_DID: Final = {
    "read": N_("%(app)s read %(entries)s"),
    "write": N_("%(app)s recorded or changed %(entries)s"),
    "delete": N_("%(app)s deleted %(entries)s"),
    "exchange": N_("%(app)s acted for you at other APIs"),
    "profile": N_("%(app)s read your profile"),
}


@dataclass(frozen=True, slots=True)
class ActivityEmails(TeamEmails):
    """`app` is the name of an application, and `client_id` its id."""

    def new_device(self, to: str, device: str, at: datetime) -> Mail:
        """Sent after a sign-in in a browser that the account does not know; `device` is its
        description."""
        return self._mail(
            to,
            N_("A new device signed in"),
            N_(
                "Someone signed in to your account on %(moment)s, in a browser that was not used"
                " for it before: %(device)s. If this was you, there is nothing to do.",
                moment=format_time(at),
                device=device,
            ),
            N_("If not, sign the device out here:"),
            f"{self.issuer}/account/sessions",
            N_("Then choose a new password, which signs out everywhere:"),
            f"{self.issuer}/reset",
            action=N_("Show my devices"),
        )

    def application_allowed(self, to: str, app: str, may: Sequence[str], client_id: str) -> Mail:
        """`may`: what the application may do, in the words of the consent page."""
        allowed = gettext("The application “%(app)s” may use your account now:") % {
            "app": isolated(app)
        }
        return self._mail(
            to,
            N_("You allowed an application"),
            "\n".join([allowed, *(f"– {each}" for each in may)]),
            N_("To see it in detail, to change it or to end it, open"),
            self._app_page(client_id),
            N_("If this was not you, remove its access there, and choose a new password:"),
            f"{self.issuer}/reset",
            *self._choices(),
            action=N_("Show what it may do"),
            optional="application",
        )

    def application_suspended(self, to: str, app: str) -> Mail:
        """Sent to the owner of an application that the operator disabled."""
        return self._mail(
            to,
            N_("Your application was suspended"),
            N_(
                "The operator of this server suspended your application “%(app)s”. No person can"
                " sign in with it, and its tokens are refused. Nothing was deleted.",
                app=isolated(app),
            ),
            N_("Ask the operator for the reason. Your applications:"),
            f"{self.issuer}/developers",
            action=N_("Show my applications"),
        )

    def application_resumed(self, to: str, app: str) -> Mail:
        """Sent to the owner of an application that the operator enabled again."""
        return self._mail(
            to,
            N_("Your application works again"),
            N_(
                "The operator of this server enabled your application “%(app)s” again. Tokens that"
                " have not expired work again.",
                app=isolated(app),
            ),
            N_("Your applications:"),
            f"{self.issuer}/developers",
            action=N_("Show my applications"),
        )

    def first_read(self, to: str, app: str, client_id: str) -> Mail:
        """Sent after an application's first read of health data under a consent."""
        return self._mail(
            to,
            N_("An application read your health data"),
            N_(
                "The application “%(app)s” read your health data for the first time since you"
                " allowed it.",
                app=isolated(app),
            ),
            N_("To see what it reads, and when, open"),
            f"{self.issuer}/account/activity?app={quote(client_id, safe='')}",
            N_("To change what it may read, or to end it, open"),
            self._app_page(client_id),
            *self._choices(),
            action=N_("Show what it reads"),
            optional="first_read",
        )

    def weekly_summary(self, to: str, done: Sequence[tuple[str, AccessSum]]) -> Mail:
        """`done`: what each application did in the week, with its name."""
        lines = [f"– {_line(app, each)}" for app, each in done[:_MOST_LINES]]
        if len(done) > _MOST_LINES:
            more = {"number": len(done) - _MOST_LINES}
            lines.append("– " + gettext("and %(number)s more") % more)
        return self._mail(
            to,
            N_("What applications did with your data this week"),
            "\n".join([gettext("In the last seven days:"), *lines]),
            N_("To see it day by day, open"),
            f"{self.issuer}/account/activity",
            *self._choices(),
            action=N_("Show the activity"),
            optional="summary",
        )

    def webhook_disabled(self, to: str, name: str, path: str) -> Mail:
        """Sent to the owner of an application when one of its webhooks was disabled."""
        return self._mail(
            to,
            N_("A webhook of your app was disabled"),
            N_(
                "Events of your app “%(name)s” could not be delivered to one of its webhooks. This"
                " server sends nothing to it any more.",
                name=isolated(name),
            ),
            N_("Look at the last attempts, and enable the webhook when its receiver works again:"),
            f"{self.issuer}{path}",
            N_("Events of the last 30 days are kept, and you can have them replayed."),
            action=N_("Show the webhooks"),
        )

    def _choices(self) -> tuple[str, str]:
        return N_("To choose which e-mails you get, open"), f"{self.issuer}/account/emails"

    def _app_page(self, client_id: str) -> str:
        # Encoded twice, as by `pages/portal/client_addresses.py`: an id can be an address.
        return f"{self.issuer}/account/apps/{quote(quote(client_id, safe=''), safe='')}"


def _line(app: str, each: AccessSum) -> str:
    entries = counted(each.measurements, "%(number)s measurement", "%(number)s measurements")
    return gettext(_DID[each.action]) % {"app": isolated(app), "entries": entries}
