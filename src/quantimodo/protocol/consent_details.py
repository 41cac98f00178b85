"""Consent details as `authorization_details` of type `health_measurements` (RFC 9396 §2).

    [{"actions":["read"],"categories":["Sleep"],"days":90,"type":"health_measurements"}]

`actions` is required. `categories` and `variables` are names, all without the member. `since` is
an instant in UTC, `days` a window that ends now. Pure and strict: unknown members are refused.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from quantimodo.model.consent_details import (
    ACTIONS,
    ConsentDetails,
    DetailRule,
    Details,
    Names,
    consent_details,
    explicit,
    intersection,
)
from quantimodo.protocol.errors import InvalidAuthorizationDetails

TYPE: Final = "health_measurements"
LONGEST_TEXT: Final = 4096
"""Bytes of what a client may send, so that a JWT with it fits into a header of 8 KiB."""
MOST_OBJECTS: Final = 10
MOST_NAMES: Final = 50
"""Categories and variables, in all objects together."""
LONGEST_NAME: Final = 125
MOST_DAYS: Final = 36_600
_MEMBERS: Final = frozenset({"type", "actions", "categories", "variables", "since", "days"})
_INSTANT: Final = "%Y-%m-%dT%H:%M:%S"


def to_json(details: ConsentDetails) -> str:
    """The canonical JSON text: equal details have equal texts."""
    return objects_text(json_objects(details))


def objects_text(objects: list[dict[str, Any]]) -> str:
    """The JSON text of these objects, as `to_json` formats it."""
    return json.dumps(objects, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def json_objects(details: ConsentDetails) -> list[dict[str, Any]]:
    """The objects of the parameter `authorization_details`, as values."""
    return [_object(rule) for rule in details.rules]


def parse_authorization_details(text: str) -> ConsentDetails:
    """The details that a client requests. Raises `InvalidAuthorizationDetails` (RFC 9396 §5)."""
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_TEXT:
        raise _refused(f"has more than {LONGEST_TEXT} bytes")
    objects = _loads(text)
    if not isinstance(objects, list) or not objects:
        raise _refused("must be a JSON array of objects, with at least one")
    if len(objects) > MOST_OBJECTS:
        raise _refused(f"has more than {MOST_OBJECTS} objects")
    rules = [_rule(each) for each in objects]
    if sum(rule.number_of_names for rule in rules) > MOST_NAMES:
        raise _refused(f"has more than {MOST_NAMES} categories and variables")
    return consent_details(rules)


@lru_cache(maxsize=256)  # a text can have 50 KB
def from_json(text: str) -> ConsentDetails:
    """The details of a text that `to_json` made."""
    return consent_details(map(_rule, _loads(text)))


def from_json_or_none(text: str | None) -> Details:
    """The stored details; None stays None."""
    return None if text is None else from_json(text)


def to_json_or_none(details: Details) -> str | None:
    """The details for storage; None stays None."""
    return None if details is None else to_json(details)


@lru_cache(maxsize=256)
def common_text(one: str, other: str | None) -> str:
    """The text of what both allow; None allows everything."""
    if other is None or one == other:
        return one
    return to_json(explicit(intersection(from_json(one), from_json(other)), ACTIONS))


def instant_text(moment: datetime) -> str:
    """RFC 3339, in UTC; with microseconds only where there are some."""
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    return f"{moment.astimezone(UTC).strftime(_INSTANT).zfill(19)}{fraction}Z"


def _object(rule: DetailRule) -> dict[str, Any]:
    members: dict[str, Any] = {"type": TYPE, "actions": sorted(rule.actions)}
    if rule.categories is not None:
        members["categories"] = sorted(rule.categories)
    if rule.variables is not None:
        members["variables"] = sorted(rule.variables)
    if rule.since is not None:
        members["since"] = instant_text(rule.since)
    if rule.days is not None:
        members["days"] = rule.days
    return members


def _rule(value: Any) -> DetailRule:
    if not isinstance(value, dict):
        raise _refused("must be a JSON array of objects")
    if value.get("type") != TYPE:
        raise _refused(f"has a type that is not supported; the supported one is {TYPE}")
    if not _MEMBERS.issuperset(value):
        raise _refused("has a member that does not exist in this type")
    actions = value.get("actions")
    if not isinstance(actions, list) or not actions or not all(map(_is_action, actions)):
        raise _refused("needs actions: a list of read, write or both")
    return DetailRule(
        actions=frozenset(actions),
        categories=_names(value, "categories"),
        variables=_names(value, "variables"),
        since=_since(value),
        days=_days(value),
    )


def _is_action(value: Any) -> bool:
    return isinstance(value, str) and value in ACTIONS


def _names(value: Mapping[str, Any], member: str) -> Names | None:
    if member not in value:
        return None
    names = value[member]
    if not isinstance(names, list) or not names or not all(map(_is_name, names)):
        raise _refused(
            f"has {member} that are not a list of names of 1 to {LONGEST_NAME} characters"
        )
    return frozenset(unicodedata.normalize("NFC", name) for name in names)


def _is_name(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    name = unicodedata.normalize("NFC", value)
    printable = not any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in name)
    return printable and 0 < len(name) <= LONGEST_NAME and name == name.strip()


def _since(value: Mapping[str, Any]) -> datetime | None:
    if "since" not in value:
        return None
    text = value["since"]
    try:
        if not isinstance(text, str) or not text.endswith("Z") or not 20 <= len(text) <= 27:
            raise ValueError("not an instant")
        moment = datetime.fromisoformat(text)
        if instant_text(moment) != text:
            raise ValueError("not in the canonical form")
    except ValueError:
        raise _refused("has since that is not an instant such as 2026-01-31T00:00:00Z") from None
    return moment


def _days(value: Mapping[str, Any]) -> int | None:
    if "days" not in value:
        return None
    days = value["days"]
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise _refused(f"has days that are not a whole number from 1 to {MOST_DAYS}")
    return days


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _refused("is not JSON, or has a member twice") from None


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _no_constant(text: str) -> Any:
    raise ValueError("not JSON")


def _refused(text: str) -> InvalidAuthorizationDetails:
    return InvalidAuthorizationDetails(f"authorization_details {text}")
