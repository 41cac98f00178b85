"""The e-mails about second factors and passkeys, and the form of all e-mails. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret


@dataclass(frozen=True, slots=True)
class SecondFactorEmails:
    """`issuer` is the public address of this server."""

    issuer: str

    def second_factor_added(self, to: str) -> Mail:
        return self._notice(
            to,
            "Two-step verification is on",
            "An authenticator app was added to your account. From now on you need its code to sign"
            " in.",
        )

    def second_factor_replaced(self, to: str) -> Mail:
        return self._notice(
            to,
            "Your authenticator app was replaced",
            "The codes for your account now come from another authenticator app. The earlier app"
            " and the earlier recovery codes no longer work.",
        )

    def second_factor_removed(self, to: str) -> Mail:
        return self._notice(
            to,
            "Two-step verification is off",
            "The authenticator app was removed from your account. You no longer need a code to sign"
            " in.",
        )

    def second_factor_limit(self, to: str) -> Mail:
        return self._notice(
            to,
            "Many wrong codes for your account",
            "Someone passed the first step of a sign-in to your account, by the password or another"
            " way, and then entered so many wrong codes that no more are accepted for now.",
        )

    def factor_recovery_requested(self, to: str, email_token: Secret, due_at: datetime) -> Mail:
        return self._mail(
            to,
            "Two-step verification will be turned off",
            "Someone signed in to your account and said that the authenticator app and the recovery"
            f" codes are lost. From {moment(due_at)} on, two-step verification can be turned off at"
            " a sign-in.",
            "If this was not you, cancel it here, and change your password:",
            self._link("/cancel-recovery", email_token),
            "A sign-in with a code cancels it too.",
            action="Cancel it",
        )

    def recovery_codes_replaced(self, to: str) -> Mail:
        return self._notice(
            to,
            "You have new recovery codes",
            "New recovery codes were made for your account. The earlier ones no longer work.",
        )

    def recovery_code_used(self, to: str, left: int) -> Mail:
        return self._notice(
            to,
            "A recovery code was used",
            f"A recovery code was used to sign in to your account. {_codes_left(left)}",
        )

    def passkey_added(self, to: str) -> Mail:
        return self._passkey_notice(
            to,
            "A passkey was added",
            "A passkey was added to your account. It signs in without the password.",
        )

    def passkey_renamed(self, to: str) -> Mail:
        return self._passkey_notice(
            to, "A passkey was renamed", "A passkey of your account has another name now."
        )

    def passkey_removed(self, to: str) -> Mail:
        return self._passkey_notice(
            to,
            "A passkey was removed",
            "A passkey was removed from your account. It does not sign in any more.",
        )

    def passkeys_reset(self, to: str) -> Mail:
        return self._passkey_notice(
            to,
            "Your passkeys were removed",
            "The operator of this server removed all passkeys from your account. They do not sign"
            " in any more.",
        )

    def passkey_copied(self, to: str) -> Mail:
        return self._mail(
            to,
            "A passkey may have been copied",
            "A sign-in to your account by one of your passkeys was refused: its counter shows that"
            " another device may have a copy of it.",
            "Remove the passkey, and add a new one. If you do not know the sign-in, sign out"
            " everywhere as well:",
            f"{self.issuer}/account/security/passkeys",
        )

    def _notice(self, to: str, subject: str, what: str) -> Mail:
        return self._mail(
            to,
            subject,
            f"{what} If this was you, there is nothing to do.",
            "If not, choose a new password at once, and sign out everywhere:",
            f"{self.issuer}/reset",
        )

    def _passkey_notice(self, to: str, subject: str, what: str) -> Mail:
        return self._mail(
            to,
            subject,
            f"{what} If this was you, there is nothing to do.",
            "If not, remove the passkeys that you do not know:",
            f"{self.issuer}/account/security/passkeys",
            "Then choose a new password, which signs out everywhere:",
            f"{self.issuer}/reset",
        )

    def _mail(self, to: str, subject: str, *paragraphs: str, action: str = "") -> Mail:
        """`action` is the label of the button for the first paragraph that is a link."""
        text = "\n\n".join((*paragraphs, f"-- \n{self.issuer}"))
        return Mail(to=to, subject=subject, text=text + "\n", action=action)

    def _link(self, path: str, email_token: Secret) -> str:
        return f"{self.issuer}{path}?token={email_token.reveal()}"


def moment(at: datetime) -> str:
    """As in `2 November 2026 at 03:51 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y at %H:%M} UTC"


def _codes_left(left: int) -> str:
    if left == 0:
        return "It was the last one. Make new ones on the Security page of your account."
    if left == 1:
        return "One is left. Make new ones on the Security page of your account."
    return f"{left} are left."
