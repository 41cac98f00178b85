"""The rules of profile claims (OpenID Connect Core §5.1). They report all faults together. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final
from zoneinfo import available_timezones

from quantimodo.model.texts import N_
from quantimodo.model.user_profiles import Address, Profile
from quantimodo.protocol.uris import InvalidUri, check_web_address

TEXTS: Final = tuple(
    each.name
    for each in fields(Profile)
    if each.name not in ("address", "phone_number_verified", "updated_at")
)
ADDRESS: Final = tuple(each.name for each in fields(Address))

_LONGEST: Final = 200
_LONGEST_ADDRESS: Final = 1000
_LINKS: Final = ("profile", "picture", "website")
_LINES: Final = ("formatted", "street_address")
# OpenID Connect Core §5.1: ISO 8601 year and day; the year 0000 is left out; a year alone will do.
_BIRTHDATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2}))?")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,4}")  # RFC 5646
_PHONE: Final = re.compile(r"\+[0-9]{4,15}(?:;ext=[0-9]{1,10})?")  # E.164, RFC 3966
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
_LEAP_YEAR: Final = 2000  # in the place of 0000


class InvalidProfile(Exception):
    """Some fields are invalid; `faults` has a text for each of them, for people."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in faults.items()))
        self.faults = dict(faults)


def parse_profile(given: Mapping[str, str], stored: Profile | None = None) -> Profile:
    """A profile of these fields, including those of the address. An unchanged telephone number
    keeps `phone_number_verified` of `stored`. Raises `InvalidProfile`."""
    normalised = {name: _normalise(given.get(name, "")) for name in (*TEXTS, *ADDRESS)}
    normalised["phone_number"] = re.sub(r"[\s()./-]", "", normalised["phone_number"])
    faults = dict(_faults(normalised))
    if faults:
        raise InvalidProfile(faults)
    number = normalised["phone_number"]
    verified = stored is not None and stored.phone_number_verified and stored.phone_number == number
    texts: dict[str, Any] = {name: normalised[name] for name in TEXTS}
    return Profile(
        **texts,
        address=Address(**{name: normalised[name] for name in ADDRESS}),
        phone_number_verified=verified and bool(number),
    )


def parse_claims(document: Any) -> Profile:
    """A profile from a document with claim names, as operators write it. Raises
    `InvalidProfile`."""
    if not isinstance(document, dict):
        raise InvalidProfile({"claims": "must be a JSON object"})
    address = document.get("address") or {}
    unknown = set(document) - {*TEXTS, "address", "phone_number_verified"}
    if unknown:
        raise InvalidProfile({"claims": "may only be of: " + ", ".join((*TEXTS, "address"))})
    given = {name: document.get(name, "") for name in TEXTS}
    if not isinstance(address, dict) or set(address) - set(ADDRESS):
        raise InvalidProfile({"address": "may only be of: " + ", ".join(ADDRESS)})
    given |= address
    if not all(isinstance(value, str) for value in given.values()):
        raise InvalidProfile({"claims": "must be texts"})
    verified = document.get("phone_number_verified", False)
    if not isinstance(verified, bool):
        raise InvalidProfile({"phone_number_verified": "must be true or false"})
    profile = parse_profile(given)
    return replace(profile, phone_number_verified=verified and bool(profile.phone_number))


def _normalise(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _faults(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in given.items():
        if not text:
            continue
        longest = _LONGEST_ADDRESS if name in _LINES else _LONGEST
        if len(text) > longest:
            yield name, N_("Use at most %(longest)s characters.", longest=longest)
        elif _has_invisible(text.replace("\n", "") if name in _LINES else text):
            yield name, N_("Leave out characters that do not show.")
        else:
            yield from _format_faults(name, text)


def _format_faults(name: str, text: str) -> Iterator[tuple[str, str]]:
    if name in _LINKS:
        try:
            check_web_address(text)
        except InvalidUri as fault:
            yield name, N_("The address %(fault)s.", fault=str(fault))
    elif name == "birthdate" and not _is_date(text):
        yield name, N_("Write it as 1990-01-31, or the year alone; 0000-01-31 leaves the year out.")
    elif name == "zoneinfo" and text not in available_timezones():
        yield name, N_("Choose a zone from the list, such as Europe/Berlin.")
    elif name == "locale" and _LOCALE.fullmatch(text) is None:
        yield name, N_("Write a language, as en or en-GB.")
    elif name == "phone_number" and _PHONE.fullmatch(text) is None:
        yield name, N_("Begin with + and the country: +10000000000.")


def _is_date(text: str) -> bool:
    match = _BIRTHDATE.fullmatch(text)
    if match is None:
        return False
    if match[2] is None:
        return match[1] != "0000"
    try:
        date(int(match[1]) or _LEAP_YEAR, int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _has_invisible(text: str) -> bool:
    return any(unicodedata.category(each) in _INVISIBLE and each not in _JOINERS for each in text)
