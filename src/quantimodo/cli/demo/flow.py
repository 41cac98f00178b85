"""The main flow as an app and a person's browser run it, for `quantimodo demo`.

Owns the order of the steps and the expected response to each; any other response raises
`Unexpected`. It uses HTTP only. The person who signs in has to exist.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from quantimodo.cli.demo.html_forms import HtmlForm, HtmlPage
from quantimodo.cli.demo.output import DemoOutput, as_object
from quantimodo.crypto.digests import digest
from quantimodo.crypto.jwks import open_verifier
from quantimodo.crypto.jwt import BadToken, base64url, unverified_kid, verify
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

METADATA = "/.well-known/openid-configuration"
SCOPE = "openid profile email basic offline_access"
_MOST_HOPS = 12


class Unexpected(Exception):
    """The server did not respond as it should; the text says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """The app with its secret, and the person with a password."""

    client_id: str
    client_secret: Secret
    redirect_uri: str
    email: str
    password: Secret

    @property
    def credentials(self) -> httpx.BasicAuth:
        """The client's credentials for HTTP Basic."""
        return httpx.BasicAuth(self.client_id, self.client_secret.reveal())


@dataclass(frozen=True, slots=True)
class Request:
    """An authorization request on its way: the values that the response is compared with."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class DemoFlow:
    """`http` has the cookies of the person's browser; the app's own calls send none of them."""

    http: httpx.AsyncClient
    demo_output: DemoOutput
    entropy: Entropy
    metadata: Mapping[str, Any]
    account: DemoAccount

    async def all(self) -> None:
        """Every step. Raises `Unexpected`."""
        callback, request = await self._authorize()
        tokens = await self._redeem(callback, request)
        await self._check_id_token(str(tokens.get("id_token", "")), request)
        await self._use(tokens)
        fresh = await self._refresh(tokens)
        await self._revoke(fresh)

    async def _authorize(self) -> tuple[str, Request]:
        self.demo_output.step(1, "The app sends the person to the authorize endpoint, with PKCE")
        authorization = Request(self._random(), self._random(), self._random())
        parameters = {
            "response_type": "code",
            "client_id": self.account.client_id,
            "redirect_uri": self.account.redirect_uri,
            "scope": SCOPE,
            "state": authorization.state,
            "nonce": authorization.nonce,
            "code_challenge": base64url(digest(authorization.verifier)).decode(),
            "code_challenge_method": "S256",
        }
        url = httpx.URL(self.metadata["authorization_endpoint"], params=parameters)
        return await self._as_person(self.http.build_request("GET", url)), authorization

    async def _as_person(self, request: httpx.Request) -> str:
        """Follow pages and redirects, sign in and allow, until the browser is redirected to the
        app."""
        form: Mapping[str, str] | None = None
        for _ in range(_MOST_HOPS):
            response = await self._send(request, form)
            location: str = urljoin(str(response.url), response.headers.get("location", ""))
            if response.is_redirect and location.startswith(self.account.redirect_uri):
                return location
            if response.is_redirect:
                here = request.url.netloc.decode()
                _expect(urlsplit(location).netloc == here, "the browser stays here until then")
                request, form = self.http.build_request("GET", location), None
            else:
                request, form = self._filled_in(response)
        raise Unexpected("the sign-in and consent pages never led back to the app")

    def _filled_in(self, response: httpx.Response) -> tuple[httpx.Request, Mapping[str, str]]:
        page = HtmlPage(response.text)
        _expect(
            response.status_code == 200,
            f"the page {page.title!r} is answered with 200"
            " (does the server use the same database as this command?)",
        )
        for form in page.forms:
            if "password" in form.kinds.values():
                self.demo_output.step(2, "The person signs in")
                values = self._credentials(form)
            elif "allow" in form.buttons:
                self.demo_output.step(3, "The person allows it")
                values = form.pressed("allow")
            else:
                continue
            url = urljoin(str(response.url), form.action)
            return self.http.build_request(form.method, url, data=values), values
        raise Unexpected(f"the page {page.title!r} is neither the sign-in nor the consent page")

    def _credentials(self, form: HtmlForm) -> dict[str, str]:
        person = {
            "username": self.account.email,
            "password": self.account.password.reveal(),
        }
        return {**form.values, **person}

    async def _redeem(self, callback: str, authorization: Request) -> dict[str, Any]:
        self.demo_output.step(4, "The browser is back at the app, which redeems the code")
        brought = dict(parse_qsl(urlsplit(callback).query))
        _expect(
            brought.get("state") == authorization.state, "the response has the state that was sent"
        )
        _expect(brought.get("iss") == self.metadata["issuer"], "the response names its issuer")
        tokens = await self._token(
            grant_type="authorization_code",
            code=brought.get("code", ""),
            redirect_uri=self.account.redirect_uri,
            code_verifier=authorization.verifier,
        )
        for name in ("access_token", "refresh_token", "id_token"):
            _expect(name in tokens, f"the token response has a {name}")
        return tokens

    async def _check_id_token(self, token: str, authorization: Request) -> None:
        self.demo_output.step(5, "The app checks the ID token with the published keys")
        response = await self._call("GET", self.metadata["jwks_uri"], 200)
        kid = unverified_kid(token)
        published = {jwk["kid"]: jwk for jwk in as_object(response).get("keys", ())}
        _expect(kid in published, "the key of the ID token is published")
        jwk = published[kid]
        try:
            claims = verify(token, open_verifier(jwk["kid"], jwk["alg"], json.dumps(jwk)), "JWT")
        except BadToken:
            raise Unexpected("the signature of the ID token is not by the published key") from None
        for name, value in claims.items():
            self.demo_output.note(f"{name} = {value}")
        _expect(claims.get("iss") == self.metadata["issuer"], "the ID token names its issuer")
        aud = claims.get("aud")
        _expect(
            aud in (self.account.client_id, [self.account.client_id]),
            "the ID token is for us",
        )
        _expect(
            claims.get("nonce") == authorization.nonce, "the ID token has the nonce that was sent"
        )

    async def _use(self, tokens: Mapping[str, Any]) -> None:
        token = str(tokens["access_token"])
        self.demo_output.step(6, "The app uses the access token")
        me = as_object(await self._resource("/api/v1/user/me", token, 200))
        _expect(self.account.email in me.values(), "user/me is about the person who signed in")
        url = str(self.metadata["userinfo_endpoint"])
        info = as_object(await self._resource(url, token, 200))
        _expect(info.get("email") == self.account.email, "userinfo is about the same person")
        self.demo_output.step(7, "Introspection says what the token is good for")
        _expect(await self._active(token), "the token is active")

    async def _refresh(self, tokens: Mapping[str, Any]) -> dict[str, Any]:
        self.demo_output.step(8, "The app refreshes")
        old = str(tokens["refresh_token"])
        fresh = await self._token(grant_type="refresh_token", refresh_token=old)
        _expect(fresh.get("refresh_token") not in (None, old), "the refresh token is a new one")
        _expect(fresh["access_token"] != tokens["access_token"], "the access token is a new one")
        return fresh

    async def _revoke(self, tokens: Mapping[str, Any]) -> None:
        self.demo_output.step(9, "The app gives up its access: everything that was granted ends")
        url, token = str(self.metadata["revocation_endpoint"]), str(tokens["refresh_token"])
        await self._call("POST", url, 200, {"token": token}, self.account.credentials)
        self.demo_output.step(10, "Nothing works any more")
        access = str(tokens["access_token"])
        _expect(not await self._active(access), "the token is not active after revocation")
        await self._resource("/api/v1/user/me", access, 401)

    async def _token(self, **form: str) -> dict[str, Any]:
        url = str(self.metadata["token_endpoint"])
        return as_object(await self._call("POST", url, 200, form, self.account.credentials))

    async def _active(self, token: str) -> bool:
        url = str(self.metadata["introspection_endpoint"])
        response = await self._call("POST", url, 200, {"token": token}, self.account.credentials)
        return as_object(response).get("active") is True

    async def _resource(self, path: str, token: str, status: int) -> httpx.Response:
        url = urljoin(str(self.metadata["issuer"]), path)
        request = httpx.Request("GET", url, headers={"Authorization": f"Bearer {token}"})
        return await self._response(request, None, status)

    async def _call(
        self,
        method: str,
        url: str,
        status: int,
        form: dict[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
    ) -> httpx.Response:
        """A request of the app itself, without the browser's cookies."""
        request = httpx.Request(method, url, data=form)
        if auth is not None:
            request = next(auth.auth_flow(request))
        return await self._response(request, form, status)

    async def _response(
        self, request: httpx.Request, form: Mapping[str, str] | None, status: int
    ) -> httpx.Response:
        response = await self._send(request, form)
        _expect(response.status_code == status, f"{request.url.path} answers {status}")
        return response

    async def _send(self, request: httpx.Request, form: Mapping[str, str] | None) -> httpx.Response:
        self.demo_output.request(request, form)
        try:
            response = await self.http.send(request, follow_redirects=False)
        except httpx.HTTPError as fault:
            raise Unexpected(f"the server did not respond ({type(fault).__name__})") from None
        self.demo_output.response(response)
        return response

    def _random(self) -> str:
        return base64url(self.entropy.bytes(32)).decode()


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise Unexpected(f"it does not hold that {what}")
