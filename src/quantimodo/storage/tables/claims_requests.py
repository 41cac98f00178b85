"""The column `grants.asked`: claims that a request named individually. NULL for most."""

import json
from functools import lru_cache

from quantimodo.model.tokens import ClaimsRequest


def asked_text(claims_request: ClaimsRequest | None) -> str | None:
    if claims_request is None:
        return None
    return json.dumps(
        [sorted(claims_request.id_token), sorted(claims_request.userinfo), claims_request.acr]
    )


@lru_cache(maxsize=256)
def _read(text: str) -> ClaimsRequest:
    id_token, userinfo, acr = json.loads(text)
    return ClaimsRequest(frozenset(id_token), frozenset(userinfo), acr)


def to_asked(text: str | None) -> ClaimsRequest | None:
    return None if text is None else _read(text)
