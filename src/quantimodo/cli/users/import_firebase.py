"""Accounts of Firebase Authentication: its export and the hash parameters of its project.

The console of Firebase shows the parameters, which contain a secret key. They are read from a file,
so that the key is in no command line. They are not stored (`crypto/imported_passwords.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from quantimodo.cli.command_runner import Failed

_PARAMETER: Final = re.compile(r"^\s*([a-z0-9_]+)\s*:\s*([^\s,]+)\s*,?\s*$", re.MULTILINE)
_NAMES: Final[Mapping[str, str]] = {
    "google.com": "google",
    "facebook.com": "facebook",
    "github.com": "github",
    "apple.com": "apple",
    "twitter.com": "x",
    "microsoft.com": "microsoft",
}
_OWN: Final = frozenset({"password", "phone"})


@dataclass(frozen=True, slots=True)
class HashConfig:
    """The parameters of one project; `repr` does not show the key."""

    signer_key: str = field(repr=False)
    salt_separator: str
    rounds: int
    mem_cost: int

    def hash_of(self, salt: str, value: str) -> str:
        """The hash of one account as one text, with all parameters."""
        costs = f"n={self.mem_cost},r={self.rounds},p=1"
        keys = f"ss={self.salt_separator},sk={self.signer_key}"
        return f"$fbscrypt$v=1,{costs},{keys}${salt}${value}"


def read_hash_config(file: Path) -> HashConfig:
    """The parameters as the console of Firebase shows them. Raises `Failed`."""
    try:
        parameters = dict(_PARAMETER.findall(file.read_text("utf-8-sig")))
        return HashConfig(
            signer_key=parameters["base64_signer_key"],
            salt_separator=parameters["base64_salt_separator"],
            rounds=int(parameters["rounds"]),
            mem_cost=int(parameters["mem_cost"]),
        )
    except (KeyError, ValueError):  # UnicodeDecodeError is one
        raise Failed(
            "the hash parameters must have base64_signer_key, base64_salt_separator, rounds and"
            " mem_cost, as the console of Firebase shows them"
        ) from None


def of_firebase(user: Mapping[str, Any], config: HashConfig | None) -> dict[str, Any] | None:
    """An account of `firebase auth:export` as a record; None for one of a guest, which has neither
    an address nor an account at a provider. Raises `Failed` for a hash without `config`."""
    identities = [
        {"provider": _NAMES.get(each["providerId"], each["providerId"]), "subject": each["rawId"]}
        for each in user.get("providerUserInfo", [])
        if each["providerId"] not in _OWN
    ]
    if not identities and not user.get("email"):
        return None
    fields: dict[str, Any] = {
        "subject": user["localId"],
        "email": user.get("email"),
        "email_verified": user.get("emailVerified", False),
        "name": user.get("displayName") or "",
        "disabled": user.get("disabled", False),
        "identities": identities,
    }
    if "createdAt" in user:
        fields["created_at"] = datetime.fromtimestamp(
            int(user["createdAt"]) / 1000, UTC
        ).isoformat()
    if user.get("passwordHash"):
        if config is None:
            raise Failed("the file has password hashes: give --hash-config with their parameters")
        fields["password_hash"] = config.hash_of(user["salt"], user["passwordHash"])
    return fields
