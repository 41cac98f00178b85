"""Which sign-in a token needs for a deletion (RFC 9470 §3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quantimodo.model.tokens import FoundAccessToken
from quantimodo.protocol.claims_request import meets_acr
from quantimodo.protocol.errors import InsufficientAuthentication


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpPolicy:
    """`acr` is the required level, "" for any; `max_age` the age of the sign-in, 0 for any."""

    acr: str = ""
    max_age: timedelta = timedelta(0)

    def check(self, found: FoundAccessToken, now: datetime) -> None:
        """Raises `InsufficientAuthentication` for a token of a person whose sign-in is too old or
        too weak."""
        if found.authenticated_at is None or not (self.acr or self.max_age):
            return
        old = bool(self.max_age) and now - found.authenticated_at > self.max_age
        weak = bool(self.acr) and not meets_acr(self.acr, found.methods)
        if old or weak:
            bound_to = found.confirmation
            raise InsufficientAuthentication(
                self.acr,
                int(self.max_age.total_seconds()),
                dpop=bound_to is not None and bound_to.member == "jkt",
            )
