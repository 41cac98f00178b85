"""The e-mails about teams of applications. Pure.

They name neither an application nor a person, because the inviting person typed these names.
"""

from dataclasses import dataclass
from datetime import timedelta

from quantimodo.accounts.emails.second_factor_templates import SecondFactorEmails
from quantimodo.i18n.formats import counted
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_


@dataclass(frozen=True, slots=True)
class TeamEmails(SecondFactorEmails):
    """The invitation, and the notices to owners."""

    def team_invitation(self, to: str, email_token: Secret, lifetime: timedelta) -> Mail:
        """Sent to an address that an owner of an application typed."""
        span = counted(lifetime.days, "%(number)s day", "%(number)s days")
        return self._mail(
            to,
            N_("You are invited to an application"),
            N_(
                "A developer invites you to manage an application here. To see which one, and to"
                " accept, open this link and sign in with this address:"
            ),
            self._link("/developers/invitation", email_token),
            N_("It works once, for %(span)s.", span=span),
            N_("If you do not know why, ignore this e-mail: nothing happens without you."),
            action=N_("Show the invitation"),
        )

    def team_joined(self, to: str) -> Mail:
        """Sent to the person who invited, after the invitation was accepted."""
        return self._notice(
            to,
            N_("Your invitation was accepted"),
            N_("A person whom you invited manages an application with you now."),
        )

    def application_transferred(self, to: str) -> Mail:
        """Sent to the previous lead, after a transfer was accepted."""
        return self._notice(
            to,
            N_("An application was transferred"),
            N_("The person to whom you transferred an application is its owner now."),
        )
