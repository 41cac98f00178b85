"""The requests that are measured, and what a right response to each contains."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

SECRET = "bench-secret-0123456789abcdef"  # of both clients, on a server that only bench reaches
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
REDIRECT_URI = "http://127.0.0.1/cb"
OPAQUE, SIGNED = "bench", "bench-jwt"  # clients, by the format of their access tokens

_TOKEN = "/api/v2/oauth2/access_token"

Mode = Literal["same", "cycle", "once", "chain"]
Kind = Literal["access", "refresh", "codes", "bound"]


def _basic(client: str) -> str:
    return "Basic " + b64encode(f"{client}:{SECRET}".encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`%s` in `authorization` or `body` is a token of `kind`. A right response contains `expected`.

    `dpop`: each request has its own DPoP proof, for a token of `kind` "bound". `peer` is what the
    peers' harness calls the same thing; what it does not have is measured by this harness, at
    `peer_path` of oidc-provider.
    """

    name: str
    method: Literal["GET", "POST"] = "POST"
    path: str = _TOKEN
    authorization: str = _basic(OPAQUE)
    body: str = ""
    mode: Mode = "same"
    kind: Kind | None = None
    dpop: bool = False
    expected: bytes
    peer: str
    peer_path: str = ""


WORKLOADS = (
    Workload(
        name="client_credentials",
        body="grant_type=client_credentials&scope=basic",
        expected=b'"access_token":"qma_',
        peer="cc",
    ),
    Workload(
        name="client_credentials_jwt",
        authorization=_basic(SIGNED),
        body="grant_type=client_credentials&scope=basic",
        expected=b'"access_token":"eyJ',
        peer="cc_es",
    ),
    Workload(
        name="refresh",
        body="grant_type=refresh_token&refresh_token=%s",
        mode="chain",
        kind="refresh",
        expected=b'"refresh_token":"qmr_',
        peer="refresh",
    ),
    Workload(
        name="code",
        body="grant_type=authorization_code&code=%s"
        f"&redirect_uri={quote(REDIRECT_URI, safe='')}&code_verifier={VERIFIER}",
        mode="once",
        kind="codes",
        expected=b'"refresh_token":"qmr_',
        peer="code",
    ),
    Workload(
        name="introspect",
        path="/api/v2/oauth2/introspect",
        body="token=%s",
        mode="cycle",
        kind="access",
        expected=b'"active":true',
        peer="intro",
    ),
    Workload(
        name="userinfo",
        method="GET",
        path="/api/v2/oauth2/userinfo",
        authorization="Bearer %s",
        mode="cycle",
        kind="access",
        expected=b'"sub":"person-',
        peer="userinfo",
    ),
    Workload(
        name="userinfo_dpop",
        method="GET",
        path="/api/v2/oauth2/userinfo",
        authorization="DPoP %s",
        mode="once",
        kind="bound",
        dpop=True,
        expected=b'"sub":"',
        peer="userinfo_dpop",
        peer_path="/me",
    ),
    Workload(
        name="par",
        path="/api/v2/oauth2/par",
        body=f"response_type=code&client_id={OPAQUE}&redirect_uri={quote(REDIRECT_URI, safe='')}"
        f"&scope=openid&state=s&code_challenge={CHALLENGE}&code_challenge_method=S256",
        expected=b'"request_uri":"urn:ietf:params:oauth:request_uri:',
        peer="par",
        peer_path="/request",
    ),
    Workload(
        name="jwks",
        method="GET",
        path="/.well-known/jwks.json",
        authorization="",
        expected=b'"kty":"EC"',
        peer="jwks",
    ),
)
