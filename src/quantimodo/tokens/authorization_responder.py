"""The parameters of an authorization response: a code, tokens, or both (RFC 6749 §4.1.2, §4.2.2;
OpenID Connect Core §3.2.2.5, §3.3.2.5)."""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.crypto.tokens import moment_bytes, public_grant_id
from quantimodo.model.consent_details import explicit
from quantimodo.model.consents import Consent
from quantimodo.model.sessions import AuthenticatedSubject, LogoutRecipient
from quantimodo.model.tokens import AuthorizationCode, ClaimsRequest, Grant, PolledCode
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.authorization_responses import Parameters
from quantimodo.protocol.claims import SCOPE_OF_CLAIM
from quantimodo.protocol.claims_request import NOTHING, met_acr
from quantimodo.protocol.consent_details import to_json_or_none
from quantimodo.protocol.consents import allowed_part
from quantimodo.protocol.errors import AccessDenied, InvalidGrantId
from quantimodo.protocol.grant_management import GrantAction
from quantimodo.protocol.resources import Targets
from quantimodo.protocol.scopes import health_actions
from quantimodo.tokens.minted_tokens import (
    Authorization,
    IdTokenContext,
    MintedAccessToken,
    MintedCode,
    TokenBinding,
)
from quantimodo.tokens.minter import TokenMinter, access_token_parameters
from quantimodo.tokens.subjects import Subjects


@dataclass(frozen=True, slots=True)
class AuthorizationResponder:
    """Stores grants and returns the parameters of authorization responses."""

    minter: TokenMinter
    store: AuthorizationStore
    subjects: Subjects
    targets: Targets
    clock: Clock
    entropy: Entropy

    async def respond(
        self, request: AuthorizationRequest, signed_in: AuthenticatedSubject, consent: Consent
    ) -> Parameters:
        """Store the grant, its code and its tokens on disk; return the parameters of the response.

        Raises `AccessDenied` if the person withdrew or narrowed the consent, or signed out, in the
        meantime.
        """
        now, types = self.clock.now(), request.response_type
        if request.polled is not None:
            await self._approve(request, request.polled, signed_in, consent)
            return []
        if types == {"none"}:
            return []
        grant = self._grant(request, signed_in, consent, now)
        grant, follows = _managed(grant, request.grant_action)
        authorization = Authorization(request.client, grant, signed_in.user)
        code, access = None, None
        if "code" in types:
            code = self.minter.mint_code(grant, request, now)
        if "token" in types:
            scope = self.targets.narrow(grant.scope, request.identifiers)
            resource = await self.minter.resource_of(scope)
            bound = TokenBinding(resource)
            access = self.minter.mint_access_token(authorization, scope, now, bound)
        if not await self.store.add_grant(
            grant,
            None if code is None else code.row,
            None if access is None else access.row,
            await self._logout_recipient(authorization, signed_in),
            follows=follows,
        ):
            raise AccessDenied(
                "the person took the app's access back, or signed out, meanwhile",
                refusal="access_withdrawn",
            )
        return await self._parameters(request, authorization, code, access, now)

    async def _parameters(
        self,
        request: AuthorizationRequest,
        authorization: Authorization,
        code: MintedCode | None,
        access: MintedAccessToken | None,
        now: datetime,
    ) -> Parameters:
        """The parameters of the stored code and tokens, and the ID token of a request for one."""
        grant, types = authorization.grant, request.response_type
        parameters: Parameters = []
        raw_code = None if code is None else code.raw.reveal()
        if raw_code is not None:
            parameters.append(("code", raw_code))
        text = None if access is None else await self.minter.text(access)
        if access is not None and text is not None:
            members = access_token_parameters(access, text, now)
            parameters += [(name, str(value)) for name, value in members.items()]
            if grant.details is not None and access.audience is None:
                parameters.append(("authorization_details", grant.details))  # RFC 9396 §7
        if "id_token" in types and "openid" in grant.scope:
            context = IdTokenContext(
                grant.scope, request.nonce, text, raw_code, alone=types == {"id_token"}
            )
            id_token = await self.minter.mint_id_token(authorization, context, now)
            parameters.append(("id_token", id_token))
        return parameters

    async def _approve(
        self,
        request: AuthorizationRequest,
        polled: PolledCode,
        signed_in: AuthenticatedSubject,
        consent: Consent,
    ) -> None:
        """Store the grant, and a code under the key of the one that the client polls with (RFC 8628
        §3.4): it is redeemed once, as other codes are."""
        grant = self._grant(request, signed_in, consent, self.clock.now())
        # A client that polls is not part of the browser's session (docs/decisions/0024).
        grant = grant._replace(sid=None)
        code = AuthorizationCode(
            key=polled.key,
            grant_id=grant.id,
            redirect_uri=None,
            challenge=None,
            nonce=None,
            expires_at=min(polled.expires_at, grant.expires_at),
            confirmation=polled.confirmation,
        )
        if not await self.store.add_grant(grant, code, polled=polled.key):
            raise AccessDenied(
                "the client does not wait any more, or the person took the app's access back",
                refusal="access_withdrawn",
            )

    def _grant(
        self,
        request: AuthorizationRequest,
        signed_in: AuthenticatedSubject,
        consent: Consent,
        now: datetime,
    ) -> Grant:
        scope, details = allowed_part(consent, request.scope, request.details)
        if not scope:
            raise AccessDenied(
                "the person allows none of the requested scopes", refusal="person_refused"
            )
        if request.states_details:
            # RFC 9396 §7: the responses have them, also where they are all that the scope opens.
            details = explicit(details, health_actions(scope))
        end = now + self.minter.policy.refresh_absolute_lifetime
        return Grant(
            id=moment_bytes(now) + self.entropy.bytes(12),
            client_id=request.client.id,
            user_id=signed_in.user.id,
            scope=scope,
            authenticated_at=signed_in.authenticated_at,
            created_at=now,
            expires_at=end if consent.expires_at is None else min(end, consent.expires_at),
            methods=signed_in.methods,
            # A grant without `openid` does not end with the session (docs/decisions/0008).
            sid=signed_in.sid if "openid" in scope else None,
            claims_request=_claims_request(request, signed_in, consent),
            details=to_json_or_none(details),
        )

    async def _logout_recipient(
        self, authorization: Authorization, signed_in: AuthenticatedSubject
    ) -> LogoutRecipient | None:
        """The client, if it registered for a notification when the session ends."""
        client, grant, user = authorization
        metadata = client.metadata
        registered = metadata.frontchannel_logout_uri or metadata.backchannel_logout_uri
        if grant.sid is None or not registered:
            return None
        return LogoutRecipient(
            sid=grant.sid,
            client_id=client.id,
            user_id=grant.user_id,
            subject=await self.subjects.of(client, user),
            at=grant.created_at,
            expires_at=signed_in.expires_at,
        )


def _managed(grant: Grant, action: GrantAction | None) -> tuple[Grant, bytes | None]:
    """The grant, with a public id if the client manages it (Grant Management §5.5), and the id of
    the grant that it follows."""
    if action is None:
        return grant, None
    if action.before is None:
        if action.grant_id is not None:
            raise InvalidGrantId("the grant is not known")
        return grant._replace(public_id=public_grant_id(grant.id)), None
    return grant._replace(public_id=action.before.public_id), action.before.id


def _claims_request(
    request: AuthorizationRequest, signed_in: AuthenticatedSubject, consent: Consent
) -> ClaimsRequest | None:
    """The claims whose scope the person allows."""
    claims = request.claims
    if claims is NOTHING:
        return None
    acr = met_acr(claims, signed_in.methods)
    if claims.scope <= consent.scope:
        return ClaimsRequest(claims.id_token, claims.userinfo, acr)
    allowed = frozenset(name for name, scope in SCOPE_OF_CLAIM.items() if scope in consent.scope)
    return ClaimsRequest(claims.id_token & allowed, claims.userinfo & allowed, acr)
