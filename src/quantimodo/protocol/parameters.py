"""Request parameters (RFC 6749 §3.1, §3.2): one value a name, both spellings, nothing odd.

Owns how parameters arrive; knows no meaning of any. A `Form` has passed these laws: every name
once, values without control characters, empty values are as if absent, camelCase spellings of
2016 are under their RFC names.
"""

import json
from collections.abc import Iterable, Mapping
from unicodedata import category
from urllib.parse import unquote_plus

from quantimodo.protocol.errors import InvalidRequest

_MOST_PARAMETERS = 64
_LONGEST_VALUE = 8192

ALIASES: Mapping[str, str] = {
    "clientId": "client_id",
    "clientSecret": "client_secret",
    "grantType": "grant_type",
    "responseType": "response_type",
    "redirectUri": "redirect_uri",
    "refreshToken": "refresh_token",
}
"""Contract §1: what clients of 2016 call the parameters of token and authorize endpoints."""


class Form:
    """The parameters of one request, by their RFC names. Its `repr` shows names only."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def required(self, name: str) -> str:
        value = self._values.get(name)
        if value is None:
            raise InvalidRequest(f"the parameter {name} is missing")
        return value

    def items(self) -> Iterable[tuple[str, str]]:
        return self._values.items()

    def __repr__(self) -> str:
        return f"Form({', '.join(self._values)})"

    @classmethod
    def of_pairs(
        cls, pairs: Iterable[tuple[str, str]], aliases: Mapping[str, str] = ALIASES
    ) -> "Form":
        """Raises `InvalidRequest` for a repeated or malformed parameter."""
        values: dict[str, str] = {}
        spellings: set[str] = set()
        for spelled, value in pairs:
            name = aliases.get(spelled, spelled)
            if name in values:
                # RFC 6749 §3.2: parameters MUST NOT be included more than once. Contract §1: both
                # spellings with one value are one parameter.
                if spelled in spellings or values[name] != value:
                    raise InvalidRequest("a parameter is repeated")
                spellings.add(spelled)
                continue
            if not _is_plain(value):
                raise InvalidRequest("a parameter has characters that are not allowed")
            values[name] = value
            spellings.add(spelled)
        return cls({name: value for name, value in values.items() if value})

    @classmethod
    def of_urlencoded(cls, text: bytes, aliases: Mapping[str, str] = ALIASES) -> "Form":
        """A query or a form body."""
        try:
            pairs = text.decode("ascii").split("&", _MOST_PARAMETERS)
            if len(pairs) > _MOST_PARAMETERS:
                raise InvalidRequest("there are too many parameters")
            return cls.of_pairs(map(_decoded, filter(None, pairs)), aliases)
        except UnicodeError:
            raise InvalidRequest("the parameters are not properly encoded") from None

    @classmethod
    def of_json(cls, body: bytes, aliases: Mapping[str, str] = ALIASES) -> "Form":
        """A JSON object of strings (contract §1)."""
        try:
            pairs = json.loads(body, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            raise InvalidRequest("the body is not valid JSON") from None
        if not isinstance(pairs, _Pairs) or len(pairs) > _MOST_PARAMETERS:
            raise InvalidRequest("the body must be one JSON object of strings")
        pairs = [(name, value) for name, value in pairs if value is not None]
        if not all(isinstance(value, str) for _, value in pairs):
            raise InvalidRequest("the body must be one JSON object of strings")
        return cls.of_pairs(pairs, aliases)


def _decoded(pair: str) -> tuple[str, str]:
    """Name and value of `name=value` (WHATWG URL §5.1). Most have nothing to decode."""
    name, _, value = pair.partition("=")
    if "%" in pair or "+" in pair:
        return unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
    return name, value


class _Pairs(list[tuple[str, str]]):
    """A JSON object as it was written, repeated names included."""


def _is_plain(value: str) -> bool:
    if len(value) > _LONGEST_VALUE:
        return False
    if value.isascii() and value.isprintable():
        return True
    return not any(category(character) in ("Cc", "Cs", "Cn") for character in value)
