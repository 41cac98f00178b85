"""The person that a client requests by `id_token_hint` or the claim `sub`."""

from dataclasses import dataclass
from typing import TypeVar

from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.errors import InvalidRequest, LoginRequired
from quantimodo.protocol.logout import LogoutRefused
from quantimodo.protocol.parameters import Form
from quantimodo.tokens.logout_tokens import LogoutHints
from quantimodo.tokens.subjects import Subjects

P = TypeVar("P", bound=AuthenticatedSubject)


@dataclass(frozen=True, slots=True)
class RequestedSubject:
    hints: LogoutHints
    subjects: Subjects

    async def match(
        self, form: Form, authorization: AuthorizationRequest, signed_in: P | None
    ) -> P | None:
        """`signed_in`, unless the client requests another person (OpenID Connect Core §3.1.2.1
        `id_token_hint`, OpenID Connect Core §5.5.1 `sub`): then None."""
        subject, raw = authorization.claims.subject, form.get("id_token_hint")
        requested = [subject, None if raw is None else await self._hinted(raw, authorization)]
        for each in requested:
            if each is None:
                continue
            if signed_in is None or not await self.subjects.is_of(
                authorization.client, signed_in.user, each
            ):
                return None
        return signed_in

    async def _hinted(self, raw: str, authorization: AuthorizationRequest) -> str | None:
        """The subject of an ID token of this server; None when its key is no longer known."""
        try:
            hint = await self.hints.read(raw)
        except LogoutRefused:
            raise InvalidRequest(
                "id_token_hint is not an ID token of this server",
                refusal="id_token_hint_not_usable",
            ) from None
        if hint is None and "none" in authorization.prompt:
            raise LoginRequired(
                "id_token_hint cannot be verified any more", refusal="id_token_hint_not_usable"
            )
        if hint is not None and hint.client_id != authorization.client.id:
            raise InvalidRequest(
                "id_token_hint was issued to another app", refusal="id_token_hint_not_usable"
            )
        return None if hint is None else hint.subject
