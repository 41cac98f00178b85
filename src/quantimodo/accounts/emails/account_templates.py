"""The e-mails about accounts, in plain text and in the present language.

An e-mail says what happened, what to do, and what to do if it was another person. It never contains
text that a stranger typed (a message, a person's name), but it has the names of applications that
the person allowed. `ops/mail_html.py` makes the HTML part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quantimodo.accounts.emails.activity_templates import ActivityEmails
from quantimodo.accounts.emails.second_factor_templates import format_time
from quantimodo.i18n.formats import counted, isolated
from quantimodo.i18n.translation import gettext
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.model.users import User

_IGNORE = N_("If this was not you, ignore this e-mail: nothing happens without the link.")


@dataclass(frozen=True, slots=True)
class EmailTemplates(ActivityEmails):
    """All e-mails of accounts."""

    def confirm_sign_up(self, to: str, email_token: Secret, lifetime: timedelta) -> Mail:
        """Sent at a sign-up: the link that makes the account."""
        return self._mail(
            to,
            N_("Confirm your address"),
            N_("A sign-up with this address was started, we hope by you. To finish, open"),
            self._link("/confirm", email_token),
            _valid_for(lifetime),
            _IGNORE,
            action=N_("Confirm your address"),
        )

    def invitation(self, to: str, email_token: Secret, lifetime: timedelta) -> Mail:
        """Sent when the operator invites a person: the link that makes the account."""
        return self._mail(
            to,
            N_("You are invited"),
            N_("The operator of this server invites you to an account. To make it, open"),
            self._link("/sign-up/invited", email_token),
            _valid_for(lifetime),
            N_("If you do not want an account, ignore this e-mail."),
            action=N_("Make the account"),
        )

    def already_registered(self, to: str) -> Mail:
        """Sent at a sign-up with the address of an account. The page is the same as for a new
        address."""
        return self._mail(
            to,
            N_("You already have an account"),
            N_(
                "A sign-up with this address was started, we hope by you. It has an account. Sign"
                " in:"
            ),
            f"{self.issuer}/sign-in",
            N_("If you do not remember the password, choose a new one:"),
            f"{self.issuer}/reset",
            N_("If this was not you, there is nothing to do: nothing was changed."),
            action=N_("Sign in"),
        )

    def sign_in_code(self, to: str, code: Secret, lifetime: timedelta) -> Mail:
        """Sent when a person signs in by a code; it is valid in the browser that requested it."""
        return self._mail(
            to,
            N_("Your code to sign in"),
            N_(
                "Enter this code in the browser in which you requested it: %(code)s",
                code=code.reveal(),
            ),
            N_(
                "It is valid for %(span)s. Do not give it to other people, not even to those who"
                " run this server.",
                span=_span(lifetime),
            ),
            N_("If this was not you, ignore this e-mail."),
        )

    def reset_password(self, to: str, email_token: Secret, lifetime: timedelta) -> Mail:
        """Sent when a new password is requested: the link to choose it."""
        return self._mail(
            to,
            N_("Choose a new password"),
            N_(
                "A new password for this account was requested, we hope by you. To choose one, open"
            ),
            self._link("/reset/new", email_token),
            _valid_for(lifetime),
            N_("If this was not you, ignore this e-mail: your password stays unchanged."),
            action=N_("Choose a new password"),
        )

    def confirm_address(self, to: str, email_token: Secret, lifetime: timedelta) -> Mail:
        """Sent to the address of an account that is not verified: the link that verifies it."""
        return self._mail(
            to,
            N_("Verify your address"),
            N_("There is an account with this address. To show that it is yours, open"),
            self._link("/verify", email_token),
            _valid_for(lifetime),
            _IGNORE,
            action=N_("Verify your address"),
        )

    def confirm_new_address(self, to: str, email_token: Secret, lifetime: timedelta) -> Mail:
        """Sent to the address to which an account moves: the link that moves it."""
        return self._mail(
            to,
            N_("Verify your new address"),
            N_(
                "This address was given for an account, we hope by you. To use it there, open"
                " this link in the browser in which you are signed in:"
            ),
            self._link("/verify", email_token),
            _valid_for(lifetime),
            _IGNORE,
            action=N_("Verify your new address"),
        )

    def address_in_use(self, to: str) -> Mail:
        """Sent when an account should move to an address that another account has."""
        return self._mail(
            to,
            N_("Your address is in use already"),
            N_(
                "This address was given for another account, we hope by you. But it has an"
                " account already, so nothing was changed. Sign in to it:"
            ),
            f"{self.issuer}/sign-in",
        )

    def password_changed(self, to: str) -> Mail:
        """Sent after the password was changed or reset."""
        return self._notice(to, N_("Your password was changed"), N_("The password was changed."))

    def password_set(self, to: str) -> Mail:
        """Sent after an account without a password got one."""
        return self._notice(to, N_("A password was set"), N_("The account has a password now."))

    def identity_linked(self, to: str) -> Mail:
        """Sent after an account at a provider was linked."""
        return self._notice(
            to,
            N_("A way to sign in was added"),
            N_(
                "Your account was linked to one of another provider, which signs in to it from"
                " now on."
            ),
        )

    def identity_unlinked(self, to: str) -> Mail:
        """Sent after an account at a provider was unlinked."""
        return self._notice(
            to,
            N_("A way to sign in was removed"),
            N_("An account of another provider was unlinked, and does not sign in any more."),
        )

    def identity_ended(self, to: str) -> Mail:
        """Sent when a provider reports that the linked account there was deleted."""
        return self._mail(
            to,
            N_("A way to sign in has ended"),
            N_(
                "Your sign-in provider reported that your account there has ended. It does not"
                " sign in here any more, every device was signed out, and applications have to"
                " ask you again."
            ),
            N_("Your account is still here. To choose a password for it, open"),
            f"{self.issuer}/reset",
        )

    def identity_suspended(self, to: str) -> Mail:
        """Sent when a provider reports that it disabled the linked account."""
        # No link to a reset: an attacker who took over the account there may read its mail too.
        return self._mail(
            to,
            N_("A way to sign in was suspended"),
            N_(
                "Your sign-in provider reported that it disabled your account there. To be on the"
                " safe side, every device was signed out here, and applications have to ask you"
                " again."
            ),
            N_("It signs in again when the provider has enabled it. Your account is still here."),
        )

    def personal_token_made(self, to: str, name: str) -> Mail:
        """Notifies the person that a token of this name was made."""
        return self._mail(
            to,
            N_("A personal token was made"),
            N_(
                "A personal token “%(name)s” was made in your account. A program that has it can"
                " use your account as far as it allows. If this was you, there is nothing to do.",
                name=isolated(name),
            ),
            N_("If not, revoke it here:"),
            f"{self.issuer}/account/tokens",
            N_("Then choose a new password, which signs out everywhere:"),
            f"{self.issuer}/reset",
            action=N_("Show my tokens"),
        )

    def personal_tokens_ended(self, to: str, names: Sequence[str]) -> Mail:
        """Sent after all personal tokens of the person ended together."""
        ended = gettext("These personal tokens were revoked. Programs that have them stop working:")
        return self._mail(
            to,
            N_("Your personal tokens were revoked"),
            "\n".join([ended, *(f"– {isolated(name)}" for name in names)]),
            N_("If this was you, there is nothing to do. If not, choose a new password at once:"),
            f"{self.issuer}/reset",
        )

    def email_changed(self, to: str) -> Mail:
        """Sent to the previous address after the account moved to another one."""
        return self._notice(
            to,
            N_("Your address was changed"),
            N_("The account that had this address has another one now."),
        )

    def data_exported(self, to: str) -> Mail:
        """Sent after an export of the whole account was downloaded."""
        return self._notice(
            to,
            N_("Your data was exported"),
            N_("A file with everything in your account was downloaded."),
        )

    def consent_receipt(self, to: str, path: str, receipt: str) -> Mail:
        """Sent on request: the signed receipt of a decision, and the path of its page."""
        return self._mail(
            to,
            N_("A receipt of your consent"),
            N_("You requested this receipt of what you decided about an application:"),
            f"{self.issuer}{path}",
            N_("It is signed. Programs can check it by the public keys of this server:"),
            receipt,
        )

    def account_closed(self, to: str, deletes_at: datetime) -> Mail:
        """Sent after the person closed the account: when it is deleted, and how to keep it."""
        return self._mail(
            to,
            N_("Your account is closed and will be deleted"),
            N_(
                "The account with this address is closed. On %(moment)s it will be deleted, with"
                " all that belongs to it.",
                moment=format_time(deletes_at),
            ),
            N_(
                "If you want to keep it, or if it was not you who closed it, sign in before that"
                " time:"
            ),
            f"{self.issuer}/sign-in",
            action=N_("Sign in"),
        )

    def account_kept(self, to: str) -> Mail:
        """Sent after a closed account was opened again."""
        return self._notice(
            to,
            N_("Your account is kept"),
            N_(
                "The account with this address is open again, and will not be deleted."
                " Applications have to ask you again."
            ),
        )

    def account_deleted(self, to: str) -> Mail:
        """Sent after the grace period, right before the rows are deleted."""
        return self._mail(
            to,
            N_("Your account was deleted"),
            N_("The account with this address was deleted, with all that belonged to it."),
        )


def address_of(user: User) -> str | None:
    """Where notices about this account go: only to an address that was shown to be its own."""
    return None if user.email_verified_at is None else user.email


def _valid_for(lifetime: timedelta) -> str:
    return N_("It works once, for %(span)s.", span=_span(lifetime))


def _span(lifetime: timedelta) -> str:
    hours = lifetime // timedelta(hours=1)
    if hours > 1:
        return counted(hours, "%(number)s hour", "%(number)s hours")
    return counted(lifetime // timedelta(minutes=1), "%(number)s minute", "%(number)s minutes")
