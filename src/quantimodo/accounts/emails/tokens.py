"""Tokens of e-mailed links: minted, looked up, and spent once. Each purpose defines its payload."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.budgets import Charge
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import EmailToken
from quantimodo.ports.account_stores import EmailTokenStore
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Conflict

Purpose = Literal["sign_up", "verify_email", "reset_password", "cancel_recovery", "sign_in_code"]


@dataclass(frozen=True, slots=True)
class EmailTokens:
    """Mints and redeems e-mail tokens; of concurrent calls of `take` exactly one succeeds."""

    store: EmailTokenStore
    clock: Clock
    entropy: Entropy

    async def mint(
        self,
        purpose: Purpose,
        email: str,
        lifetime: timedelta,
        *,
        user_id: int | None = None,
        payload: bytes = b"",
        charge: Charge | None = None,
    ) -> Secret:
        """A token to send by e-mail. The token of a person who was deleted meanwhile is invalid."""
        now = self.clock.now()
        minted = mint(Kind.EMAIL_TOKEN, now, self.entropy)
        email_token = EmailToken(
            key=minted.key,
            purpose=purpose,
            expires_at=now + lifetime,
            email=email,
            user_id=user_id,
            payload=payload,
        )
        try:
            await self.store.add_email_token(email_token, charge)
        except Conflict:  # the person it is for is gone
            return minted.raw
        return minted.raw

    async def find(self, purpose: Purpose, raw: str) -> EmailToken | None:
        """The valid token of this purpose, without spending it."""
        key = key_of(Kind.EMAIL_TOKEN, raw)
        return None if key is None else self._live(purpose, await self.store.email_token(key))

    async def find_any(self, raw: str) -> EmailToken | None:
        """The valid token of any purpose, without spending it."""
        key = key_of(Kind.EMAIL_TOKEN, raw)
        email_token = None if key is None else await self.store.email_token(key)
        return None if email_token is None else self._live(email_token.purpose, email_token)

    async def take(self, email_token: EmailToken) -> bool:
        """Spend the token. True for exactly one of all calls."""
        taken = await self.store.take_email_token(email_token.key)
        return self._live(email_token.purpose, taken) is not None

    async def revoke(self, purpose: Purpose, email: str) -> None:
        """Revoke every token of this purpose for this address."""
        await self.store.delete_email_tokens(purpose, email)

    def _live(self, purpose: Purpose, email_token: EmailToken | None) -> EmailToken | None:
        if (
            email_token is None
            or email_token.purpose != purpose
            or email_token.expires_at <= self.clock.now()
        ):
            return None
        return email_token
