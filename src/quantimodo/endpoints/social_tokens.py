"""Codes and native tokens of providers, exchanged for a login JWT (v2-api.md §2.5, §2.6, §3, §4).

Owns the order of the steps. `login_token_responder.py` makes the response. A `Bearer` header is
ignored here: the generated clients of 2016 send one with every call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from quantimodo.accounts.errors import LinkNeeded
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.tokens import Kind
from quantimodo.endpoints.body_parameters import body_form
from quantimodo.endpoints.login_completion import IDENTITIES
from quantimodo.endpoints.login_token_responder import LoginTokenResponder
from quantimodo.endpoints.social import unknown_provider
from quantimodo.federation.contract import Provider
from quantimodo.federation.login_codes import LoginCodes
from quantimodo.federation.redirect_targets import (
    RedirectTarget,
    RedirectTargets,
    UnregisteredRedirect,
)
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.http.errors import InteractionRequired
from quantimodo.http.messages import Request, Response
from quantimodo.model.clients import Client
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.ops.metrics import Metrics
from quantimodo.outbound.errors import faults_of
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.protocol.errors import AccessDenied, InvalidGrant, InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.social_login import ALIASES, PARAMETERS
from quantimodo.tokens.login_jwts import UpstreamAuthentication
from quantimodo.tokens.login_origin import LoginOrigin, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialTokens:
    providers: Mapping[str, Provider]
    accounts: SocialAccounts
    codes: LoginCodes
    responder: LoginTokenResponder
    redirect_targets: RedirectTargets
    users: UserStore
    throttle: Throttle
    clock: Clock
    metrics: Metrics
    issuer: str
    legacy_transport: bool

    async def authorize_code(self, request: Request) -> Response:
        """GET or POST /api/v2/auth/social/authorizeCode."""
        form = _form(request)
        provider, code = self._provider(form), form.required("code")
        await self.throttle.count_address("upstream_logins_per_address", request.address)
        client = await self._named_client(form)
        if code.startswith(tuple(Kind)):
            return await self._redeem_login_code(code, provider, form, client)
        if form.get("code_verifier") is not None:
            raise InvalidGrant("code_verifier does not go with a code of the provider's own")
        redirect_url = form.get("redirect_url")
        origin = _native_origin(client)
        if redirect_url is not None:
            target = await self._registered_target(redirect_url, client)
            origin = _redirect_origin(redirect_url, target)
        began_at = self.clock.now()
        with faults_of(provider.name):
            profile = await provider.redeem(Secret(code), redirect_url)
        return await self._sign_in(request, profile.stated_by(began_at), origin)

    async def authorize_token(self, request: Request) -> Response:
        """GET or POST /api/v2/auth/social/authorizeToken."""
        form = _form(request)
        provider, token = self._provider(form), Secret(form.required("access_token"))
        if request.method == "GET":
            if not self.legacy_transport:
                raise InvalidRequest("this server takes no tokens in an address: use POST")
            self.metrics.legacy("social_token_by_get")
        await self.throttle.count_address("upstream_logins_per_address", request.address)
        if token.reveal().startswith(tuple(Kind)):
            raise InvalidRequest("accessToken must be one that the provider's SDK gave")
        client = await self._named_client(form)
        refresh_token = form.get("refresh_token")
        refresh = None if refresh_token is None else Secret(refresh_token)
        began_at = self.clock.now()
        with faults_of(provider.name):
            profile = await provider.verify_native_token(token, refresh, form.get("nonce"))
        return await self._sign_in(request, profile.stated_by(began_at), _native_origin(client))

    async def _redeem_login_code(
        self, code: str, provider: Provider, form: Form, client: Client | None
    ) -> Response:
        found = await self.codes.redeem(
            code,
            provider=provider.name,
            client_id=None if client is None else client.id,
            verifier=form.get("code_verifier"),
        )
        user = await self.users.user(found.user_id)
        if user is None or not user.usable:
            raise AccessDenied("the account is disabled or was deleted")
        # security.md §3: a client that names itself is the only one that may use the JWT.
        clients = found.clients if client is None else (client.id,)
        try:
            target = await self.redirect_targets.still(found.redirect_url, clients)
        except UnregisteredRedirect as fault:
            raise InvalidGrant(str(fault)) from None
        authentication = UpstreamAuthentication(
            idp=found.provider,
            methods=found.methods,
            authenticated_at=found.authenticated_at,
        )
        return await self.responder.respond(
            user,
            authentication,
            jti=found.jti,
            origin=replace(_redirect_origin(found.redirect_url, target), by_code=True),
            new_user=found.new_user,
        )

    async def _sign_in(
        self, request: Request, profile: UpstreamProfile, origin: LoginOrigin
    ) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=request.address)
        except LinkNeeded as fault:
            where = self.issuer + IDENTITIES
            raise InteractionRequired(403, "link_required", fault.message, where) from None
        authentication = UpstreamAuthentication(
            idp=profile.provider, methods=profile.methods, authenticated_at=self.clock.now()
        )
        response = await self.responder.respond(
            admitted.user,
            authentication,
            jti=self.codes.mint_jti(),
            origin=origin,
            new_user=admitted.new_user,
        )
        if not await self.accounts.stands(admitted):
            raise AccessDenied("this way of signing in was removed just now")
        return response

    def _provider(self, form: Form) -> Provider:
        provider = self.providers.get(form.required("provider"))
        if provider is None:
            raise InvalidRequest(unknown_provider(self.providers))
        return provider

    async def _named_client(self, form: Form) -> Client | None:
        """The application that the request names by `clientId`, if any."""
        client_id = form.get("client_id")
        try:
            return None if client_id is None else await self.redirect_targets.named(client_id)
        except UnregisteredRedirect as fault:
            raise InvalidRequest(str(fault)) from None

    async def _registered_target(self, redirect_url: str, client: Client | None) -> RedirectTarget:
        try:
            return await self.redirect_targets.find(
                redirect_url, None if client is None else client.id
            )
        except UnregisteredRedirect as fault:
            raise InvalidRequest(str(fault)) from None


def _form(request: Request) -> Form:
    if request.method == "GET":
        return Form.of_urlencoded(request.query, ALIASES, PARAMETERS)
    return body_form(request, PARAMETERS, json=True, aliases=ALIASES)


def _native_origin(client: Client | None) -> LoginOrigin:
    """The origin of a token or code that the provider issued to an app id of the operator
    (v2-api.md §4), limited to the application that the request names."""
    return LoginOrigin(clients=None if client is None else (client.id,))


def _redirect_origin(redirect_url: str, target: RedirectTarget) -> LoginOrigin:
    """The origin of a code that was sent to this address."""
    return LoginOrigin(
        clients=target.clients,
        address=None if target.own else name_of(redirect_url),
        https=redirect_url.startswith("https://"),
    )
