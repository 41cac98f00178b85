"""Reads and checks what the settings of a provider of the kind `oauth2` declare. Pure.

Owns the spelling of parameters, headers and mappings, and the faults for which a server does not
start. `providers/declared.py` uses what is read here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.federation.contract import ProviderPolicy
from quantimodo.federation.field_paths import Path, parse_path, value_at
from quantimodo.outbound.responses import invalid_response

_PARAMETER: Final = re.compile(r"([A-Za-z0-9_.:-]{1,60})=([^\x00-\x1f\x7f]{0,1000})")
_HEADER: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9-]{0,60}): ?([\x21-\x7e][\x20-\x7e]{0,500})", re.ASCII
)
_PLACES: Final = re.compile(r"\{([^{}]*)\}")
_KNOWN_PLACES: Final = frozenset({"access_token", "client_id"})
# The HTTP client and the flow itself own these.
_OWN_HEADERS: Final = frozenset(
    {
        *("host", "content-length", "content-type", "transfer-encoding", "connection", "cookie"),
        *("accept-encoding", "user-agent"),
    }
)
_OWN_PARAMETERS: Final = frozenset(
    {
        *("response_type", "response_mode", "client_id", "client_secret", "redirect_uri", "state"),
        *("scope", "code_challenge", "code_challenge_method", "code_verifier", "code"),
        *("grant_type", "request", "request_uri", "client_assertion", "client_assertion_type"),
    }
)
_NAME_PARTS: Final = "+"
_LONGEST_SUBJECT: Final = 255
_BEARER: Final = ("Authorization: Bearer {access_token}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a response says about a person. `subject` is the account's own id."""

    subject: str
    name: str
    email: str | None
    proven: bool  # whether the address counts as the person's


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Where the response of a provider has the id, the name and the address of an account."""

    policy: ProviderPolicy

    def parse(self, response: Mapping[str, Any]) -> Mapped:
        """What the response says about the person. Raises `InvalidProviderResponse` without a
        usable subject."""
        email = _text(self._at(response, self.policy.email_field)) or None
        return Mapped(
            subject=_subject(self._at(response, self.policy.subject_field)),
            name=self._name(response),
            email=email,
            proven=email is not None and self._proven(response),
        )

    def _name(self, response: Mapping[str, Any]) -> str:
        for alternative in self.policy.name_fields:
            parts = (_text(self._at(response, part)) for part in _name_parts(alternative))
            whole = " ".join(filter(None, parts))
            if whole:
                return whole
        return ""

    def _proven(self, response: Mapping[str, Any]) -> bool:
        if self.policy.email_counts == "verified_field":
            # Only `true` counts, neither "true" nor 1: a text could have any meaning.
            return self._at(response, self.policy.email_verified_field) is True
        return self.policy.email_counts == "authoritative"

    def _at(self, response: Mapping[str, Any], path: str) -> Any:
        return value_at(response, parse_path(path)) if path else None


def parameters(declared: Sequence[str]) -> dict[str, str]:
    """Parameters that are declared as `name=value`, and checked."""
    return dict(pair.split("=", 1) for pair in declared)


def headers(policy: ProviderPolicy, access_token: str) -> dict[str, str]:
    """The headers of the request to the userinfo endpoint."""
    values = {"access_token": access_token, "client_id": policy.client_id}
    found = {}
    for line in policy.userinfo_headers or _BEARER:
        name, _, value = line.partition(":")
        found[name.lower()] = _PLACES.sub(lambda place: values[place[1]], value.strip())
    return found


def token_path(policy: ProviderPolicy) -> Path:
    """Where in the token response the tokens are."""
    return parse_path(policy.token_field) if policy.token_field else ()


def faults_of_declaration(policy: ProviderPolicy) -> Iterator[tuple[str, str]]:
    """The settings that cannot work, each with what it must be. Contains no value."""
    if policy.client_authentication not in ("", "client_secret_basic", "client_secret_post"):
        yield (
            "client_authentication",
            "must be client_secret_basic or client_secret_post for oauth2",
        )
    if policy.client_authentication and policy.client_secret is None:
        yield "client_secret", f"must be set for {policy.client_authentication}"
    if policy.client_secret is None and not policy.pkce:
        yield "client_secret", "must be set, because pkce is false"
    if policy.authoritative is not None:
        yield "authoritative", "is not for oauth2: set email_counts"
    yield from _faults_of_paths(policy)
    yield from _faults_of_email(policy)
    for name in ("authorization_parameters", "fresh_parameters", "token_parameters"):
        if not _are_parameters(getattr(policy, name)):
            yield (
                name,
                "must be texts such as prompt=consent, none of them what the flow itself sends",
            )
    if not _are_headers(policy.userinfo_headers):
        yield (
            "userinfo_headers",
            "must be texts such as Client-Id: {client_id}, with {access_token} in one of them",
        )


def _faults_of_paths(policy: ProviderPolicy) -> Iterator[tuple[str, str]]:
    single = ("token_field", "subject_field", "email_field", "email_verified_field")
    for name in single:
        path = getattr(policy, name)
        if path and not _is_path(path):
            yield name, "must be a path such as data[0].id"
    parts = [part for each in policy.name_fields for part in _name_parts(each)]
    if not all(map(_is_path, parts)):
        yield "name_fields", "must be paths such as user.name, or first_name + last_name"


def _faults_of_email(policy: ProviderPolicy) -> Iterator[tuple[str, str]]:
    counts = policy.email_counts
    if counts in ("verified_field", "authoritative") and not policy.email_field:
        yield "email_field", f"must be set for email_counts {counts}"
    if counts == "verified_field" and not policy.email_verified_field:
        yield "email_verified_field", "must be set for email_counts verified_field"


def _are_parameters(declared: Sequence[str]) -> bool:
    matches = [_PARAMETER.fullmatch(pair) for pair in declared]
    names = [match[1] for match in matches if match is not None]
    distinct = len(set(names)) == len(declared)
    return distinct and not _OWN_PARAMETERS.intersection(name.lower() for name in names)


def _are_headers(declared: Sequence[str]) -> bool:
    matches = [_HEADER.fullmatch(line) for line in declared]
    found = [match for match in matches if match is not None]
    names = {match[1].lower() for match in found}
    if len(names) != len(declared) or names & _OWN_HEADERS:
        return False
    places = {place for match in found for place in _PLACES.findall(match[2])}
    braces = any(
        _PLACES.sub("", match[2]).strip("{}") != _PLACES.sub("", match[2]) for match in found
    )
    return places <= _KNOWN_PLACES and not braces and (not declared or "access_token" in places)


def _name_parts(alternative: str) -> list[str]:
    return [part.strip() for part in alternative.split(_NAME_PARTS)]


def _is_path(text: str) -> bool:
    try:
        parse_path(text)
    except ValueError:
        return False
    return True


def _subject(value: Any) -> str:
    """An account's id, from a text or a whole number. It is never empty, rounded or derived from
    another field."""
    spelled = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 0 < len(spelled) <= _LONGEST_SUBJECT or not spelled.isprintable():
        raise invalid_response("no usable account id at subject_field")
    return spelled


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
