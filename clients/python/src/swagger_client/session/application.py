"""The registered application: builds its requests and checks authorization responses.

Pure: it makes addresses and calls, and parses responses; it sends nothing.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit

from swagger_client.calls import Call, Pairs, pairs
from swagger_client.models import TokenAnswer
from swagger_client.models.authentication import no_content
from swagger_client.records import Field, Record, integer, one, optional, text
from swagger_client.session.dpop import thumbprint
from swagger_client.session.errors import (
    AuthorizationRefused,
    InvalidAuthorizationResponse,
    UnsupportedGrantType,
)
from swagger_client.session.pkce import new_secret, s256_challenge

_AUTHORIZE = "/v2/oauth/authorize"
_PUSHED_REQUEST = "/v2/oauth2/par"
_TOKEN = "/v2/oauth2/access_token"
_REVOKE = "/v2/oauth2/revoke"
METADATA: Call[Record] = Call("GET", "/.well-known/oauth-authorization-server", one(Record))
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class DeviceCode(Record):
    """What a person types on another device (RFC 8628 §3.2), and where."""

    device_code = Field(text, "device_code")
    user_code = Field(text, "user_code")
    verification_uri = Field(text, "verification_uri")
    verification_uri_complete = Field(optional(text), "verification_uri_complete")
    expires_in = Field(integer, "expires_in")
    interval = Field(optional(integer), "interval")


class PushedRequest(Record):
    """What stands for a pushed authorization request (RFC 9126 §2.2)."""

    request_uri = Field(text, "request_uri")
    expires_in = Field(integer, "expires_in")


@dataclass(frozen=True)
class AuthorizationRequest:
    """An authorization request. Store it until the browser returns.

    `url`: the address that the person opens. `state`, `code_verifier`: bind the response to this
    request; the verifier is a secret of the application and must not reach the browser.
    `dpop_key`: the private key to which the code is bound (RFC 9449 §10), None for no key.
    """

    url: str
    state: str
    redirect_uri: str | None = None
    code_verifier: str = field(default="", repr=False)
    dpop_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Application:
    """A registered application and its server. `secret`: None for a public one. `resources`: the
    APIs that its tokens are for (RFC 8707), by default that of the server."""

    id: str
    server: str
    secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    scope: str = "basic"
    resources: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Where its calls go."""
        return f"{self.server}/api"

    def authorization_request(
        self,
        state: str | None = None,
        redirect_uri: str | None = None,
        dpop_key: str | None = None,
        **more: str | None,
    ) -> AuthorizationRequest:
        """A new request with a new state and verifier. `more`: `prompt`, `nonce`, …"""
        state = state or new_secret()
        verifier = new_secret()
        redirect_uri = redirect_uri or self.redirect_uri
        query = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": redirect_uri,
            "scope": self.scope,
            "state": state,
            "code_challenge": s256_challenge(verifier),
            "code_challenge_method": "S256",
            "dpop_jkt": None if dpop_key is None else thumbprint(dpop_key),
            **more,
        }
        url = self._authorization_url((*pairs(query), *self._resources()))
        return AuthorizationRequest(url, state, redirect_uri, verifier, dpop_key)

    def pushed_request(self, request: AuthorizationRequest) -> Call[PushedRequest]:
        """The call that pushes a request to the server (RFC 9126 §2.1)."""
        form = tuple(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        return Call(
            "POST",
            _PUSHED_REQUEST,
            one(PushedRequest),
            form=form,
            headers=self._basic(),
            single_use=True,
        )

    def by_reference(
        self, request: AuthorizationRequest, pushed: PushedRequest
    ) -> AuthorizationRequest:
        """The same request with the address that names the pushed one (RFC 9126 §4)."""
        query = (("client_id", self.id), ("request_uri", pushed.request_uri))
        return replace(request, url=self._authorization_url(query))

    def _authorization_url(self, query: Pairs) -> str:
        return f"{self.host}{_AUTHORIZE}?{urlencode(query)}"

    def _resources(self) -> Pairs:
        return tuple(("resource", each) for each in self.resources)

    def code_from(self, authorization_response: str, request: AuthorizationRequest) -> str:
        """The code in the address to which the browser returned.

        Raises `InvalidAuthorizationResponse` unless it belongs to this request and server, and
        `AuthorizationRefused` if it has an error instead of a code.
        """
        parameters = _parameters_of(authorization_response)
        # RFC 6749 §10.12: checked before all other parameters.
        if not hmac.compare_digest(parameters.get("state", "").encode(), request.state.encode()):
            raise InvalidAuthorizationResponse(
                "the response belongs to another request: start again"
            )
        # RFC 9207 §2.4: this server sends `iss` in every response, errors included.
        if parameters.get("iss") != self.server:
            raise InvalidAuthorizationResponse(
                "the response comes from another server: start again"
            )
        if "error" in parameters:
            raise AuthorizationRefused(parameters["error"], parameters.get("error_description"))
        if "code" not in parameters:
            raise InvalidAuthorizationResponse("the response has no code: start again")
        return parameters["code"]

    def token_request(self, code: str, request: AuthorizationRequest) -> Call[TokenAnswer]:
        """The token request for a code (RFC 6749 §4.1.3)."""
        return self._token_call(
            grant_type="authorization_code",
            code=code,
            redirect_uri=request.redirect_uri,
            code_verifier=request.code_verifier or None,
        )

    def refresh_request(self, refresh_token: str) -> Call[TokenAnswer]:
        """The token request for a refresh token (RFC 6749 §6)."""
        return self._token_call(grant_type="refresh_token", refresh_token=refresh_token)

    def client_credentials_request(self, scope: str | None) -> Call[TokenAnswer]:
        """The token request of the application itself (RFC 6749 §4.4.2)."""
        call = self._token_call(grant_type="client_credentials", scope=scope)
        return replace(call, form=(*call.form, *self._resources()))

    def path_of(self, endpoint: object) -> str:
        """The path of the device authorization endpoint, from the metadata of the server. Raises
        `UnsupportedGrantType` without one."""
        if not isinstance(endpoint, str) or not endpoint.startswith(f"{self.host}/"):
            raise UnsupportedGrantType("this server does not offer to sign in by another device")
        return endpoint[len(self.host) :]

    def device_authorization_request(self, path: str) -> Call[DeviceCode]:
        """The device authorization request (RFC 8628 §3.1)."""
        form = (*self._with_id({"scope": self.scope}), *self._resources())
        return Call(
            "POST", path, one(DeviceCode), form=form, headers=self._basic(), single_use=True
        )

    def device_token_request(self, device_code: str) -> Call[TokenAnswer]:
        """The token request for a device code (RFC 8628 §3.4)."""
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        return self._token_call(grant_type=grant, device_code=device_code)

    def revocation_request(self, token: str) -> Call[None]:
        """The revocation request (RFC 7009 §2.1); a refresh token ends its whole grant."""
        form = self._with_id({"token": token})
        return Call("POST", _REVOKE, no_content, form=form, headers=self._basic(), single_use=True)

    def _token_call(self, **fields: str | None) -> Call[TokenAnswer]:
        form = self._with_id(fields)
        headers = self._basic()
        return Call("POST", _TOKEN, one(TokenAnswer), form=form, headers=headers, single_use=True)

    def _with_id(self, fields: Mapping[str, str | None]) -> Pairs:
        return pairs(fields if self.secret else {**fields, "client_id": self.id})

    def _basic(self) -> dict[str, str]:
        if not self.secret:
            return {}
        # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        pair = f"{quote_plus(self.id)}:{quote_plus(self.secret)}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def server_of(address: str, *, insecure_http: bool = False) -> str:
    """The issuer of a server, from its address with or without `/api`.

    Raises `ValueError` for an invalid address, and for plain HTTP to another machine.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query:
        raise ValueError("the server must be an address such as https://id.example.org")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not insecure_http:
        raise ValueError("tokens go over https only, except to this machine itself")
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path[:-4] if path.endswith('/api') else path}"


def _parameters_of(authorization_response: str) -> dict[str, str]:
    """The query of an address, or a query alone. Repeated parameters are ignored."""
    is_address = "?" in authorization_response or "://" in authorization_response
    query = urlsplit(authorization_response).query if is_address else authorization_response
    found = parse_qs(query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items() if len(values) == 1}
