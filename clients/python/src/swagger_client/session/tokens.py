"""The tokens of one person at one application, and when they are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from swagger_client.models import TokenAnswer


@dataclass(frozen=True)
class Token:
    """What the token endpoint gave. `expires_at`: seconds since 1970. `repr()` has no secret."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    scope: str | None = None
    token_type: str = "Bearer"
    id_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_answer(cls, answer: TokenAnswer, now: float, previous: Token | None = None) -> Token:
        """Tokens from an answer of `now`; what a refresh leaves out stays as it was."""
        lifetime = answer.expires_in
        return cls(
            access_token=answer.access_token,
            # RFC 6749 §6: a server that gives no new refresh token lets the old one stand.
            refresh_token=answer.refresh_token or (previous and previous.refresh_token) or None,
            expires_at=None if lifetime is None else now + lifetime,
            scope=answer.scope or (previous and previous.scope) or None,
            token_type=answer.token_type,
            id_token=answer.id_token or (previous and previous.id_token) or None,
        )

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Token:
        """A token as `to_dict` wrote it. Raises `ValueError` for anything else."""
        known = {name: kept.get(name) for name in cls.__dataclass_fields__}
        if not isinstance(known["access_token"], str):
            raise ValueError("there is no access token in what was kept")
        return cls(**{name: value for name, value in known.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        """As plain values, secrets and all: for a store."""
        return asdict(self)

    def expires_before(self, moment: float) -> bool:
        """Whether it is known to be of no use at this moment."""
        return self.expires_at is not None and self.expires_at <= moment
