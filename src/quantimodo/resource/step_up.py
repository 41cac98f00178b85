"""Step-up authentication: which sign-in a token needs for a sensitive operation (RFC 9470 §3).

Owns the table of sensitive operations of the API, each in a class that has its own settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from quantimodo.model.tokens import FoundAccessToken
from quantimodo.protocol.claims_request import meets_acr
from quantimodo.protocol.errors import InsufficientAuthentication

SensitiveClass = Literal["deletion", "export"]

SENSITIVE: Final[Mapping[tuple[str, str], SensitiveClass]] = {
    ("DELETE", "/api/v2/measurements/{id}"): "deletion",
    ("GET", "/api/v2/measurements/csv"): "export",
}
"""The class of each sensitive operation, by method and path. `endpoints/routes.py` has the paths;
each method DELETE with the token of a person is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpRule:
    """`acr` is the required level, "" for any; `max_age` the age of the sign-in, 0 for any."""

    acr: str = ""
    max_age: timedelta = timedelta(0)

    def check(self, token: FoundAccessToken, now: datetime) -> None:
        """Raises `InsufficientAuthentication` for a token of a person whose sign-in is too old or
        too weak. A personal token was made right after a sign-in; it does not say by which methods,
        so it meets no level."""
        if token.user is None or not (self.acr or self.max_age):
            return
        authenticated_at = token.authenticated_at or token.issued_at
        is_old = bool(self.max_age) and now - authenticated_at > self.max_age
        is_weak = bool(self.acr) and not meets_acr(self.acr, token.methods)
        if is_old or is_weak:
            confirmation = token.confirmation
            raise InsufficientAuthentication(
                self.acr,
                int(self.max_age.total_seconds()),
                dpop=confirmation is not None and confirmation.member == "jkt",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpPolicy:
    """The rule of each class of sensitive operations."""

    deletion: StepUpRule = StepUpRule()
    export: StepUpRule = StepUpRule()

    def check(self, operation: SensitiveClass, token: FoundAccessToken, now: datetime) -> None:
        """Raises `InsufficientAuthentication` for a token of a person whose sign-in does not
        suffice for this class."""
        rule = self.deletion if operation == "deletion" else self.export
        rule.check(token, now)
