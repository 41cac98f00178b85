"""The tokens of one person at one application, and when they expire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from swagger_client.models import TokenAnswer


@dataclass(frozen=True)
class Token:
    """The response of the token endpoint. Times are seconds since 1970. `repr()` has no secret.

    `expires_at`: of the access token. `refresh_token_expires_at`: if it is not used before.
    `authorization_expires_at`: after it the person has to sign in again. None: unknown.
    `dpop_key`: the private key to which the tokens are bound (RFC 9449), as a JWK in JSON.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    scope: str | None = None
    token_type: str = "Bearer"
    id_token: str | None = field(default=None, repr=False)
    refresh_token_expires_at: float | None = None
    authorization_expires_at: float | None = None
    dpop_key: str | None = field(default=None, repr=False)

    @classmethod
    def from_response(
        cls,
        response: TokenAnswer,
        now: float,
        previous: Token | None = None,
        dpop_key: str | None = None,
    ) -> Token:
        """Tokens from a response received at `now`; members that a refresh leaves out keep their
        values. `dpop_key`: of the proof in the request."""
        refresh_end = _end(response.refresh_token_expires_in, now)
        if response.refresh_token is None and previous is not None:
            refresh_end = previous.refresh_token_expires_at
        authorization_end = _end(response.authorization_expires_in, now)
        if authorization_end is None and previous is not None:
            authorization_end = previous.authorization_expires_at
        return cls(
            access_token=response.access_token,
            # RFC 6749 §6: without a new refresh token the old one stays valid.
            refresh_token=response.refresh_token or (previous and previous.refresh_token) or None,
            expires_at=_end(response.expires_in, now),
            scope=response.scope or (previous and previous.scope) or None,
            token_type=response.token_type,
            id_token=response.id_token or (previous and previous.id_token) or None,
            refresh_token_expires_at=refresh_end,
            authorization_expires_at=authorization_end,
            dpop_key=dpop_key,
        )

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Token:
        """A token as `to_dict` wrote it. Raises `ValueError` for anything else."""
        known = {name: kept.get(name) for name in cls.__dataclass_fields__}
        if not isinstance(known["access_token"], str):
            raise ValueError("the stored value has no access token")
        return cls(**{name: value for name, value in known.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        """As plain values, including the secrets, for a store."""
        return asdict(self)

    def expires_before(self, when: float) -> bool:
        """Whether the access token is known to be expired at this time."""
        return self.expires_at is not None and self.expires_at <= when


def _end(lifetime: float | None, now: float) -> float | None:
    return None if lifetime is None else now + lifetime
