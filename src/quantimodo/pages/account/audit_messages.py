"""Audit events of an account as sentences for its owner."""

from typing import Final

from quantimodo.i18n.translation import translated
from quantimodo.model.events import Event
from quantimodo.model.texts import N_
from quantimodo.pages.account.user_agents import describe

_SENTENCES: Final = {
    "account.created": N_("The account was made"),
    "account.disabled": N_("The operator disabled the account"),
    "account.enabled": N_("The operator enabled the account again"),
    "account.closed": N_("Closed the account, to delete it"),
    "account.kept": N_("Kept the account, which was closed"),
    "account.deleted": N_("The account was deleted"),
    "administrator.added": N_("Became an administrator"),
    "administrator.removed": N_("Is no longer an administrator"),
    "session.started": N_("Signed in"),
    "session.ended": N_("Signed out a device"),
    "session.refused": N_("A sign-in was refused: wrong password"),
    "second_factor.refused": N_(
        "A sign-in was refused: the password was right, the code was wrong"
    ),
    "second_factor.limit": N_("Too many wrong codes: no more are accepted for now"),
    "factor_recovery.requested": N_(
        "A removal of the second step was requested, because it is lost"
    ),
    "factor_recovery.cancelled": N_("The removal of the second step was cancelled"),
    "factor_recovery.completed": N_("The second step was removed, because it was lost"),
    "second_factor.added": N_("Turned on two-step verification"),
    "second_factor.replaced": N_("Replaced the authenticator app"),
    "second_factor.removed": N_("Turned off two-step verification"),
    "second_factor.reset": N_("The operator turned off two-step verification"),
    "recovery_codes.replaced": N_("Made new recovery codes"),
    "recovery_code.used": N_("Signed in with a recovery code"),
    "passkey.added": N_("Added a passkey"),
    "passkey.renamed": N_("Renamed a passkey"),
    "passkey.removed": N_("Removed a passkey"),
    "passkeys.reset": N_("The operator removed all passkeys"),
    "passkey.refused": N_("A sign-in by passkey was refused"),
    "passkey.copied": N_("A sign-in by passkey was refused: another device may have a copy of it"),
    "personal_token.made": N_("Made a personal token"),
    "personal_token.revoked": N_("Revoked a personal token"),
    "password.changed": N_("Changed the password"),
    "password.reset_requested": N_("A link to set a new password was requested"),
    "password.reset": N_("Set a new password by an e-mailed link"),
    "password.set": N_("Set a first password"),
    "identity.used": N_("Signed in by a linked account"),
    "identity.refused": N_("A sign-in by a linked account was refused"),
    "identity.linked": N_("Linked an account elsewhere, which can sign in now"),
    "identity.unlinked": N_("Unlinked an account elsewhere"),
    "identity.ended": N_("The other site ended a linked account: everything was signed out"),
    "identity.signed_out": N_("The other site signed a linked account out: so did this one"),
    "data.exported": N_("Exported everything in the account"),
    "profile.changed": N_("Changed the profile"),
    "email.verified": N_("Confirmed the e-mail address"),
    "email.change_requested": N_("Requested a change of the e-mail address"),
    "email.changed": N_("Changed the e-mail address"),
    "consent.given": N_("Allowed an application to use the account"),
    "consent.changed": N_("Changed what an application may use"),
    "consent.withdrawn": N_("Took access back from an application"),
    "login_code.replayed": N_("Ended a sign-in of an application: a used code came back"),
    "logout.notified": N_("Notified an application that you signed out"),
    "logout.not_notified": N_("Could not notify an application that you signed out"),
    "token.exchanged": N_("An application that you allowed got access to another API for you"),
    "token.replayed": N_("Ended an application's access: a used token came back"),
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
    "personal_token.made",
    "personal_token.revoked",
    "identity.used",
    "identity.refused",
    "identity.linked",
    "identity.unlinked",
    "identity.ended",
    "identity.signed_out",
    "token.exchanged",
)


# Events of applications and APIs have details such as `app Mood Tracker: changed`.
_REGISTRATIONS: Final = {"app": N_("App %(name)s: %(what)s"), "API": N_("API %(name)s: %(what)s")}
_WHAT: Final = (
    N_("registered"),
    N_("changed"),
    N_("given a new secret"),
    N_("given a new logo"),
    N_("logo dropped"),
    N_("disabled"),
    N_("enabled"),
    N_("deleted"),
    N_("removed"),
    N_("webhook added"),
    N_("webhook changed"),
    N_("given a new webhook secret"),
    N_("webhook enabled"),
    N_("webhook disabled"),
    N_("webhook deleted"),
    N_("list of events on"),
    N_("list of events off"),
)

_BY_MEMBER: Final = N_("%(what)s, by a member of its team")
_TEAM: Final = {
    "client.invited": N_("invitation to the team sent"),
    "client.invitation_withdrawn": N_("invitation to the team withdrawn"),
    "client.member_added": N_("member of the team added"),
    "client.member_removed": N_("member of the team removed"),
    "client.member_left": N_("member left the team"),
    "client.transferred": N_("given to another owner"),
}


def sentence(event: Event) -> str:
    """The sentence for this kind of event; an unknown kind is shown by its name."""
    if event.kind.startswith(("client.", "resource.", "webhook.")) and event.detail:
        return _of_registration(event.kind, event.detail)
    known = _SENTENCES.get(event.kind)
    return (
        translated(known) if known else event.kind.replace(".", " ").replace("_", " ").capitalize()
    )


def _of_registration(kind: str, detail: str) -> str:
    named, _, what = detail.rpartition(": ")
    registered, _, name = named.partition(" ")
    what, by_member, _ = what.partition(" by member ")
    shown = _TEAM.get(kind, what)  # details of a team name roles and ids
    if registered not in _REGISTRATIONS or shown not in (*_WHAT, *_TEAM.values()):
        return f"{detail[:1].upper()}{detail[1:]}"
    text = translated(shown)
    if by_member:
        text = translated(_BY_MEMBER) % {"what": text}
    return translated(_REGISTRATIONS[registered]) % {"name": name, "what": text}


def circumstances(event: Event) -> list[str]:
    """The browser or application of the event, and its network address, as far as known."""
    known = {
        "session.started": describe(event.detail) if event.detail else "",
        **dict.fromkeys(_DETAILED, event.detail),
    }
    return [part for part in (known.get(event.kind, ""), event.address) if part]
