"""The names of new passkeys: the person's, or that of the password manager that holds it."""

from collections.abc import Mapping
from typing import Final

from quantimodo.accounts.addresses import person_name

LONGEST: Final = 60
_DEFAULT: Final = "Passkey"

# https://github.com/passkeydeveloper/passkey-authenticator-aaguids
_MANAGERS: Final[Mapping[str, str]] = {
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "Apple Passwords",
}


def passkey_name(typed: str, aaguid: str = "") -> str:
    """The name that the person typed; without one that of the manager, if its model is known.

    Raises `InvalidInput` for `name`.
    """
    if not typed.strip():
        return _MANAGERS.get(aaguid, _DEFAULT)
    return person_name(typed)[:LONGEST]
