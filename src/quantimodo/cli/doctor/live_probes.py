"""The probes of `quantimodo doctor --live`: requirements on a running server, checked from outside.

Each probe sends a few requests that an anonymous caller can send, and checks a statement of
`docs/reference/security.md`. `PROBES` is the table. No probe signs in, and none leaves more than
lines in the log. `live_framing.py` has those that need a socket.
"""

from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx

from quantimodo.app.settings.rules import is_loopback_host
from quantimodo.protocol.discovery import (
    AUTHORIZE,
    INTROSPECT,
    JWKS,
    TOKEN,
    USERINFO,
)

_METADATA: Final = "/.well-known/openid-configuration"
_ELSEWHERE: Final = "https://elsewhere.example.org/callback"
_STRANGER: Final = "no-such-application"
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
_DEVELOPMENT: Final = ("/sandbox", "/outbox", "/playground")
_CLOCK_SKEW: Final = 60  # seconds
_RSA_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Site:
    """The server that is probed. `url` has no slash at its end."""

    url: str
    http: httpx.AsyncClient
    now: Callable[[], datetime]

    @property
    def https(self) -> bool:
        """Whether its address uses TLS."""
        return self.url.startswith("https:")

    @property
    def local(self) -> bool:
        """Whether the name is one of this machine, where development pages may exist."""
        return is_loopback_host(urlsplit(self.url).hostname or "")

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """A GET without redirects and cookies."""
        return await self.http.get(self.url + path, headers=headers)


@dataclass(frozen=True, slots=True)
class Probe:
    """`run` returns a sentence for each fault."""

    what: str
    section: str
    run: Callable[[Site], Awaitable[list[str]]]


async def _discovery(site: Site) -> list[str]:
    response = await site.get(_METADATA)
    metadata = _object(response)
    if response.status_code != 200 or not metadata:
        return [f"the metadata document is not there (status {response.status_code})"]
    faults = []
    if metadata.get("issuer") != site.url:
        faults.append("the issuer in the metadata document is not this address")
    for name, value in metadata.items():
        if name.endswith("_endpoint") and not str(value).startswith(f"{site.url}/"):
            faults.append(f"{name} is at another address")
    if metadata.get("code_challenge_methods_supported") != ["S256"]:
        faults.append("PKCE has other methods than S256")
    return faults


async def _keys(site: Site) -> list[str]:
    response = await site.get(JWKS)
    keys = _object(response).get("keys") if response.status_code == 200 else None
    if not keys:
        return ["there are no signing keys"]
    faults = []
    if any(_PRIVATE_MEMBERS & set(key) for key in keys):
        faults.append("the key set has private members: replace all keys at once")
    if any(key.get("kty") == "RSA" and _rsa_bytes(key) < _RSA_BYTES for key in keys):
        faults.append("an RSA key has less than 2048 bits")
    return faults


def _rsa_bytes(key: Mapping[str, str]) -> int:
    modulus = key.get("n", "")
    return len(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4)).lstrip(b"\0"))


async def _page(site: Site) -> list[str]:
    response = await site.get("/sign-in")
    headers, faults = response.headers, []
    policy = headers.get("content-security-policy", "")
    if not policy or "unsafe-" in policy:
        faults.append("the sign-in page has no strict content security policy")
    if "frame-ancestors 'none'" not in policy:
        faults.append("the sign-in page can be framed")
    if headers.get("x-content-type-options") != "nosniff":
        faults.append("the sign-in page has no X-Content-Type-Options")
    if "no-store" not in headers.get("cache-control", ""):
        faults.append("the sign-in page may be stored by caches")
    if site.https and "strict-transport-security" not in headers:
        faults.append("there is no Strict-Transport-Security header")
    return [*faults, *_cookie_faults(response, site.https)]


def _cookie_faults(response: httpx.Response, https: bool) -> Iterator[str]:
    for line in response.headers.get_list("set-cookie"):
        name, _, rest = line.partition("=")
        attributes = {part.strip().lower() for part in rest.split(";")[1:]}
        if "httponly" not in attributes:
            yield f"the cookie {name} can be read by scripts"
        if not any(each.startswith("samesite=") for each in attributes):
            yield f"the cookie {name} has no SameSite"
        if https and ("secure" not in attributes or not name.startswith("__Host-")):
            yield f"the cookie {name} is not bound to this host by TLS"


async def _redirects(site: Site) -> list[str]:
    query = {"response_type": "code", "client_id": _STRANGER, "redirect_uri": _ELSEWHERE}
    response = await site.get(f"{AUTHORIZE}?{urlencode(query)}")
    if "location" in response.headers and response.headers["location"].startswith(_ELSEWHERE):
        return ["a request of an unknown application is redirected to its address"]
    if response.status_code != 400:
        return [f"a request of an unknown application gets status {response.status_code}, not 400"]
    return []


async def _development(site: Site) -> list[str]:
    if site.local:
        return []
    faults = []
    for path in _DEVELOPMENT:
        status = (await site.get(path)).status_code
        if status != 404:
            faults.append(f"{path} responds with status {status}: it is a development page")
    return faults


async def _clients(site: Site) -> list[str]:
    faults = []
    for path in (TOKEN, INTROSPECT):
        body = {"grant_type": "client_credentials", "token": "none"}
        response = await site.http.post(site.url + path, data=body, auth=(_STRANGER, "none"))
        if response.status_code != 401 or _object(response).get("error") != "invalid_client":
            faults.append(f"{path} does not refuse an unknown application")
        if "no-store" not in response.headers.get("cache-control", ""):
            faults.append(f"responses of {path} may be stored by caches")
    return faults


async def _tokens(site: Site) -> list[str]:
    faults = []
    for name, headers in (("no token", {}), ("a wrong token", {"authorization": "Bearer none"})):
        response = await site.get(USERINFO, headers)
        if response.status_code != 401 or "www-authenticate" not in response.headers:
            faults.append(f"userinfo does not refuse {name} with a challenge")
    return faults


async def _metrics(site: Site) -> list[str]:
    if (await site.get("/metrics")).status_code == 200:
        return ["/metrics can be read without its token"]
    return []


async def _ready(site: Site) -> list[str]:
    response = await site.get("/health/ready")
    if response.status_code != 200:
        return [f"/health/ready responds with status {response.status_code}"]
    return []


async def _clock(site: Site) -> list[str]:
    date = (await site.get("/health/live")).headers.get("date", "")
    try:
        difference = (parsedate_to_datetime(date) - site.now()).total_seconds()
    except (TypeError, ValueError):
        return ["responses have no Date"]
    if abs(difference) > _CLOCK_SKEW:
        return [f"its clock differs from the clock here by {difference:.0f} seconds"]
    return []


async def _unknown_paths(site: Site) -> list[str]:
    response = await site.get("/api/no-such-path")
    if response.status_code != 404 or "error" not in _object(response):
        return ["an unknown path of the API is not refused with 404 and JSON"]
    return []


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


PROBES: Final = (
    Probe("metadata", "9", _discovery),
    Probe("keys", "13", _keys),
    Probe("ready", "12", _ready),
    Probe("clock", "14", _clock),
    Probe("pages", "11, 19", _page),
    Probe("redirects", "1", _redirects),
    Probe("development", "14d", _development),
    Probe("clients", "3", _clients),
    Probe("tokens", "7", _tokens),
    Probe("metrics", "16", _metrics),
    Probe("paths", "12", _unknown_paths),
)
