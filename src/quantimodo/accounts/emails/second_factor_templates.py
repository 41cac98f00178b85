"""The e-mails about second factors and passkeys, and the form of all e-mails, in the
present language."""

from dataclasses import dataclass
from datetime import UTC, datetime

from quantimodo.i18n.formats import day
from quantimodo.i18n.translation import gettext, present_language, translated
from quantimodo.model.email_choices import OptionalEmail
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_


@dataclass(frozen=True, slots=True)
class SecondFactorEmails:
    """`issuer` is the public address of this server."""

    issuer: str

    def second_factor_added(self, to: str) -> Mail:
        """Sent after an authenticator app was set up."""
        return self._notice(
            to,
            N_("Two-step verification is on"),
            N_(
                "An authenticator app was added to your account. From now on you need its code to"
                " sign in."
            ),
        )

    def second_factor_by_passkey(self, to: str) -> Mail:
        """Sent after passkeys became the second step."""
        return self._notice(
            to,
            N_("Two-step verification is on"),
            N_(
                "Your passkeys are the second step of a sign-in now. From now on you need one of"
                " them, or a recovery code, to sign in."
            ),
        )

    def second_factor_replaced(self, to: str) -> Mail:
        """Sent after another authenticator app replaced the first."""
        return self._notice(
            to,
            N_("Your authenticator app was replaced"),
            N_(
                "The codes for your account now come from another authenticator app. The earlier"
                " app and the earlier recovery codes no longer work."
            ),
        )

    def second_factor_removed(self, to: str) -> Mail:
        """Sent after two-step verification was turned off."""
        return self._notice(
            to,
            N_("Two-step verification is off"),
            N_(
                "Two-step verification was turned off for your account. You no longer need a second"
                " step to sign in."
            ),
        )

    def second_factor_limit(self, to: str) -> Mail:
        """Sent when wrong codes or passkeys after a first proof reach their limit."""
        return self._notice(
            to,
            N_("Many wrong codes for your account"),
            N_(
                "Someone passed the first step of a sign-in to your account, by the password or"
                " another way, and then used so many wrong codes or passkeys that no more are"
                " accepted for now."
            ),
        )

    def factor_recovery_requested(self, to: str, email_token: Secret, due_at: datetime) -> Mail:
        """Sent when the recovery of a lost factor begins: its end, and the link that cancels it."""
        return self._mail(
            to,
            N_("Two-step verification will be turned off"),
            N_(
                "Someone signed in to your account and said that the second step and the recovery"
                " codes are lost. From %(moment)s on, two-step verification can be turned off at a"
                " sign-in. That removes passkeys too.",
                moment=format_time(due_at),
            ),
            N_("If this was not you, cancel it here, and change your password:"),
            self._link("/cancel-recovery", email_token),
            N_("A sign-in with a code or a passkey cancels it too."),
            action=N_("Cancel it"),
        )

    def recovery_codes_replaced(self, to: str) -> Mail:
        """Sent after new recovery codes were made."""
        return self._notice(
            to,
            N_("You have new recovery codes"),
            N_("New recovery codes were made for your account. The earlier ones no longer work."),
        )

    def recovery_code_used(self, to: str, left: int) -> Mail:
        """Sent after a sign-in by a recovery code, with the number of those that are left."""
        return self._notice(
            to,
            N_("A recovery code was used"),
            N_(
                "A recovery code was used to sign in to your account. %(left)s",
                left=_codes_left(left),
            ),
        )

    def passkey_added(self, to: str) -> Mail:
        """Sent after a passkey was added."""
        return self._passkey_notice(
            to,
            N_("A passkey was added"),
            N_("A passkey was added to your account. It signs in without the password."),
        )

    def passkey_renamed(self, to: str) -> Mail:
        """Sent after a passkey was renamed."""
        return self._passkey_notice(
            to, N_("A passkey was renamed"), N_("A passkey of your account has another name now.")
        )

    def passkey_removed(self, to: str) -> Mail:
        """Sent after a passkey was removed."""
        return self._passkey_notice(
            to,
            N_("A passkey was removed"),
            N_("A passkey was removed from your account. It does not sign in any more."),
        )

    def passkeys_reset(self, to: str) -> Mail:
        """Sent after the operator removed all passkeys."""
        return self._passkey_notice(
            to,
            N_("Your passkeys were removed"),
            N_(
                "The operator of this server removed all passkeys from your account. They do not"
                " sign in any more."
            ),
        )

    def passkey_copied(self, to: str) -> Mail:
        """Sent when the counter of a passkey shows that it may have been copied."""
        return self._mail(
            to,
            N_("A passkey may have been copied"),
            N_(
                "A sign-in to your account by one of your passkeys was refused: its counter shows"
                " that another device may have a copy of it."
            ),
            N_(
                "Remove the passkey, and add a new one. If you do not know the sign-in, sign out"
                " everywhere as well:"
            ),
            f"{self.issuer}/account/security/passkeys",
        )

    def _notice(self, to: str, subject: str, what: str) -> Mail:
        return self._mail(
            to,
            subject,
            N_("%(what)s If this was you, there is nothing to do.", what=translated(what)),
            N_("If not, choose a new password at once, and sign out everywhere:"),
            f"{self.issuer}/reset",
        )

    def _passkey_notice(self, to: str, subject: str, what: str) -> Mail:
        return self._mail(
            to,
            subject,
            N_("%(what)s If this was you, there is nothing to do.", what=translated(what)),
            N_("If not, remove the passkeys that you do not know:"),
            f"{self.issuer}/account/security/passkeys",
            N_("Then choose a new password, which signs out everywhere:"),
            f"{self.issuer}/reset",
        )

    def _mail(
        self,
        to: str,
        subject: str,
        *paragraphs: str,
        action: str = "",
        optional: OptionalEmail | None = None,
    ) -> Mail:
        """`action` is the label of the button for the first paragraph that is a link."""
        language = present_language()
        text = "\n\n".join((*map(translated, paragraphs), f"-- \n{self.issuer}"))
        return Mail(
            to=to,
            subject=translated(subject),
            text=text + "\n",
            action=translated(action),
            language=language.tag,
            direction=language.direction,
            optional=optional,
        )

    def _link(self, path: str, email_token: Secret) -> str:
        return f"{self.issuer}{path}?token={email_token.reveal()}"


def format_time(at: datetime) -> str:
    """The time as text, such as `2 November 2026 at 03:51 UTC`."""
    utc = at.astimezone(UTC)
    values = {"day": day(utc), "time": f"{utc:%H:%M}"}
    return gettext("%(day)s at %(time)s UTC") % values


def _codes_left(left: int) -> str:
    if left == 0:
        return gettext("It was the last one. Make new ones on the Security page of your account.")
    if left == 1:
        return gettext("One is left. Make new ones on the Security page of your account.")
    return gettext("%(number)s are left.") % {"number": left}
