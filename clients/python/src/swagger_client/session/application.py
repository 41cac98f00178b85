"""The application as the server knows it: what it asks for, and whether an answer is its own.

Pure: it makes addresses and calls, and reads what came back; it sends nothing.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from swagger_client.calls import Call, Pairs, pairs
from swagger_client.models import TokenAnswer
from swagger_client.models.authentication import nothing
from swagger_client.records import Field, Record, maybe, one, text, whole
from swagger_client.session.errors import AuthorizationRefused, ForeignAnswer, NotOffered
from swagger_client.session.proof import challenge_of, new_secret

_AUTHORIZE = "/v2/oauth/authorize"
_TOKEN = "/v2/oauth2/access_token"
_REVOKE = "/v2/oauth2/revoke"
METADATA: Call[Record] = Call("GET", "/.well-known/oauth-authorization-server", one(Record))
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class DeviceCode(Record):
    """What a person types on another device (RFC 8628 §3.2), and where."""

    device_code = Field(text, "device_code")
    user_code = Field(text, "user_code")
    verification_uri = Field(text, "verification_uri")
    verification_uri_complete = Field(maybe(text), "verification_uri_complete")
    expires_in = Field(whole, "expires_in")
    interval = Field(maybe(whole), "interval")


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that a browser takes to the server. Keep it until the answer comes.

    `url`: what the person opens. `state`, `code_verifier`: what ties the answer to this request;
    the verifier is a secret of the application's and stays off the browser.
    """

    url: str
    state: str
    redirect_uri: str | None = None
    code_verifier: str = field(default="", repr=False)


@dataclass(frozen=True)
class Application:
    """A registered application and its server. `secret`: None for a public one."""

    id: str
    server: str
    secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    scope: str = "basic"

    @property
    def host(self) -> str:
        """Where its calls go."""
        return f"{self.server}/api"

    def authorization_request(
        self, state: str | None = None, redirect_uri: str | None = None, **more: str | None
    ) -> AuthorizationRequest:
        """A new request, with a state and a verifier of its own. `more`: `prompt`, `nonce`, …"""
        state = state or new_secret()
        verifier = new_secret()
        redirect_uri = redirect_uri or self.redirect_uri
        query = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": redirect_uri,
            "scope": self.scope,
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            **more,
        }
        url = f"{self.host}{_AUTHORIZE}?{urlencode(pairs(query))}"
        return AuthorizationRequest(url, state, redirect_uri, verifier)

    def code_of(self, answer: str, request: AuthorizationRequest) -> str:
        """The code in the address to which the browser came back.

        Raises `ForeignAnswer` unless it answers this request and comes from this server;
        `AuthorizationRefused` if there is an error instead of a code.
        """
        parameters = _parameters_of(answer)
        # RFC 6749 §10.12: before anything else in the answer is believed.
        if not hmac.compare_digest(parameters.get("state", "").encode(), request.state.encode()):
            raise ForeignAnswer("the answer belongs to another request: begin again")
        # RFC 9207 §2.4: this server names itself in every answer, errors too.
        if parameters.get("iss") != self.server:
            raise ForeignAnswer("the answer comes from another server: begin again")
        if "error" in parameters:
            raise AuthorizationRefused(parameters["error"], parameters.get("error_description"))
        if "code" not in parameters:
            raise ForeignAnswer("there is no code in the answer: begin again")
        return parameters["code"]

    def redemption(self, code: str, request: AuthorizationRequest) -> Call[TokenAnswer]:
        """A code for tokens."""
        return self._token_call(
            grant_type="authorization_code",
            code=code,
            redirect_uri=request.redirect_uri,
            code_verifier=request.code_verifier or None,
        )

    def refresh(self, refresh_token: str) -> Call[TokenAnswer]:
        """A refresh token for new tokens."""
        return self._token_call(grant_type="refresh_token", refresh_token=refresh_token)

    def own_tokens(self, scope: str | None) -> Call[TokenAnswer]:
        """A token for the application itself, and no person."""
        return self._token_call(grant_type="client_credentials", scope=scope)

    def path_of(self, endpoint: object) -> str:
        """The path of an endpoint that the server advertises. Raises `NotOffered` without one."""
        if not isinstance(endpoint, str) or not endpoint.startswith(f"{self.host}/"):
            raise NotOffered("this server does not offer to sign in by another device")
        return endpoint[len(self.host) :]

    def device_request(self, path: str) -> Call[DeviceCode]:
        """Begin on a device without a browser (RFC 8628 §3.1)."""
        form = self._with_id({"scope": self.scope})
        return Call("POST", path, one(DeviceCode), form=form, headers=self._basic(), spends=True)

    def device_redemption(self, device_code: str) -> Call[TokenAnswer]:
        """Ask whether the person has agreed elsewhere (RFC 8628 §3.4)."""
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        return self._token_call(grant_type=grant, device_code=device_code)

    def revocation(self, token: str) -> Call[None]:
        """The end of a token (RFC 7009); with a refresh token ends all that came of it."""
        form = self._with_id({"token": token})
        return Call("POST", _REVOKE, nothing, form=form, headers=self._basic(), spends=True)

    def _token_call(self, **fields: str | None) -> Call[TokenAnswer]:
        form = self._with_id(fields)
        headers = self._basic()
        return Call("POST", _TOKEN, one(TokenAnswer), form=form, headers=headers, spends=True)

    def _with_id(self, fields: Mapping[str, str | None]) -> Pairs:
        return pairs(fields if self.secret else {**fields, "client_id": self.id})

    def _basic(self) -> dict[str, str]:
        if not self.secret:
            return {}
        # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        pair = f"{quote_plus(self.id)}:{quote_plus(self.secret)}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def server_of(address: str, *, insecure_http: bool = False) -> str:
    """The server's own name from its address, with or without `/api`.

    Raises `ValueError` for what is no address, or would send tokens for all to read.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query:
        raise ValueError("the server must be an address such as https://id.example.org")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not insecure_http:
        raise ValueError("tokens go over https only, except to this machine itself")
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path[:-4] if path.endswith('/api') else path}"


def _parameters_of(answer: str) -> dict[str, str]:
    """The query of an address, or a query alone. What stands twice is not believed."""
    query = urlsplit(answer).query if "?" in answer or "://" in answer else answer
    found = parse_qs(query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items() if len(values) == 1}
