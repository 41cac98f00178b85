"""What an authorization answer brings: a code, tokens, or both (RFC 6749 §4.1.2, §4.2.2;
OpenID Connect Core §3.2.2.5, §3.3.2.5)."""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.crypto.tokens import Kind, Minted, mint, moment_bytes
from quantimodo.model.clients import Client
from quantimodo.model.sessions import Participant, Presence
from quantimodo.model.tokens import AccessToken, Asked, AuthorizationCode, Family
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
class FrontChannel:
    policy: TokenPolicy
    store: AuthorizationStore
    signed: SignedTokens
    id_tokens: IdTokens
    subjects: Subjects
    clock: Clock
    entropy: Entropy

    async def answer(self, request: AuthorizationRequest, presence: Presence) -> Parameters:
        """Begin the authorization, on disk, and return the parameters of its answer.

        Raises `AccessDenied` when the consent that it rests on was taken back meanwhile.
        """
        now = self.clock.now()
        words = request.response_type
        if words == {"none"}:
            return []
        family = self._family(request, presence, now)
        subject = await self.subjects.of(request.client, presence.user)
        code = mint(Kind.CODE, now, self.entropy) if "code" in words else None
        access = mint(Kind.ACCESS, now, self.entropy) if "token" in words else None
        opaque = access is not None and request.client.token_format == "opaque"
        if not await self.store.save_code(
            family,
            None if code is None else self._code_row(request, family, code, now),
            self._access_row(family, access, now) if access is not None and opaque else None,
            _participant(request.client, family, presence, subject),
        ):
            raise AccessDenied("the person took the app's access back, or signed out, meanwhile")
        parameters: Parameters = []
        if code is not None:
            parameters.append(("code", code.raw.reveal()))
        raw = None if access is None else self._access_text(request, subject, family, access, now)
        if raw is not None:
            lifetime = seconds_until(self._access_end(family, now), now)
            parameters += [
                ("access_token", raw),
                ("token_type", "Bearer"),
                ("expires_in", str(lifetime)),
                ("scope", spell(family.scope)),
            ]
        if "id_token" in words:
            text = await self._id_token(request, family, presence, raw, code, now)
            parameters.append(("id_token", text))
        return parameters

    def _family(self, request: AuthorizationRequest, presence: Presence, now: datetime) -> Family:
        return Family(
            id=moment_bytes(now) + self.entropy.bytes(12),
            client_id=request.client.id,
            user_id=presence.user.id,
            scope=request.scope,
            authenticated_at=presence.authenticated_at,
            created_at=now,
            expires_at=now + self.policy.refresh_absolute_lifetime,
            methods=presence.methods,
            # Who only uses OAuth has no part in the session (docs/decisions/0008).
            sid=presence.sid if "openid" in request.scope else None,
            asked=_asked(request),
        )

    def _code_row(
        self, request: AuthorizationRequest, family: Family, minted: Minted, now: datetime
    ) -> AuthorizationCode:
        return AuthorizationCode(
            key=minted.key,
            family_id=family.id,
            redirect_uri=request.target.redirect_uri if request.target.given else None,
            challenge=request.challenge,
            nonce=request.nonce,
            # security.md 6: nothing outlives the authorization that it came from.
            expires_at=min(now + self.policy.code_lifetime, family.expires_at),
        )

    def _access_row(self, family: Family, minted: Minted, now: datetime) -> AccessToken:
        return AccessToken(
            key=minted.key,
            client_id=family.client_id,
            family_id=family.id,
            user_id=family.user_id,
            scope=family.scope,
            issued_at=now,
            expires_at=self._access_end(family, now),
        )

    def _access_end(self, family: Family, now: datetime) -> datetime:
        return min(now + self.policy.access_lifetime, family.expires_at)

    def _access_text(
        self,
        request: AuthorizationRequest,
        subject: str,
        family: Family,
        minted: Minted,
        now: datetime,
    ) -> str:
        if request.client.token_format == "opaque":
            return minted.raw.reveal()
        return self.signed.access_token(
            request.client,
            family.scope,
            now,
            self._access_end(family, now),
            jti=minted.key[:20],
            subject=subject,
            family_id=family.id,
            signed_in_at=family.authenticated_at,
        )

    async def _id_token(
        self,
        request: AuthorizationRequest,
        family: Family,
        presence: Presence,
        access_token: str | None,
        code: Minted | None,
        now: datetime,
    ) -> str:
        # OpenID Connect Core §5.4: with no access token to fetch them, the claims come along.
        alone = request.response_type == {"id_token"}
        return await self.id_tokens.write(
            request.client,
            presence.user,
            _signed_in(presence),
            now,
            not_after=family.expires_at,
            nonce=request.nonce,
            access_token=access_token,
            code=None if code is None else code.raw.reveal(),
            scope=family.scope,
            alone=alone,
            asked=family.asked,
        )


def _asked(request: AuthorizationRequest) -> Asked | None:
    claims = request.claims
    if claims is NOTHING:
        return None
    return Asked(claims.id_token, claims.userinfo, met_acr(claims))


def _signed_in(presence: Presence) -> SignIn:
    return SignIn(at=presence.authenticated_at, methods=presence.methods, sid=presence.sid)


def _participant(
    client: Client, family: Family, presence: Presence, subject: str
) -> Participant | None:
    """Whom to tell when the session ends: an application that asked to be told."""
    metadata = client.metadata
    asked = metadata.frontchannel_logout_uri or metadata.backchannel_logout_uri
    if family.sid is None or not asked:
        return None
    return Participant(
        sid=family.sid,
        client_id=client.id,
        user_id=family.user_id,
        subject=subject,
        at=family.created_at,
        expires_at=presence.expires_at,
    )
