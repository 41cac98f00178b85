"""What is stored of a verified profile: its normalized form, and the refresh token, encrypted."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from quantimodo.accounts.addresses import known_email, shown_name
from quantimodo.accounts.errors import DomainError
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.identities import NewIdentity, UpstreamProfile
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.texts import N_

PROVIDER_TOKENS: Final = "provider tokens"  # the envelope's purpose
ID_TOKENS: Final = "provider ID tokens"
_LONGEST_ID_TOKEN: Final = 4096
_LONGEST_SUBJECT: Final = 255  # OpenID Connect Core §2
_LONGEST_ISSUER: Final = 400
_LONGEST_REFRESH_TOKEN: Final = 8192


def normalized(profile: UpstreamProfile) -> UpstreamProfile:
    """The profile with name and address in the stored form; invalid ones are left out.

    Raises `DomainError` for an invalid issuer or subject.
    """
    for text, longest in (
        (profile.issuer, _LONGEST_ISSUER),
        (profile.subject, _LONGEST_SUBJECT),
    ):
        if not 0 < len(text) <= longest or not text.isprintable():
            raise DomainError(N_("The provider sent a response that cannot be used."))
    email = known_email(profile.email)
    return replace(profile, email=email, name=shown_name(profile.name, email))


def new_identity(profile: UpstreamProfile, now: datetime, envelope: Envelope) -> NewIdentity:
    """The identity to be added for a normalized profile."""
    return NewIdentity(
        provider=profile.provider,
        issuer=profile.issuer,
        subject=profile.subject,
        name=profile.name,
        email=profile.email,
        created_at=now,
        stated_at=profile.stated_at or now,
        sealed_refresh_token=sealed_refresh_token(profile, envelope),
    )


def provider_session(
    profile: UpstreamProfile, now: datetime, envelope: Envelope
) -> ProviderSession | None:
    """The session at the provider of a normalized profile; None if it is not recorded. The ID token
    is left out if it is too long for an address."""
    if profile.session_id is None:
        return None
    raw = b"" if profile.id_token is None else profile.id_token.reveal().encode("ascii", "replace")
    kept = 0 < len(raw) <= _LONGEST_ID_TOKEN
    return ProviderSession(
        provider=profile.provider,
        issuer=profile.issuer,
        subject=profile.subject,
        sid=profile.session_id,
        began_at=profile.stated_at or now,
        sealed_id_token=envelope.seal(raw, ID_TOKENS) if kept else None,
    )


def sealed_refresh_token(profile: UpstreamProfile, envelope: Envelope) -> bytes | None:
    """The provider's refresh token, encrypted; None if there is none, or it is too long."""
    # security.md §31: encrypted, or not at all.
    if profile.refresh_token is None:
        return None
    raw = profile.refresh_token.reveal().encode("utf-8", "replace")
    if not 0 < len(raw) <= _LONGEST_REFRESH_TOKEN:
        return None
    return envelope.seal(raw, PROVIDER_TOKENS)
