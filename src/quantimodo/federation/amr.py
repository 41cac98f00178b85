"""How a person signed in at a provider: `amr` of its claims (RFC 8176). Pure."""

from collections.abc import Mapping
from typing import Any, Final

_METHODS_AT_MOST: Final = 8
_LONGEST_METHOD: Final = 16


def methods_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The methods that the provider states; without any `fed`, a federated sign-in."""
    listed = claims.get("amr")
    if not isinstance(listed, list) or not 0 < len(listed) <= _METHODS_AT_MOST:
        return ("fed",)
    kept = [each for each in listed if isinstance(each, str) and _is_method(each)]
    return tuple(kept) or ("fed",)


def _is_method(word: str) -> bool:
    return 0 < len(word) <= _LONGEST_METHOD and word.isascii() and word.isidentifier()
