"""OAuth 2 at a provider without OpenID Connect: authorization code with PKCE and `state`.

Owns the redirect, the callback, the exchange of the code, and the meaning of errors. Each
provider's file reads the profile from the provider's API.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from quantimodo.crypto.digests import digest
from quantimodo.crypto.jwt import base64url
from quantimodo.federation.authorization_errors import KNOWN_ERRORS, is_declined
from quantimodo.federation.contract import (
    AccessDeniedByUser,
    AuthorizationContext,
    BadCode,
    ProviderPolicy,
)
from quantimodo.federation.field_paths import Path, value_at
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.outbound.errors import ProviderFault, ProviderUnavailable
from quantimodo.outbound.http_client import GuardedHttpClient, basic_authorization
from quantimodo.outbound.responses import HttpResponse, invalid_response

_SPELLING = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,39}", re.ASCII)
_LATER = frozenset({"temporarily_unavailable", "server_error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """What is the same for every registration at this provider. `issuer` is the issuer of profiles.

    `response_issuers`: the values that `iss` of an authorization response may have (RFC 9207).
    `bad_code`: the error codes of its token endpoint that mean an invalid code. `try_later`: the
    error codes after which the request may be repeated. `secret_in_header`: `client_secret_basic`;
    else the secret is a field of the form. `assertion` makes the parameters of a client assertion
    (RFC 7523 §2.2), in place of a secret. `proof_key`: whether it supports PKCE, or at least
    ignores unknown parameters. `token_parameters`: further parameters of its token request.
    `token_path`: where in its response the tokens are. `decrypt`: the signed token in an ID token;
    all are encrypted then.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    scope: str
    response_issuers: frozenset[str]
    bad_code: frozenset[str] = frozenset({"invalid_grant"})
    try_later: frozenset[str] = _LATER
    secret_in_header: bool = False
    assertion: Callable[[], Mapping[str, str]] | None = None
    proof_key: bool = True
    token_parameters: Mapping[str, str] = field(default_factory=dict)
    token_path: Path = ()
    decrypt: Callable[[Secret], Secret] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The provider's tokens, and the `response` that has them. The access token is used at once,
    and never stored."""

    access_token: Secret
    refresh_token: Secret | None = None
    id_token: Secret | None = None  # OpenID Connect Core §3.1.3.3
    response: Mapping[str, Any] = field(default_factory=dict, repr=False)


class OAuth2:
    """One registration of this server at one authorization server."""

    def __init__(
        self, policy: ProviderPolicy, http_client: GuardedHttpClient, server: AuthorizationServer
    ) -> None:
        self._policy = policy
        self._http_client = http_client
        self._server = server
        self._authorization_endpoint = (
            policy.authorization_endpoint or server.authorization_endpoint
        )
        self._token_endpoint = policy.token_endpoint or server.token_endpoint
        self._response_issuers = (
            frozenset({policy.issuer}) if policy.issuer else server.response_issuers
        )
        self.issuer = policy.issuer or server.issuer

    def destination(self) -> str:
        """The origin of the page where people sign in."""
        place = urlsplit(self._authorization_endpoint)
        return f"{place.scheme}://{place.netloc}"

    def authorization_url(
        self, authorization_context: AuthorizationContext, more: Mapping[str, str]
    ) -> str:
        """The address of that page for this login. `more` holds provider-specific parameters."""
        return self._page(self._request(authorization_context, more))

    async def pushed_authorization_url(
        self, endpoint: str, authorization_context: AuthorizationContext, more: Mapping[str, str]
    ) -> str:
        """The address of that page, with the request pushed to `endpoint` (RFC 9126 §2)."""
        identified, headers = self._ourselves()
        fields = {**self._request(authorization_context, more), **identified}
        response = await self._http_client.post_form(endpoint, fields, headers=headers)
        body = response.json()
        if "error" in body:
            code = error_code(body["error"])
            because = f"pushed authorization request: {code}"
            if code in self._server.try_later:
                raise ProviderUnavailable(TEMPORARILY_UNAVAILABLE, because=because)
            raise invalid_response(because)
        reference = body.get("request_uri")
        if not response.ok or not isinstance(reference, str) or not reference:
            raise invalid_response("pushed authorization request: no request_uri")
        # RFC 9126 §4: nothing else is needed, and what is here could be changed in the browser.
        return self._page({"client_id": self._policy.client_id, "request_uri": reference})

    def _request(
        self, authorization_context: AuthorizationContext, more: Mapping[str, str]
    ) -> dict[str, str]:
        # security.md §25: PKCE (RFC 7636), S256; a provider that does not know it ignores it.
        scope = self._policy.scope or self._server.scope
        return {
            "response_type": "code",
            "client_id": self._policy.client_id,
            "redirect_uri": authorization_context.redirect_uri,
            **({"scope": scope} if scope else {}),
            "state": authorization_context.state.reveal(),
            **(_challenge(authorization_context.verifier) if self._server.proof_key else {}),
            **more,
        }

    def _page(self, query: Mapping[str, str]) -> str:
        mark = "&" if "?" in self._authorization_endpoint else "?"
        return f"{self._authorization_endpoint}{mark}{urlencode(query)}"

    def code(self, response: Mapping[str, str]) -> Secret:
        """The code of an authorization response. Raises `ProviderFault` when there is none."""
        # security.md §25, RFC 9207 §2.4: the response of another server is not valid for this one.
        if "iss" in response and response["iss"] not in self._response_issuers:
            raise invalid_response("the authorization response names another issuer")
        if "error" in response:
            raise _refused(self._policy.kind, response)
        if not response.get("code"):
            raise invalid_response("the authorization response has neither code nor error")
        return Secret(response["code"])

    async def tokens_of(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> Granted:
        """The tokens for an authorization response to this login. Raises `ProviderFault`."""
        return await self.exchange(
            self.code(response), authorization_context.redirect_uri, authorization_context.verifier
        )

    async def exchange(
        self, code: Secret, redirect_uri: str | None, verifier: Secret | None
    ) -> Granted:
        """The tokens for a code (RFC 6749 §4.1.3). Raises `BadCode` for an invalid one."""
        response = await self._requested(code, redirect_uri, verifier)
        body = response.json()
        # GitHub sends errors with 200: the member decides, not the status.
        if "error" in body:
            raise self._not_granted(error_code(body["error"]))
        if not response.ok:
            raise invalid_response(f"token endpoint: status {response.status}")
        granted = _granted(value_at(body, self._server.token_path))
        if self._server.decrypt is None or granted.id_token is None:
            return granted
        # RP-Initiated Logout §2: the signed token is the hint, too.
        return replace(granted, id_token=self._server.decrypt(granted.id_token))

    async def probe(self, redirect_uri: str, verifier: Secret) -> str:
        """The error code of the token endpoint for a code that it never issued; "" without one.
        Raises `ProviderFault` if there is no such endpoint."""
        response = await self._requested(_NO_CODE, redirect_uri, verifier)
        if response.status == 404:
            raise invalid_response("token endpoint: status 404")
        body = response.json()
        return error_code(body["error"]) if "error" in body else ""

    async def _requested(
        self, code: Secret, redirect_uri: str | None, verifier: Secret | None
    ) -> HttpResponse:
        fields = {"grant_type": "authorization_code", "code": code.reveal()}
        if redirect_uri is not None:
            fields["redirect_uri"] = redirect_uri
        if verifier is not None and self._server.proof_key:
            fields["code_verifier"] = verifier.reveal()
        identified, headers = self._ourselves()
        fields = {**self._server.token_parameters, **fields, **identified}
        return await self._http_client.post_form(self._token_endpoint, fields, headers=headers)

    def _ourselves(self) -> tuple[dict[str, str], dict[str, str]]:
        if self._server.assertion is not None:
            return {"client_id": self._policy.client_id, **self._server.assertion()}, {}
        secret = self._policy.client_secret
        if secret is not None and self._server.secret_in_header:
            return {}, basic_authorization(self._policy.client_id, secret)
        fields = {"client_id": self._policy.client_id}
        if secret is not None:
            fields["client_secret"] = secret.reveal()
        return fields, {}

    def _not_granted(self, code: str) -> ProviderFault:
        because = f"token endpoint: {code}"
        if code in self._server.bad_code:
            return BadCode(_BAD_CODE, because=because)
        if code in self._server.try_later:
            return ProviderUnavailable(TEMPORARILY_UNAVAILABLE, because=because)
        return invalid_response(because)


_NO_CODE = Secret("not-a-code")
_BAD_CODE = N_("The sign-in code is not valid any more. Start the sign-in again.")
TEMPORARILY_UNAVAILABLE = N_("The sign-in provider is busy. Try again in a moment.")
_DECLINED = N_("The sign-in was declined at the provider.")


def error_code(error: Any) -> str:
    """The code of an error, for comparison and for the log: never the provider's free text.

    Text as in RFC 6749 §5.2, or an object with a `code` (Facebook).
    """
    found = error.get("code") if isinstance(error, dict) else error
    spelled = str(found) if isinstance(found, str | int) else ""
    return spelled if _SPELLING.fullmatch(spelled) else "an unreadable error"


def numeric_id(value: Any) -> str:
    """An account's number in its one spelling, given as number or text.

    Raises `InvalidProviderResponse`: a subject is never guessed, rounded or empty.
    """
    spelled = str(value) if isinstance(value, str | int) else ""
    if not _NUMBER.fullmatch(spelled):
        raise invalid_response("the account id is not a number")
    return spelled


def text(value: Any) -> str:
    """A text for people, if it is one."""
    return value if isinstance(value, str) else ""


def required_secret(policy: ProviderPolicy) -> Secret:
    """The client secret of a kind that requires one. Raises `ValueError` at start."""
    if policy.client_secret is None:
        raise ValueError(f"providers.{policy.name}: client_secret is missing")
    return policy.client_secret


def _refused(kind: str, response: Mapping[str, str]) -> ProviderFault:
    # This response comes through the browser, so the log has only codes that are known.
    code = response["error"]
    because = f"authorization response: {code if code in KNOWN_ERRORS else 'an unknown error'}"
    if is_declined(kind, response):
        return AccessDeniedByUser(_DECLINED, because=because)
    if code in _LATER:
        return ProviderUnavailable(TEMPORARILY_UNAVAILABLE, because=because)
    return invalid_response(because)


def _challenge(verifier: Secret) -> dict[str, str]:
    challenge = base64url(digest(verifier.reveal())).decode()
    return {"code_challenge": challenge, "code_challenge_method": "S256"}


def _secret(value: Any) -> Secret | None:
    return Secret(value) if isinstance(value, str) and value else None


def _granted(body: Any) -> Granted:
    if not isinstance(body, dict):
        raise invalid_response("token endpoint: no tokens")
    token, kind = body.get("access_token"), body.get("token_type")
    if not isinstance(token, str) or not token:
        raise invalid_response("token endpoint: no access token")
    # RFC 6749 §7.1: a token of a type that is not understood is not used.
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise invalid_response("token endpoint: not a bearer token")
    return Granted(
        access_token=Secret(token),
        refresh_token=_secret(body.get("refresh_token")),
        id_token=_secret(body.get("id_token")),
        response=body,
    )
