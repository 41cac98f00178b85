"""The column `families.asked`: claims that a request asked for one by one. NULL for most."""

import json
from functools import lru_cache

from quantimodo.model.tokens import Asked


def asked_text(asked: Asked | None) -> str | None:
    if asked is None:
        return None
    return json.dumps([sorted(asked.id_token), sorted(asked.userinfo), asked.acr])


@lru_cache(maxsize=256)
def _read(text: str) -> Asked:
    id_token, userinfo, acr = json.loads(text)
    return Asked(frozenset(id_token), frozenset(userinfo), acr)


def to_asked(text: str | None) -> Asked | None:
    return None if text is None else _read(text)
