"""Values that the token minter takes and returns."""

from datetime import datetime
from typing import NamedTuple

from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.resources import Resource
from quantimodo.model.secrets import Secret
from quantimodo.model.tokens import AccessToken, AuthorizationCode, Grant, RefreshToken
from quantimodo.model.users import User


class Authorization(NamedTuple):
    """A grant with its client and its person."""

    client: Client
    grant: Grant
    user: User


class TokenBinding(NamedTuple):
    """What a new access token is bound to: the registered API that it is for, None for ours; the
    key or certificate of its sender, None for a bearer token; and a part of the details of its
    grant, None for all of them."""

    resource: Resource | None = None
    confirmation: Confirmation | None = None
    details: str | None = None


class MintedAccessToken(NamedTuple):
    """An access token. `raw` is the opaque text, which a JWT does not need. `row` is None for a
    JWT, which is not stored. `authorization` is None for an application's own token,
    `confirmation` for a bearer token. `audience` is the identifier of a registered API, None for
    ours. `details` restrict the health data that the scope opens; None for everything."""

    client: Client
    authorization: Authorization | None
    raw: Secret | None
    jti: bytes
    scope: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    row: AccessToken | None
    audience: str | None = None
    confirmation: Confirmation | None = None
    details: str | None = None

    @property
    def opaque(self) -> str | None:
        """The text of an opaque token; None for a JWT, which has to be signed."""
        return None if self.row is None or self.raw is None else self.raw.reveal()


class MintedRefreshToken(NamedTuple):
    raw: Secret
    row: RefreshToken


class MintedCode(NamedTuple):
    raw: Secret
    row: AuthorizationCode


class IdTokenContext(NamedTuple):
    """What an ID token is returned with. `alone`: without an access token and without a code, so
    that it includes the claims of the scope (OpenID Connect Core §5.4)."""

    scope: frozenset[str]
    nonce: str | None = None
    access_token: str | None = None
    code: str | None = None
    alone: bool = False
