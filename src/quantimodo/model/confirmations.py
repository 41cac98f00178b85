"""The key or certificate to which a token is bound (RFC 7800 §3)."""

from typing import Any, Literal, NamedTuple

Member = Literal["jkt", "x5t#S256"]
SenderConstraint = Literal["none", "dpop", "mtls"]


class Confirmation(NamedTuple):
    """`member` is the member of `cnf`: `jkt`, the thumbprint of a DPoP key (RFC 9449 §6), or
    `x5t#S256`, that of a certificate (RFC 8705 §3.1)."""

    member: Member
    thumbprint: str

    @property
    def token_type(self) -> str:
        """RFC 9449 §5. A token that is bound to a certificate stays a bearer token by type
        (RFC 8705 §3)."""
        return "DPoP" if self.member == "jkt" else "Bearer"

    def claims(self) -> dict[str, Any]:
        """`cnf` in introspection responses and in JWT access tokens."""
        return {"cnf": {self.member: self.thumbprint}}


def sender_constraint(confirmation: Confirmation | None) -> SenderConstraint:
    """How the tokens of a request are bound to its sender."""
    if confirmation is None:
        return "none"
    return "dpop" if confirmation.member == "jkt" else "mtls"
