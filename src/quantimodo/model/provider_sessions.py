"""A person's session at a provider, from which a session here began."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSession:
    """`issuer` and `subject` are the account there. `sid` is the provider's name of its session; ""
    if it gives none. `began_at` is when the sign-in began. `sealed_id_token` is the ID token,
    encrypted; None: it is not kept."""

    provider: str
    issuer: str
    subject: str
    sid: str
    began_at: datetime
    sealed_id_token: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedProviderSession:
    """What a provider says is ended: its session `sid`, or with "" all sessions of `subject`, which
    may be "" beside a `sid`."""

    issuer: str
    subject: str
    sid: str
