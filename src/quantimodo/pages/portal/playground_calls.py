"""The requests of an authorization run, as a developer would write them. Pure.

Owns the table of calls, and the text of a request, its response and a JWT.
"""

import json
import shlex
from base64 import b64encode, urlsafe_b64decode
from binascii import Error
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote, urlencode

from quantimodo.model.texts import N_
from quantimodo.protocol.discovery import AUTHORIZE, REVOKE, TOKEN, USERINFO

Headers = tuple[tuple[str, str], ...]
CallName = Literal["token", "me", "userinfo", "variables", "measurements", "refresh", "revoke"]
_FORM: Final = ("content-type", "application/x-www-form-urlencoded")
_SHOWN_HEADERS: Final = ("content-type", "www-authenticate", "cache-control", "retry-after")
_LONGEST_SHOWN: Final = 20_000


class PlaygroundRequest(NamedTuple):
    """A request to this server: `url` is absolute."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"PlaygroundRequest({self.method})"


class PlaygroundResponse(NamedTuple):
    status: int
    headers: Headers
    body: bytes

    def __repr__(self) -> str:
        return f"PlaygroundResponse({self.status})"

    @property
    def json(self) -> Mapping[str, Any]:
        """The body if it is a JSON object, else nothing."""
        try:
            members = json.loads(self.body)
        except ValueError:
            return {}
        return members if isinstance(members, dict) else {}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response as the page shows them."""

    title: str
    curl: str
    request: str
    response: str
    status: int


@dataclass(frozen=True, slots=True)
class DecodedToken:
    """A JWT whose signature was verified (`verified`) or not, with its parts as JSON texts."""

    header: str
    claims: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One call with an access token: the label of its button, and its request."""

    name: CallName
    label: str
    title: str
    path: str


CALLS: Final[Sequence[Call]] = (
    Call("userinfo", N_("Get userinfo"), N_("Userinfo (OpenID Connect Core §5.3)"), USERINFO),
    Call("me", N_("Get the user"), N_("The user (version 1 of the API)"), "/api/v1/user/me"),
    Call("variables", N_("List variables"), N_("Variables of the person"), "/api/v1/variables"),
    Call(
        "measurements", N_("List measurements"), N_("Measurements"), "/api/v1/measurements?limit=5"
    ),
)


class Credentials(NamedTuple):
    """The client and the code or tokens that a request uses. They are secrets and never printed.
    `secret`: of a confidential client; `in_form`: it is sent in the form, not in the header."""

    client_id: str
    redirect_uri: str
    verifier: str = ""
    code: str = ""
    access_token: str = ""
    refresh_token: str = ""
    secret: str = ""
    in_form: bool = False

    def __repr__(self) -> str:
        return f"Credentials({self.client_id})"

    @property
    def basic(self) -> str:
        """The value of the Authorization header (RFC 6749 §2.3.1)."""
        pair = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
        return b64encode(pair.encode()).decode()

    def hidden(self, refresh_token: str) -> Mapping[str, str]:
        """The texts that no page shows, each with its replacement. A public client of the
        playground has no secret, and shows everything."""
        if not self.secret:
            return {}
        hidden = {self.basic: "BASE64(CLIENT_ID:CLIENT_SECRET)", self.secret: "CLIENT_SECRET"}
        for token in (self.refresh_token, refresh_token):
            if token:
                hidden[token] = "REFRESH_TOKEN"
        return hidden


def authorization_url(issuer: str, parameters: Sequence[tuple[str, str]]) -> str:
    """The address of the authorization request (RFC 6749 §4.1.1)."""
    return f"{issuer}{AUTHORIZE}?{urlencode(parameters, quote_via=quote)}"


def request_of(name: str, issuer: str, given: Credentials) -> PlaygroundRequest | None:
    """The request with this name; None if there is no such call, or nothing to send with it."""
    if name == "token":
        return _form(issuer + TOKEN, given, _redemption(given)) if given.code else None
    if name == "refresh":
        return _form(issuer + TOKEN, given, _refresh(given)) if given.refresh_token else None
    if name == "revoke":
        token = given.refresh_token or given.access_token
        fields = [("client_id", given.client_id), ("token", token)]
        return _form(issuer + REVOKE, given, fields) if token else None
    call = next((each for each in CALLS if each.name == name), None)
    if call is None or not given.access_token:
        return None
    bearer = ("authorization", f"Bearer {given.access_token}")
    return PlaygroundRequest("GET", issuer + call.path, (bearer,))


def shown(
    name: str,
    request: PlaygroundRequest,
    response: PlaygroundResponse,
    hidden: Mapping[str, str] = MappingProxyType({}),
) -> Exchange:
    """Both as texts; a long body is cut off. `hidden`: texts with what is shown instead."""
    call = next((each for each in CALLS if each.name == name), None)
    titles = {"token": N_("Token request"), "refresh": N_("Refresh"), "revoke": N_("Revocation")}
    return Exchange(
        title=call.title if call else titles[name],
        curl=_without(_curl(request), hidden),
        request=_without(_request_text(request), hidden),
        response=_without(_response_text(response), hidden),
        status=response.status,
    )


def decoded(token: str, *, verified: bool) -> DecodedToken | None:
    """The header and the claims of a JWT (RFC 7519 §3); None for another text."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (_pretty(_decoded_part(part)) for part in parts[:2])
    except (ValueError, Error):
        return None
    return DecodedToken(header, claims, verified)


def _without(text: str, hidden: Mapping[str, str]) -> str:
    for secret, instead in hidden.items():
        text = text.replace(quote(secret, safe=""), instead).replace(secret, instead)
    return text


def _redemption(given: Credentials) -> Sequence[tuple[str, str]]:
    return [
        ("grant_type", "authorization_code"),
        ("client_id", given.client_id),
        ("code", given.code),
        ("redirect_uri", given.redirect_uri),
        ("code_verifier", given.verifier),
    ]


def _refresh(given: Credentials) -> Sequence[tuple[str, str]]:
    return [
        ("grant_type", "refresh_token"),
        ("client_id", given.client_id),
        ("refresh_token", given.refresh_token),
    ]


def _form(url: str, given: Credentials, fields: Sequence[tuple[str, str]]) -> PlaygroundRequest:
    headers: Headers = (_FORM,)
    if given.secret and given.in_form:
        fields = [*fields, ("client_secret", given.secret)]
    elif given.secret:
        headers = (_FORM, ("authorization", f"Basic {given.basic}"))
    return PlaygroundRequest("POST", url, headers, urlencode(fields).encode("ascii"))


def _curl(request: PlaygroundRequest) -> str:
    lines = [f"curl {shlex.quote(request.url)}"]
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in _own(request.headers)]
    lines += [f"-d {shlex.quote(pair)}" for pair in request.body.decode("ascii").split("&") if pair]
    return " \\\n  ".join(lines)


def _own(headers: Headers) -> Headers:
    """The headers without the one that curl adds itself."""
    return tuple(header for header in headers if header != _FORM)


def _request_text(request: PlaygroundRequest) -> str:
    lines = [f"{request.method} {request.url}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    body = request.body.decode("ascii").replace("&", "\n&")
    return "\n".join([*lines, "", body] if body else lines)


def _response_text(response: PlaygroundResponse) -> str:
    lines = [f"{response.status}"]
    lines += [f"{name}: {value}" for name, value in response.headers if name in _SHOWN_HEADERS]
    text = response.body.decode("utf-8", errors="replace")
    with suppress(ValueError):
        text = _pretty(json.loads(text))
    return "\n".join([*lines, "", text[:_LONGEST_SHOWN]] if text else lines)


def _decoded_part(part: str) -> Any:
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
