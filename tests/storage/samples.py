"""Values for the tests of the storage, and the people and applications that they refer to."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count

from quantimodo.model.app_events import KINDS, WebhookEndpoint
from quantimodo.model.budgets import Signer
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.model.exchanged_tokens import ExchangedToken
from quantimodo.model.identities import DataDeletionRequest, LoginCode, LoginState, NewIdentity
from quantimodo.model.keys import SigningKey
from quantimodo.model.passkeys import NewPasskey, UsedChallenge
from quantimodo.model.personal_tokens import NewPersonalToken
from quantimodo.model.second_factors import TotpEnrolment, TotpFactor
from quantimodo.model.sessions import EmailToken, PendingLogin, Session
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.model.tokens import AccessToken, AuthorizationCode, Grant, RefreshToken
from quantimodo.model.trusted_browsers import TrustedBrowser
from quantimodo.model.users import NewUser, User
from quantimodo.ports.stores import Stores

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
SIGNER = Signer("provider", "example")
LATER = NOW + timedelta(days=30)
SUCCESSOR_NONCE = b"successor_nonce of 16 bytes"


def key(name: str) -> bytes:
    """A key as the server makes them: a second, then a digest."""
    return int(NOW.timestamp()).to_bytes(4, "big") + sha256(name.encode()).digest()


def client(client_id: str, **changes: object) -> Client:
    values: dict[str, object] = {"id": client_id, "name": "Sample", "created_at": NOW}
    return Client(**values | changes)  # type: ignore[arg-type]


def new_user(subject: str, email: str | None = None, **changes: object) -> NewUser:
    values: dict[str, object] = {
        "subject": subject,
        "name": "Sample Person",
        "email": email,
        "created_at": NOW,
    }
    return NewUser(**values | changes)  # type: ignore[arg-type]


def session(name: str, user: User, **changes: object) -> Session:
    values: dict[str, object] = {
        "key": key(name),
        "sid": f"sid of {name}",
        "user": user,
        "created_at": NOW,
        "authenticated_at": NOW,
        "seen_at": NOW,
        "expires_at": LATER,
        "methods": ("pwd",),
    }
    return Session(**values | changes)  # type: ignore[arg-type]


def pending_login(name: str, user: User, **changes: object) -> PendingLogin:
    values: dict[str, object] = {
        "key": key(name),
        "user": user,
        "proof": b"fake proof",
        "created_at": NOW,
        "expires_at": LATER,
    }
    return PendingLogin(**values | changes)  # type: ignore[arg-type]


def trusted_browser(name: str, user: User, **changes: object) -> TrustedBrowser:
    values: dict[str, object] = {
        "key": key(name),
        "user_id": user.id,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "address": "192.0.2.7",
        "agent": "Some Browser",
    }
    return TrustedBrowser(**values | changes)  # type: ignore[arg-type]


def personal_token(user: User, name: str = "Grafana", **changes: object) -> NewPersonalToken:
    values: dict[str, object] = {
        "key": key(f"token {name}"),
        "user_id": user.id,
        "name": name,
        "scope": frozenset({"readmeasurements"}),
        "details": None,
        "created_at": NOW,
        "expires_at": LATER,
    }
    return NewPersonalToken(**values | changes)  # type: ignore[arg-type]


def exchanged_token(grant: Grant, name: str, **changes: object) -> ExchangedToken:
    """A token by the client of the grant itself, for an opaque token."""
    values: dict[str, object] = {
        "key": key(f"exchanged {name}"),
        "client_id": grant.client_id,
        "grant_id": grant.id,
        "scope": frozenset({"https://tasks.example.org/#1:"}),
        "issued_at": NOW,
        "expires_at": SOON,
        "subject_key": key(name),
        "subject_jti": None,
    }
    return ExchangedToken(**values | changes)  # type: ignore[arg-type]


def totp_enrolment(user: User | int, secret: str = "secret") -> TotpEnrolment:
    return TotpEnrolment(
        user_id=user if isinstance(user, int) else user.id,
        sealed_secret=key(secret),
        holder=key("holder"),
        created_at=NOW,
        expires_at=SOON,
    )


def totp_factor(user: User | int, secret: str = "secret", last_step: int = 100) -> TotpFactor:
    return TotpFactor(
        user_id=user if isinstance(user, int) else user.id,
        sealed_secret=key(secret),
        confirmed_at=NOW,
        last_step=last_step,
    )


def new_passkey(user: User | int, name: str = "passkey", **changes: object) -> NewPasskey:
    values: dict[str, object] = {
        "credential_id": key(name),
        "user_id": user if isinstance(user, int) else user.id,
        "rp_id": "id.example.org",
        "public_key": key(f"public {name}"),
        "sign_count": 0,
        "name": "Sample Passkey",
        "transports": ("internal", "hybrid"),
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "backup_eligible": True,
        "backed_up": False,
        "created_at": NOW,
    }
    return NewPasskey(**values | changes)  # type: ignore[arg-type]


def webhook_endpoint(client_id: str, name: str = "hook", **changes: object) -> WebhookEndpoint:
    values: dict[str, object] = {
        "id": name,
        "client_id": client_id,
        "url": "https://app.example.org/hook",
        "kinds": frozenset(KINDS),
        "sealed_secret": key(name),
        "created_at": NOW,
    }
    return WebhookEndpoint(**values | changes)  # type: ignore[arg-type]


ACCEPTED = AcceptedMethods("id.example.org", frozenset({"sample"}))


def used_challenge(name: str, expires_at: datetime = SOON) -> UsedChallenge:
    return UsedChallenge(key(f"challenge {name}"), expires_at)


def email_token(name: str, **changes: object) -> EmailToken:
    values: dict[str, object] = {
        "key": key(name),
        "purpose": "reset_password",
        "expires_at": LATER,
        "email": "sample@example.org",
    }
    return EmailToken(**values | changes)  # type: ignore[arg-type]


def consent(user: User | int, client_id: str, *scope: str) -> Consent:
    return Consent(
        user_id=user if isinstance(user, int) else user.id,
        client_id=client_id,
        scope=frozenset(scope),
        granted_at=NOW,
        updated_at=NOW,
    )


def identity(subject: str, **changes: object) -> NewIdentity:
    values: dict[str, object] = {
        "provider": "sample",
        "issuer": "https://provider.example.org",
        "subject": subject,
        "name": "Sample Elsewhere",
        "email": "sample@example.org",
        "created_at": NOW,
        "stated_at": NOW,
    }
    return NewIdentity(**values | changes)  # type: ignore[arg-type]


def device_authorization(name: str, **changes: object) -> DeviceAuthorization:
    values: dict[str, object] = {
        "key": key(name),
        "user_code": f"user code of {name}".encode(),
        "sealed": b"sealed",
        "client_id": "an-app",
        "parameters": (("client_id", "an-app"), ("scope", "basic")),
        "confirmation": None,
        "address": "192.0.2.7",
        "agent": "Television",
        "created_at": NOW,
        "expires_at": SOON,
        "polled_at": None,
        "interval": timedelta(seconds=5),
    }
    return DeviceAuthorization(**values | changes)  # type: ignore[arg-type]


def login_state(name: str, **changes: object) -> LoginState:
    values: dict[str, object] = {
        "key": key(name),
        "provider": "sample",
        "browser": sha256(b"browser").digest(),
        "sealed": b"sealed",
        "created_at": NOW,
        "expires_at": SOON,
    }
    return LoginState(**values | changes)  # type: ignore[arg-type]


def login_code(name: str, user_id: int = 1, **changes: object) -> LoginCode:
    values: dict[str, object] = {
        "key": key(name),
        "provider": "sample",
        "user_id": user_id,
        "clients": ("client", "other"),
        "redirect_url": "https://app.example.org/callback",
        "challenge": "challenge",
        "methods": ("fed", "mfa"),
        "new_user": True,
        "jti": f"jti of {name}",
        "authenticated_at": NOW,
        "expires_at": SOON,
    }
    return LoginCode(**values | changes)  # type: ignore[arg-type]


def data_deletion_request(code: str, **changes: object) -> DataDeletionRequest:
    values: dict[str, object] = {
        "code": code,
        "provider": "sample",
        "requested_at": NOW,
        "done_at": SOON,
        "expires_at": LATER,
    }
    return DataDeletionRequest(**values | changes)  # type: ignore[arg-type]


def signing_key(kid: str, **changes: object) -> SigningKey:
    values: dict[str, object] = {
        "kid": kid,
        "algorithm": "ES256",
        "public_jwk": "{}",
        "sealed_private": b"sealed",
        "created_at": NOW,
        "active_at": NOW,
    }
    return SigningKey(**values | changes)  # type: ignore[arg-type]


def code_of(grant: Grant, name: str = "code", **changes: object) -> AuthorizationCode:
    values: dict[str, object] = {
        "key": key(name) if name != "code" else key(f"code of {grant.id.hex()}"),
        "grant_id": grant.id,
        "redirect_uri": "https://app.example.org/cb",
        "challenge": "challenge",
        "nonce": "nonce",
        "expires_at": SOON,
    }
    return AuthorizationCode(**values | changes)  # type: ignore[arg-type]


def refresh_token(grant: Grant, name: str, **changes: object) -> RefreshToken:
    values: dict[str, object] = {
        "key": key(name),
        "grant_id": grant.id,
        "issued_at": NOW,
        "expires_at": LATER,
    }
    return RefreshToken(**values | changes)  # type: ignore[arg-type]


def access_token(client_id: str, name: str, **changes: object) -> AccessToken:
    values: dict[str, object] = {
        "key": key(name),
        "client_id": client_id,
        "grant_id": None,
        "user_id": None,
        "scope": frozenset({"basic"}),
        "issued_at": NOW,
        "expires_at": SOON,
    }
    return AccessToken(**values | changes)  # type: ignore[arg-type]


def access_token_of(grant: Grant, name: str, **changes: object) -> AccessToken:
    of_grant: dict[str, object] = {"grant_id": grant.id, "user_id": grant.user_id}
    return access_token(grant.client_id, name, **of_grant | changes)


@dataclass
class Samples:
    """Stores the rows that others refer to, each time with new names."""

    stores: Stores
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def user(self, email: str | None = None, password_hash: str | None = None) -> User:
        number = next(self._numbers)
        email = email or f"sample{number}@example.org"
        return await self.stores.users.add_user(new_user(f"subject-{number}", email), password_hash)

    async def client(self, **changes: object) -> Client:
        made = client(f"client-{next(self._numbers)}", **changes)
        await self.stores.clients.add_client(made)
        return made

    async def grant(
        self, user: User | None = None, client_id: str | None = None, **changes: object
    ) -> Grant:
        """An authorization, with its code `code_of(grant)` saved."""
        grant = await self.unsaved_grant(user, client_id, **changes)
        assert await self.stores.authorizations.add_grant(grant, code_of(grant))
        return grant

    async def unsaved_grant(
        self, user: User | None = None, client_id: str | None = None, **changes: object
    ) -> Grant:
        """A grant that may be stored: the consent of the person covers it."""
        user = user or await self.user()
        values: dict[str, object] = {
            "id": key(f"grant {next(self._numbers)}"),
            "client_id": client_id or (await self.client()).id,
            "user_id": user.id,
            "scope": frozenset({"basic", "openid"}),
            "authenticated_at": NOW,
            "created_at": NOW,
            "expires_at": LATER,
            "methods": ("pwd", "otp"),
        }
        grant = Grant(**values | changes)  # type: ignore[arg-type]
        await self.stores.authorizations.save_consent(consent(user, grant.client_id, *grant.scope))
        return grant

    async def refresh_token(self, grant: Grant | None = None) -> RefreshToken:
        """A refresh token, redeemed with its grant's code."""
        grant = grant or await self.grant()
        token = refresh_token(grant, f"refresh {next(self._numbers)}")
        assert await self.stores.tokens.redeem(code_of(grant), NOW, None, token)
        return token
