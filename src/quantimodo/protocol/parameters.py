"""Request parameters (RFC 6749 §3.1, §3.2): one value for each name, in both spellings.

Owns the syntax of parameters, not their meaning. A `Form` obeys these rules: every name once (but
`resource` and `audience` up to ten times, RFC 8707 §2, RFC 8693 §2.1), no control characters in
values, empty values count as absent, camelCase spellings of 2016 are under their RFC names.

A reader with `known` names ignores all others, whatever their value (RFC 6749 §3.1, §3.2:
unrecognized parameters MUST be ignored).
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from unicodedata import category
from urllib.parse import unquote_plus

from quantimodo.protocol.errors import InvalidRequest

_MOST_PARAMETERS = 64
_LONGEST_VALUE = 8192
_REPEATABLE = frozenset({"resource", "audience"})
_MOST_REPEATED = 10
_BETWEEN = "\n"  # of the values of a repeated name: no value has control characters

ALIASES: Mapping[str, str] = {
    "clientId": "client_id",
    "clientSecret": "client_secret",
    "grantType": "grant_type",
    "responseType": "response_type",
    "redirectUri": "redirect_uri",
    "refreshToken": "refresh_token",
}
"""v2-api.md §1: what clients of 2016 call the parameters of token and authorize endpoints."""


class Form:
    """The parameters of one request, by their RFC names. Its `repr` shows names only."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, name: str) -> str | None:
        """The value of the parameter; None if it was not sent."""
        return self._values.get(name)

    def required(self, name: str) -> str:
        """The value of the parameter. Raises `InvalidRequest` without one."""
        value = self._values.get(name)
        if value is None:
            raise InvalidRequest(f"the parameter {name} is missing", refusal="parameter_missing")
        return value

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a name that may be repeated."""
        value = self._values.get(name)
        return () if value is None else tuple(value.split(_BETWEEN))

    def items(self) -> Iterable[tuple[str, str]]:
        """Each name with its value; a repeated name once for each of its values."""
        if _REPEATABLE.isdisjoint(self._values):
            return self._values.items()
        return [(name, value) for name in self._values for value in self.all(name)]

    def __repr__(self) -> str:
        return f"Form({', '.join(self._values)})"

    @classmethod
    def of_pairs(
        cls,
        pairs: Iterable[tuple[str, str | None]],
        aliases: Mapping[str, str] = ALIASES,
        known: Collection[str] | None = None,
    ) -> "Form":
        """The parameters of these pairs; None is an unreadable value. Raises `InvalidRequest` for a
        repeated or malformed parameter."""
        form, faults = cls.sound_of_pairs(pairs, aliases, known)
        for fault in faults.values():
            raise InvalidRequest(fault)
        return form

    @classmethod
    def sound_of_pairs(
        cls,
        pairs: Iterable[tuple[str, str | None]],
        aliases: Mapping[str, str] = ALIASES,
        known: Collection[str] | None = None,
    ) -> tuple["Form", Mapping[str, str]]:
        """The valid parameters, and an error for each invalid one."""
        values: dict[str, str] = {}
        faults: dict[str, str] = {}
        sent_names: set[str] = set()
        for sent_name, value in pairs:
            name = aliases.get(sent_name, sent_name)
            if known is not None and name not in known:
                continue
            if name in values:
                # RFC 6749 §3.2: parameters MUST NOT be included more than once. v2-api.md §1: both
                # spellings with one value are one parameter.
                if name in _REPEATABLE:
                    faults.update(_repeated(values, name, _label(name, known), value))
                elif sent_name in sent_names or values[name] != value:
                    faults[name] = f"{_label(name, known)} is repeated"
            elif value is None:
                faults[name] = f"{_label(name, known)} is not properly encoded"
            elif _is_plain(value):
                values[name] = value
            else:
                label = _label(name, known)
                faults[name] = f"{label} is too long, or has characters that are not allowed"
            sent_names.add(sent_name)
        if not faults and all(values.values()):
            return cls(values), faults
        return cls({k: v for k, v in values.items() if v and k not in faults}), faults

    @classmethod
    def of_urlencoded(
        cls,
        text: bytes,
        aliases: Mapping[str, str] = ALIASES,
        known: Collection[str] | None = None,
    ) -> "Form":
        """A query or a form body."""
        if known is not None:
            return cls.of_pairs(_decoded(text), aliases, known)
        if text.count(b"&") >= _MOST_PARAMETERS:
            raise InvalidRequest("there are too many parameters", refusal="parameter_malformed")
        if not text.isascii():
            raise InvalidRequest(
                "the parameters are not properly encoded", refusal="parameter_malformed"
            )
        return cls.of_pairs(_decoded(text), aliases)

    @classmethod
    def sound_of_urlencoded(
        cls, text: bytes, known: Collection[str], aliases: Mapping[str, str] = ALIASES
    ) -> tuple["Form", Mapping[str, str]]:
        """The valid ones of a query or a form body, and an error for each invalid one."""
        return cls.sound_of_pairs(_decoded(text), aliases, known)

    @classmethod
    def of_json(
        cls,
        body: bytes,
        aliases: Mapping[str, str] = ALIASES,
        known: Collection[str] | None = None,
    ) -> "Form":
        """A JSON object whose parameters are strings (v2-api.md §1, §6)."""
        try:
            # Python refuses a whole number of several thousand digits; here it is only ignored.
            pairs = json.loads(body, object_pairs_hook=_Pairs, parse_int=float)
        except (ValueError, RecursionError):
            raise InvalidRequest(
                "the body is not valid JSON", refusal="content_type_wrong"
            ) from None
        if not isinstance(pairs, _Pairs) or (known is None and len(pairs) > _MOST_PARAMETERS):
            raise InvalidRequest(
                "the body must be one JSON object of strings", refusal="content_type_wrong"
            )
        pairs = [(name, value) for name, value in pairs if value is not None]
        if known is not None:
            pairs = [pair for pair in pairs if aliases.get(pair[0], pair[0]) in known]
        if not all(isinstance(value, str) for _, value in pairs):
            raise InvalidRequest(
                "the body must be one JSON object of strings", refusal="content_type_wrong"
            )
        return cls.of_pairs(pairs, aliases, known)


def _decoded(text: bytes) -> Iterator[tuple[str, str | None]]:
    """Each name and value of `name=value&…` (WHATWG URL §5.1), with None for a value that is not
    properly encoded. Most values need no decoding."""
    for pair in text.decode("latin-1").split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if not pair.isascii():
            yield name, None
        elif "%" not in pair and "+" not in pair:
            yield name, value
        else:
            yield unquote_plus(name, errors="replace"), _unquoted(value)


def _label(name: str, known: Collection[str] | None) -> str:
    """How a fault calls a parameter: by its name only if that is a known one. It never echoes
    input."""
    return f"the parameter {name}" if known is not None else "a parameter"


def _unquoted(value: str) -> str | None:
    try:
        return unquote_plus(value, errors="strict")
    except UnicodeError:
        return None


def _repeated(values: dict[str, str], name: str, label: str, value: str | None) -> dict[str, str]:
    """Add another value of a name that may be repeated; the fault of one that is not valid."""
    joined = values[name]
    if value is None or not _is_plain(value) or joined.count(_BETWEEN) + 2 > _MOST_REPEATED:
        return {name: f"{label} is not properly encoded, or is repeated too often"}
    values[name] = f"{joined}{_BETWEEN}{value}" if joined and value else joined or value
    return {}


class _Pairs(list[tuple[str, str]]):
    """The members of a JSON object in order, repeated names included."""


def _is_plain(value: str) -> bool:
    if len(value) > _LONGEST_VALUE:
        return False
    if value.isascii() and value.isprintable():
        return True
    return not any(category(character) in ("Cc", "Cs", "Cn") for character in value)
