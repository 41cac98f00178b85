"""Proofs of possession of a key (RFC 9449), with the extra `dpop`.

A key is the text of a private JWK, so that a store keeps it with the tokens that are bound to it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

import httpx

from swagger_client.rest import RESTResponse

_ALGORITHM = "ES256"
_NONCE = "dpop-nonce"


def new_key() -> str:
    """A new private key. Raises `ImportError` without the extra."""
    key = _jose("jwk").ECKey.generate_key("P-256", private=True)
    return json.dumps(key.as_dict(private=True))


def thumbprint(key: str) -> str:
    """The SHA-256 thumbprint of the public key (RFC 7638), for `dpop_jkt`. Raises `ValueError` for
    another text than a private key for ES256."""
    try:
        loaded = _loaded(key)
        found: str = loaded.thumbprint()
        usable = loaded.is_private and loaded.curve_name == "P-256"
    except ImportError:
        raise
    except Exception:
        usable = False
    if not usable:
        raise ValueError("the key is not a private JWK on the curve P-256")
    return found


@dataclass
class Proofs:
    """The proofs of one session. `nonce`: the latest one of the server (RFC 9449 §8)."""

    nonce: str | None = field(default=None, repr=False)

    def header(
        self, request: httpx.Request, key: str, access_token: str | None, now: float
    ) -> dict[str, str]:
        """The header with the proof for this request (RFC 9449 §4.2)."""
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": request.method,
            "htu": str(request.url.copy_with(query=None, fragment=None)),
            "iat": int(now),
        }
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        if access_token is not None:
            claims["ath"] = _hash(access_token)
        loaded = _loaded(key)
        header = {"typ": "dpop+jwt", "alg": _ALGORITHM, "jwk": loaded.as_dict(private=False)}
        proof: str = _jose("jwt").encode(header, claims, loaded, algorithms=[_ALGORITHM])
        return {"DPoP": proof}

    def needs_nonce(self, response: RESTResponse) -> bool:
        """Remember the nonce of a response; True if the request has to be sent again with it."""
        nonce = response.headers.get(_NONCE)
        if nonce is None:
            return False
        self.nonce = nonce
        errors = response.data + response.headers.get("www-authenticate", "")
        return response.status in (400, 401) and "use_dpop_nonce" in errors


def _hash(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@lru_cache(maxsize=64)
def _loaded(key: str) -> Any:
    return _jose("jwk").ECKey.import_key(json.loads(key))


def _jose(module: str) -> Any:
    try:
        return import_module(f"joserfc.{module}")
    except ImportError:
        raise ImportError("DPoP needs: pip install 'quantimodo-client[dpop]'") from None
