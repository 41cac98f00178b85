"""The files of an export about the account: profile, sign-in methods, sessions."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from quantimodo.export.parts import FileDescription, Part, iso_time, iso_time_or_none, json_document
from quantimodo.model.email_choices import EmailChoices
from quantimodo.model.identities import Identity
from quantimodo.model.passkeys import Passkey
from quantimodo.model.personal_tokens import PersonalToken
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.model.user_profiles import Profile
from quantimodo.model.users import User
from quantimodo.ports.account_stores import ProfileStore, SessionStore, UserStore
from quantimodo.ports.email_choice_store import EmailChoiceStore
from quantimodo.ports.federation_stores import IdentityStore
from quantimodo.ports.passkey_store import PasskeyStore
from quantimodo.ports.personal_token_store import PersonalTokenStore
from quantimodo.ports.second_factor_store import SecondFactorStore
from quantimodo.protocol.consent_details import json_objects
from quantimodo.protocol.scopes import format_scope

_PROFILE: Final = "account/profile.json"
_SIGN_IN: Final = "account/sign-in.json"
_DEVICES: Final = "account/devices.json"
_TOKENS: Final = "account/personal-tokens.json"
_TIMES: Final = N_("ISO 8601, in UTC")
_DESCRIPTIONS: Final = (
    FileDescription(
        _PROFILE,
        N_("Your account and your profile."),
        (
            ("id, subject", N_("how applications know the account")),
            ("name, email", N_("text")),
            ("emailVerifiedAt, createdAt, updatedAt", _TIMES),
            ("administrator", N_("whether the account may manage the server")),
            ("emails", N_("which optional e-mails you get")),
            (
                "profile",
                N_("the claims of OpenID Connect Core §5.1; empty means that it is not given"),
            ),
        ),
    ),
    FileDescription(
        _SIGN_IN,
        N_("How you sign in. Passwords, keys and codes are not part of it."),
        (
            ("password", N_("whether the account has one")),
            ("twoStepVerification", N_("since when a second step is set up, or null")),
            ("authenticatorApp", N_("since when there is one, or null")),
            ("recoveryCodesLeft", N_("how many recovery codes are not used")),
            ("passkeys", N_("your passkeys, without their keys")),
            ("host, synced", N_("the server that it works for, and whether it is synced")),
            ("linkedAccounts", N_("accounts at other sites that can sign in here")),
            ("provider, issuer, subject, name, email", N_("what the other site stated")),
            ("createdAt, usedAt, signedOutAt", _TIMES),
        ),
    ),
    FileDescription(
        _DEVICES,
        N_("Where you are signed in."),
        (
            ("browser", N_("how the browser names itself")),
            ("address", N_("the network address")),
            ("methods", N_("the methods of the sign-in (RFC 8176)")),
            ("createdAt, authenticatedAt, seenAt, expiresAt", _TIMES),
        ),
    ),
    FileDescription(
        _TOKENS,
        N_("Your personal tokens. The tokens themselves are not stored."),
        (
            ("name", N_("the name that you gave it")),
            ("scope", N_("what it opens")),
            ("key", N_("the thumbprint of the key that it needs, or null for none")),
            ("authorizationDetails", N_("which health data (RFC 9396), or null for all")),
            ("createdAt, expiresAt, usedAt", _TIMES),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFiles:
    """Implements `FileSource`."""

    users: UserStore
    profiles: ProfileStore
    email_choices: EmailChoiceStore
    second_factors: SecondFactorStore
    passkeys: PasskeyStore
    identities: IdentityStore
    sessions: SessionStore
    personal_tokens: PersonalTokenStore

    @property
    def descriptions(self) -> Sequence[FileDescription]:
        return _DESCRIPTIONS

    async def parts(self, user: User) -> AsyncGenerator[Part, None]:
        profile = await self.profiles.profile(user.id) or Profile()
        choices = await self.email_choices.email_choices(user.id) or EmailChoices()
        yield json_document(_PROFILE, _account(user, profile, choices))
        yield json_document(_SIGN_IN, await self._sign_in(user))
        sessions = await self.sessions.sessions_of(user.id)
        yield json_document(_DEVICES, [_device(each) for each in sessions])
        tokens = await self.personal_tokens.personal_tokens_of(user.id)
        yield json_document(_TOKENS, [_personal_token(each) for each in tokens])

    async def _sign_in(self, user: User) -> Mapping[str, Any]:
        factor = await self.second_factors.totp_factor(user.id)
        since = await self.second_factors.second_factor_set_up_at(user.id)
        identities = await self.identities.identities_of(user.id)
        return {
            "password": await self.users.password_hash(user.id) is not None,
            "twoStepVerification": iso_time_or_none(since),
            "authenticatorApp": None if factor is None else iso_time(factor.confirmed_at),
            "recoveryCodesLeft": await self.second_factors.count_recovery_codes(user.id),
            "passkeys": [_passkey(each) for each in await self.passkeys.passkeys_of(user.id)],
            "linkedAccounts": [_linked(each) for each in identities],
        }


def _account(user: User, profile: Profile, choices: EmailChoices) -> Mapping[str, Any]:
    return {
        "id": user.id,
        "subject": user.subject,
        "name": user.name,
        "email": user.email,
        "emailVerifiedAt": iso_time_or_none(user.email_verified_at),
        "administrator": user.administrator,
        "createdAt": iso_time(user.created_at),
        "updatedAt": iso_time(user.updated_at),
        "emails": msgspec.to_builtins(choices),
        "profile": msgspec.to_builtins(profile),
    }


def _passkey(passkey: Passkey) -> Mapping[str, Any]:
    return {
        "name": passkey.name,
        "host": passkey.rp_id,
        "synced": passkey.backed_up,
        "createdAt": iso_time(passkey.created_at),
        "usedAt": iso_time_or_none(passkey.used_at),
    }


def _linked(identity: Identity) -> Mapping[str, Any]:
    return {
        "provider": identity.provider,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "name": identity.name,
        "email": identity.email,
        "createdAt": iso_time(identity.created_at),
        "usedAt": iso_time(identity.used_at),
        "signedOutAt": iso_time_or_none(identity.signed_out_at),
    }


def _personal_token(token: PersonalToken) -> Mapping[str, Any]:
    details = token.details
    return {
        "name": token.name,
        "scope": format_scope(token.scope),
        "key": None if token.confirmation is None else token.confirmation.thumbprint,
        "authorizationDetails": None if details is None else json_objects(details),
        "createdAt": iso_time(token.created_at),
        "expiresAt": iso_time(token.expires_at),
        "usedAt": iso_time_or_none(token.used_at),
    }


def _device(session: Session) -> Mapping[str, Any]:
    return {
        "browser": session.agent,
        "address": session.address,
        "methods": session.methods,
        "createdAt": iso_time(session.created_at),
        "authenticatedAt": iso_time(session.authenticated_at),
        "seenAt": iso_time(session.seen_at),
        "expiresAt": iso_time(session.expires_at),
    }
