"""Audit events of an account as sentences for its owner."""

from typing import Final

from quantimodo.model.events import Event
from quantimodo.pages.user_agents import describe

_SENTENCES: Final = {
    "account.created": "The account was made",
    "account.disabled": "The operator disabled the account",
    "account.enabled": "The operator enabled the account again",
    "account.closed": "Closed the account, to delete it",
    "account.kept": "Kept the account, which was closed",
    "account.deleted": "The account was deleted",
    "session.started": "Signed in",
    "session.ended": "Signed out a device",
    "session.refused": "A sign-in was refused: wrong password",
    "second_factor.refused": "A sign-in was refused: the password was right, the code was wrong",
    "second_factor.limit": "Too many wrong codes: no more are accepted for now",
    "factor_recovery.requested": "A removal of the second step was requested, because it is lost",
    "factor_recovery.cancelled": "The removal of the second step was cancelled",
    "factor_recovery.completed": "The second step was removed, because it was lost",
    "second_factor.added": "Turned on two-step verification",
    "second_factor.replaced": "Replaced the authenticator app",
    "second_factor.removed": "Turned off two-step verification",
    "second_factor.reset": "The operator turned off two-step verification",
    "recovery_codes.replaced": "Made new recovery codes",
    "recovery_code.used": "Signed in with a recovery code",
    "passkey.added": "Added a passkey",
    "passkey.renamed": "Renamed a passkey",
    "passkey.removed": "Removed a passkey",
    "passkeys.reset": "The operator removed all passkeys",
    "passkey.refused": "A sign-in by passkey was refused",
    "passkey.copied": "A sign-in by passkey was refused: another device may have a copy of it",
    "password.changed": "Changed the password",
    "password.reset_requested": "A link to set a new password was requested",
    "password.reset": "Set a new password by a mailed link",
    "password.set": "Set a first password",
    "identity.used": "Signed in by a linked account",
    "identity.refused": "A sign-in by a linked account was refused",
    "identity.linked": "Linked an account elsewhere, which can sign in now",
    "identity.unlinked": "Unlinked an account elsewhere",
    "identity.ended": "The other site ended a linked account: everything was signed out",
    "identity.signed_out": "The other site signed a linked account out: so did this one",
    "data.exported": "Exported everything in the account",
    "profile.changed": "Changed the profile",
    "email.verified": "Confirmed the e-mail address",
    "email.change_requested": "Requested a change of the e-mail address",
    "email.changed": "Changed the e-mail address",
    "consent.given": "Allowed an application to use the account",
    "consent.changed": "Changed what an application may use",
    "consent.withdrawn": "Took access back from an application",
    "login_code.replayed": "Ended a sign-in of an application: a used code came back",
    "logout.notified": "Notified an application that you signed out",
    "logout.not_notified": "Could not notify an application that you signed out",
    "token.replayed": "Ended an application's access: a used token came back",
}

_DETAILED: Final = (
    "account.created",
    "consent.given",
    "consent.changed",
    "consent.withdrawn",
    "logout.notified",
    "logout.not_notified",
    "passkey.added",
    "passkey.renamed",
    "passkey.removed",
    "passkey.refused",
    "passkey.copied",
    "identity.used",
    "identity.refused",
    "identity.linked",
    "identity.unlinked",
    "identity.ended",
    "identity.signed_out",
)


def sentence(event: Event) -> str:
    """The sentence for this kind of event; an unknown kind is shown by its name."""
    if event.kind.startswith(("client.", "resource.")) and event.detail:
        return f"{event.detail[:1].upper()}{event.detail[1:]}"
    known = _SENTENCES.get(event.kind)
    return known or event.kind.replace(".", " ").replace("_", " ").capitalize()


def circumstances(event: Event) -> str:
    """The address, browser or application of the event, as far as known."""
    known = {
        "session.started": describe(event.detail) if event.detail else "",
        **dict.fromkeys(_DETAILED, event.detail),
    }
    return " · ".join(part for part in (known.get(event.kind, ""), event.address) if part)
