"""What an authorization answer brings: a code, tokens, or both (RFC 6749 §4.1.2, §4.2.2;
OpenID Connect Core §3.2.2.5, §3.3.2.5)."""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.crypto.tokens import Kind, Minted, mint, moment_bytes
from quantimodo.model.clients import Client
from quantimodo.model.sessions import AuthenticatedSubject, LogoutRecipient
from quantimodo.model.tokens import AccessToken, AuthorizationCode, ClaimsRequest, Grant
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import AuthorizationStore
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.claims_request import NOTHING, met_acr
from quantimodo.protocol.errors import AccessDenied
from quantimodo.protocol.responses import Parameters
from quantimodo.protocol.scopes import spell
from quantimodo.tokens.id_tokens import IdTokens, SignIn
from quantimodo.tokens.policy import TokenPolicy, seconds_until
from quantimodo.tokens.signed import SignedTokens
from quantimodo.tokens.subjects import Subjects


@dataclass(frozen=True, slots=True)
class AuthorizationResponder:
    policy: TokenPolicy
    store: AuthorizationStore
    signed: SignedTokens
    id_tokens: IdTokens
    subjects: Subjects
    clock: Clock
    entropy: Entropy

    async def answer(
        self, request: AuthorizationRequest, signed_in: AuthenticatedSubject
    ) -> Parameters:
        """Begin the authorization, on disk, and return the parameters of its answer.

        Raises `AccessDenied` when the consent that it rests on was taken back meanwhile.
        """
        now = self.clock.now()
        words = request.response_type
        if words == {"none"}:
            return []
        grant = self._grant(request, signed_in, now)
        subject = await self.subjects.of(request.client, signed_in.user)
        code = mint(Kind.CODE, now, self.entropy) if "code" in words else None
        access = mint(Kind.ACCESS, now, self.entropy) if "token" in words else None
        opaque = access is not None and request.client.token_format == "opaque"
        if not await self.store.save_code(
            grant,
            None if code is None else self._code_row(request, grant, code, now),
            self._access_row(grant, access, now) if access is not None and opaque else None,
            _logout_recipient(request.client, grant, signed_in, subject),
        ):
            raise AccessDenied("the person took the app's access back, or signed out, meanwhile")
        parameters: Parameters = []
        if code is not None:
            parameters.append(("code", code.raw.reveal()))
        raw = None if access is None else self._access_text(request, subject, grant, access, now)
        if raw is not None:
            lifetime = seconds_until(self._access_end(grant, now), now)
            parameters += [
                ("access_token", raw),
                ("token_type", "Bearer"),
                ("expires_in", str(lifetime)),
                ("scope", spell(grant.scope)),
            ]
        if "id_token" in words:
            text = await self._id_token(request, grant, signed_in, raw, code, now)
            parameters.append(("id_token", text))
        return parameters

    def _grant(
        self, request: AuthorizationRequest, signed_in: AuthenticatedSubject, now: datetime
    ) -> Grant:
        return Grant(
            id=moment_bytes(now) + self.entropy.bytes(12),
            client_id=request.client.id,
            user_id=signed_in.user.id,
            scope=request.scope,
            authenticated_at=signed_in.authenticated_at,
            created_at=now,
            expires_at=now + self.policy.refresh_absolute_lifetime,
            methods=signed_in.methods,
            # Who only uses OAuth has no part in the session (docs/decisions/0008).
            sid=signed_in.sid if "openid" in request.scope else None,
            claims_request=_asked(request),
        )

    def _code_row(
        self, request: AuthorizationRequest, grant: Grant, minted: Minted, now: datetime
    ) -> AuthorizationCode:
        return AuthorizationCode(
            key=minted.key,
            grant_id=grant.id,
            redirect_uri=request.target.redirect_uri if request.target.given else None,
            challenge=request.challenge,
            nonce=request.nonce,
            # security.md §6: nothing outlives the authorization that it came from.
            expires_at=min(now + self.policy.code_lifetime, grant.expires_at),
        )

    def _access_row(self, grant: Grant, minted: Minted, now: datetime) -> AccessToken:
        return AccessToken(
            key=minted.key,
            client_id=grant.client_id,
            grant_id=grant.id,
            user_id=grant.user_id,
            scope=grant.scope,
            issued_at=now,
            expires_at=self._access_end(grant, now),
        )

    def _access_end(self, grant: Grant, now: datetime) -> datetime:
        return min(now + self.policy.access_lifetime, grant.expires_at)

    def _access_text(
        self,
        request: AuthorizationRequest,
        subject: str,
        grant: Grant,
        minted: Minted,
        now: datetime,
    ) -> str:
        if request.client.token_format == "opaque":
            return minted.raw.reveal()
        return self.signed.access_token(
            request.client,
            grant.scope,
            now,
            self._access_end(grant, now),
            jti=minted.key[:20],
            subject=subject,
            grant_id=grant.id,
            signed_in_at=grant.authenticated_at,
        )

    async def _id_token(
        self,
        request: AuthorizationRequest,
        grant: Grant,
        signed_in: AuthenticatedSubject,
        access_token: str | None,
        code: Minted | None,
        now: datetime,
    ) -> str:
        # OpenID Connect Core §5.4: with no access token to fetch them, the claims come along.
        alone = request.response_type == {"id_token"}
        return await self.id_tokens.write(
            request.client,
            signed_in.user,
            _signed_in(signed_in),
            now,
            not_after=grant.expires_at,
            nonce=request.nonce,
            access_token=access_token,
            code=None if code is None else code.raw.reveal(),
            scope=grant.scope,
            alone=alone,
            claims_request=grant.claims_request,
        )


def _asked(request: AuthorizationRequest) -> ClaimsRequest | None:
    claims = request.claims
    if claims is NOTHING:
        return None
    return ClaimsRequest(claims.id_token, claims.userinfo, met_acr(claims))


def _signed_in(signed_in: AuthenticatedSubject) -> SignIn:
    return SignIn(at=signed_in.authenticated_at, methods=signed_in.methods, sid=signed_in.sid)


def _logout_recipient(
    client: Client, grant: Grant, signed_in: AuthenticatedSubject, subject: str
) -> LogoutRecipient | None:
    """Whom to tell when the session ends: an application that asked to be told."""
    metadata = client.metadata
    claims_request = metadata.frontchannel_logout_uri or metadata.backchannel_logout_uri
    if grant.sid is None or not claims_request:
        return None
    return LogoutRecipient(
        sid=grant.sid,
        client_id=client.id,
        user_id=grant.user_id,
        subject=subject,
        at=grant.created_at,
        expires_at=signed_in.expires_at,
    )
