"""The Accept header (RFC 9110 §12.5.1)."""

import re
from collections.abc import Iterable
from typing import Final

# Commas and semicolons in a quoted parameter separate nothing.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"?')
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def quality(lines: Iterable[str], media_type: str) -> float:
    """The quality of `media_type` (`type/subtype`, lower case), from 0 to 1, by all Accept lines of
    a request. The most specific range decides; of equal ones the highest quality. Without an Accept
    line it is 1. A malformed element is ignored."""
    texts = [text for line in lines for text in _QUOTED.sub('""', line).split(",")]
    elements = [text for text in texts if text.strip()]
    if not elements:
        return 1.0
    ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    weights: dict[str, float] = {}
    for element in elements:
        name, *parameters = (part.strip().lower() for part in element.split(";"))
        weight = _weight(parameters)
        if name in ranges and weight is not None:
            weights[name] = max(weight, weights.get(name, 0.0))
    return next((weights[name] for name in ranges if name in weights), 0.0)


def _weight(parameters: Iterable[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            return float(value) if _QUALITY.fullmatch(value) else None
    return 1.0
