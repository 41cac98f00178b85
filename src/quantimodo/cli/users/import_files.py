"""Reads the files of `quantimodo users import`: JSON lines, CSV, exports of Keycloak and Firebase.

Each yields records for `accounts/user_imports.py`, with their place in the file.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from quantimodo.cli.command_runner import Failed
from quantimodo.cli.users.import_firebase import HashConfig, of_firebase
from quantimodo.protocol.scopes import KNOWN

Form = Literal["jsonl", "csv", "keycloak", "firebase"]

_LONGEST_LINE: Final = 65_536
_FLAGS: Final = {"true": True, "false": False, "": None}
_IDENTITY: Final = "identity:"
_CONSENT: Final = "consent:"
_FORMS: Final[Mapping[str, Form]] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class Record:
    """`where` is for people: `line 3`. `fault` is set, and `fields` empty, if it cannot be read."""

    where: str
    fields: Mapping[str, Any]
    fault: str = ""


def form_of(file: Path) -> Form:
    """The format, by the end of the file name. Raises `Failed`."""
    form = _FORMS.get(file.suffix.lower())
    if form is None:
        raise Failed("the name of the file ends with neither .jsonl nor .csv: give --format")
    return form


def read_records(
    file: Path, form: Form, *, consents: bool = False, hash_config: HashConfig | None = None
) -> Iterator[Record]:
    """The records of a file, in its order; with `consents` also those of Keycloak. `hash_config` is
    that of Firebase's hashes. Raises `Failed` if the file is not of this form at all."""
    try:
        if form == "keycloak":
            yield from _users_of(file, "Keycloak", lambda user: _of_keycloak(user, consents))
        elif form == "firebase":
            yield from _users_of(file, "Firebase", lambda user: of_firebase(user, hash_config))
        elif form == "csv":
            yield from _csv(file)
        else:
            yield from _json_lines(file)
    except UnicodeDecodeError:
        raise Failed("the file is not UTF-8 text") from None


def _json_lines(file: Path) -> Iterator[Record]:
    with file.open(encoding="utf-8-sig") as lines:
        number = 0
        while line := lines.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise Failed(f"line {number}: has more than {_LONGEST_LINE} characters")
            if line.strip():
                yield _record(f"line {number}", line)


def _record(where: str, text: str) -> Record:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return Record(where, {}, "is not JSON")
    if not isinstance(content, dict):
        return Record(where, {}, "is not a JSON object")
    return Record(where, content)


def _csv(file: Path) -> Iterator[Record]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        try:
            for row in reader:
                yield _row(f"line {reader.line_num}", row)
        except csv.Error:
            raise Failed(f"line {reader.reader.line_num}: is not CSV") from None


def _row(where: str, row: Mapping[Any, Any]) -> Record:
    if None in row or None in row.values():
        return Record(where, {}, "has another number of fields than the first line")
    fields: dict[str, Any] = {}
    for name, text in row.items():
        if name in ("email_verified", "disabled"):
            if text.lower() not in _FLAGS:
                return Record(where, {}, f"{name}: must be true or false")
            fields[name] = _FLAGS[text.lower()]
        elif text == "":
            continue
        elif name.startswith(_IDENTITY):
            one = {"provider": name.removeprefix(_IDENTITY), "subject": text}
            fields.setdefault("identities", []).append(one)
        elif name.startswith(_CONSENT):
            one = {"client_id": name.removeprefix(_CONSENT), "scope": text}
            fields.setdefault("consents", []).append(one)
        else:
            fields[name] = text
    return Record(where, fields)


def _users_of(
    file: Path, server: str, read: Callable[[Mapping[str, Any]], dict[str, Any] | None]
) -> Iterator[Record]:
    """The members of the list `users`, without those for which `read` returns None."""
    try:
        document = json.loads(file.read_text("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Failed("the file is not JSON") from None
    users = document.get("users") if isinstance(document, dict) else None
    if not isinstance(users, list):
        raise Failed("the file has no list of users: export them as the guide says")
    for number, user in enumerate(users):
        where = f"users[{number}]"
        try:
            fields = read(user)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError):
            yield Record(where, {}, f"is not a user of {server}")
        else:
            if fields is not None:
                yield Record(where, fields)


def _of_keycloak(user: Mapping[str, Any], consents: bool) -> dict[str, Any] | None:
    """A user of a realm file as a record; None for the account of a service, which is no person."""
    if user.get("serviceAccountClientId"):
        return None
    fields: dict[str, Any] = {
        "subject": user["id"],
        "email": user.get("email"),
        "email_verified": user.get("emailVerified", False),
        "name": " ".join(filter(None, (user.get("firstName"), user.get("lastName")))),
        "disabled": not user.get("enabled", True),
        "identities": [
            {"provider": each["identityProvider"], "subject": each["userId"]}
            for each in user.get("federatedIdentities", [])
        ],
    }
    if "createdTimestamp" in user:
        fields["created_at"] = _moment_of_keycloak(user["createdTimestamp"])
    passwords = [each for each in user.get("credentials", []) if each["type"] == "password"]
    if passwords:
        fields["password_hash"] = _hash_of_keycloak(passwords[0])
    if consents:
        fields["consents"] = _consents_of_keycloak(user)
    return fields


def _consents_of_keycloak(user: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The consents of a person, with the scopes that this server has. Keycloak asks for no consent
    to `openid`, which each of its OpenID Connect clients has."""
    return [
        {
            "client_id": each["clientId"],
            "scope": " ".join(sorted({"openid", *each.get("grantedClientScopes", [])} & KNOWN)),
            "granted_at": _moment_of_keycloak(each["lastUpdatedDate"]),
        }
        for each in user.get("clientConsents", [])
    ]


def _moment_of_keycloak(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


def _hash_of_keycloak(credential: Mapping[str, Any]) -> str:
    data, secret = json.loads(credential["credentialData"]), json.loads(credential["secretData"])
    algorithm, iterations = data["algorithm"], int(data["hashIterations"])
    salt, value = secret["salt"].rstrip("="), secret["value"].rstrip("=")
    if algorithm == "argon2":
        extra = data["additionalParameters"]
        version = {"1.0": 16, "1.3": 19}[extra["version"][0]]
        costs = f"m={int(extra['memory'][0])},t={iterations},p={int(extra['parallelism'][0])}"
        return f"$argon2{extra['type'][0]}$v={version}${costs}${salt}${value}"
    return f"${algorithm}$i={iterations}${salt}${value}"
