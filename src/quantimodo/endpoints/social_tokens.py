"""Codes and native tokens of providers, traded for a login JWT (v2-api.md §2.5, §2.6, §3, §4).

Owns the order of the steps and the envelope of the answer. A `Bearer` header is ignored here: the
generated clients of 2016 put one on every call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from quantimodo.accounts.errors import LinkNeeded
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.tokens import Kind
from quantimodo.endpoints.envelopes import (
    login_data,
    pairwise_person_data,
    person_data,
)
from quantimodo.endpoints.forms import body_form
from quantimodo.endpoints.login_completion import IDENTITIES
from quantimodo.endpoints.social import unknown_provider
from quantimodo.federation.contract import Provider
from quantimodo.federation.login_codes import CodeReplayed, LoginCodes
from quantimodo.federation.redirect_targets import (
    RedirectTarget,
    RedirectTargets,
    UnregisteredRedirect,
)
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.http.errors import InteractionRequired
from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.clients import Client
from quantimodo.model.events import Event
from quantimodo.model.identities import LoginCode, Profile
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.ops.metrics import Metrics
from quantimodo.outbound.errors import faults_of
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.errors import AccessDenied, InvalidGrant, InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.social import ALIASES, PARAMETERS
from quantimodo.protocol.subjects import is_pairwise
from quantimodo.tokens.login import LIFETIME, LoginTokens
from quantimodo.tokens.login_origin import LoginOrigin, name_of
from quantimodo.tokens.subjects import Subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialTokens:
    providers: Mapping[str, Provider]
    accounts: SocialAccounts
    codes: LoginCodes
    tokens: LoginTokens
    redirect_targets: RedirectTargets
    clients: ClientStore
    subjects: Subjects
    users: UserStore
    throttle: Throttle
    clock: Clock
    audit: Audit
    metrics: Metrics
    issuer: str
    legacy_transport: bool

    async def authorize_code(self, request: Request) -> Response:
        """GET or POST /api/v2/auth/social/authorizeCode."""
        return await self._redeem(request, _form(request))

    async def authorize_token(self, request: Request) -> Response:
        """GET or POST /api/v2/auth/social/authorizeToken."""
        return await self._recognise(request, _form(request))

    async def _redeem(self, request: Request, form: Form) -> Response:
        provider, code = self._provider(form), form.required("code")
        await self.throttle.start_upstream_login(request.address)
        client = await self._named(form)
        if code.startswith(tuple(Kind)):
            return await self._redeem_ours(code, provider, form, client)
        if form.get("code_verifier") is not None:
            raise InvalidGrant("code_verifier does not go with a code of the provider's own")
        redirect_url = form.get("redirect_url")
        origin = _for_one(client)
        if redirect_url is not None:
            origin = _at(redirect_url, await self._registered(redirect_url, client))
        with faults_of(provider.name):
            profile = await provider.redeem(Secret(code), redirect_url)
        return await self._admit(request, profile, origin)

    async def _redeem_ours(
        self, code: str, provider: Provider, form: Form, client: Client | None
    ) -> Response:
        try:
            found = await self.codes.redeem(
                code,
                provider=provider.name,
                client_id=None if client is None else client.id,
                verifier=form.get("code_verifier"),
            )
        except CodeReplayed as replay:
            self._record("login_code.replayed", replay.user_id)
            raise
        user = await self.users.user(found.user_id)
        if user is None or user.disabled_at is not None:
            raise AccessDenied("the account is disabled or was deleted")
        # security.md §3: a client that names itself binds what it gets.
        clients = found.clients if client is None else (client.id,)
        try:
            target = await self.redirect_targets.still(found.redirect_url, clients)
        except UnregisteredRedirect as fault:
            raise InvalidGrant(str(fault)) from None
        origin = replace(_at(found.redirect_url, target), by_code=True)
        return await self._answer(found, user, origin)

    async def _recognise(self, request: Request, form: Form) -> Response:
        provider, token = self._provider(form), Secret(form.required("access_token"))
        if request.method == "GET":
            if not self.legacy_transport:
                raise InvalidRequest("this server takes no tokens in an address: use POST")
            self.metrics.legacy("social_token_by_get")
        await self.throttle.start_upstream_login(request.address)
        if token.reveal().startswith(tuple(Kind)):
            raise InvalidRequest("accessToken must be one that the provider's SDK gave")
        client = await self._named(form)
        refresh_token = form.get("refresh_token")
        refresh = None if refresh_token is None else Secret(refresh_token)
        with faults_of(provider.name):
            profile = await provider.verify_native_token(token, refresh, form.get("nonce"))
        return await self._admit(request, profile, _for_one(client))

    async def _admit(self, request: Request, profile: Profile, origin: LoginOrigin) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=request.address)
        except LinkNeeded as fault:
            where = self.issuer + IDENTITIES
            raise InteractionRequired(403, "link_required", fault.message, where) from None
        person = await self._person(admitted.user, origin)
        token = self.tokens.issue(
            admitted.user,
            methods=profile.methods,
            idp=profile.provider,
            authenticated_at=self.clock.now(),
            jti=self.codes.new_jti(),
            origin=origin,
            sealed=person["id"] is None,
        )
        if not await self.accounts.stands(admitted):
            raise AccessDenied("this way of signing in was removed just now")
        return _envelope(token, person, new_user=admitted.new_user)

    async def _answer(self, found: LoginCode, user: User, origin: LoginOrigin) -> Response:
        person = await self._person(user, origin)
        token = self.tokens.issue(
            user,
            methods=found.methods,
            idp=found.provider,
            authenticated_at=found.authenticated_at,
            jti=found.jti,
            origin=origin,
            sealed=person["id"] is None,
        )
        return _envelope(token, person, new_user=found.new_user)

    async def _person(self, user: User, origin: LoginOrigin) -> dict[str, Any]:
        """The person, as all applications that this is for may know them."""
        found = [await self.clients.client(client_id) for client_id in origin.clients or ()]
        clients = [client for client in found if client is not None]
        if not any(is_pairwise(client) for client in clients):
            return person_data(user)
        if len(clients) > 1:
            return pairwise_person_data(user, None)
        try:
            return pairwise_person_data(user, await self.subjects.of(clients[0], user))
        except Conflict:
            raise AccessDenied("the account was deleted") from None

    def _provider(self, form: Form) -> Provider:
        provider = self.providers.get(form.required("provider"))
        if provider is None:
            raise InvalidRequest(unknown_provider(self.providers))
        return provider

    async def _named(self, form: Form) -> Client | None:
        """The application that the caller says it is, if it says so."""
        client_id = form.get("client_id")
        try:
            return None if client_id is None else await self.redirect_targets.named(client_id)
        except UnregisteredRedirect as fault:
            raise InvalidRequest(str(fault)) from None

    async def _registered(self, redirect_url: str, client: Client | None) -> RedirectTarget:
        try:
            return await self.redirect_targets.find(
                redirect_url, None if client is None else client.id
            )
        except UnregisteredRedirect as fault:
            raise InvalidRequest(str(fault)) from None

    def _record(self, kind: str, user_id: int) -> None:
        self.audit.record(Event(at=self.clock.now(), kind=kind, user_id=user_id))


def _form(request: Request) -> Form:
    if request.method == "GET":
        return Form.of_urlencoded(request.query, ALIASES, PARAMETERS)
    return body_form(request, PARAMETERS, json=True, aliases=ALIASES)


def _for_one(client: Client | None) -> LoginOrigin:
    """Of what was issued to an app id of the operator's (v2-api.md §4), narrowed to the
    application that named itself."""
    return LoginOrigin(clients=None if client is None else (client.id,))


def _at(redirect_url: str, target: RedirectTarget) -> LoginOrigin:
    """Of what came by this address."""
    return LoginOrigin(
        clients=target.clients,
        address=None if target.own else name_of(redirect_url),
        https=redirect_url.startswith("https://"),
    )


def _envelope(token: Secret, person: dict[str, Any], *, new_user: bool) -> Response:
    lifetime = round(LIFETIME.total_seconds())
    return private_json(200, login_data(token.reveal(), lifetime, person, new_user=new_user))
