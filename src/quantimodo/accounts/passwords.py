"""Which new passwords are taken (OWASP ASVS §6.2): long enough, and no first guesses.

Pure. No rules of composition. How they are hashed is `crypto/passwords.py`'s business.
"""

import unicodedata

from quantimodo.accounts.common_passwords import COMMON
from quantimodo.accounts.errors import InvalidInput
from quantimodo.model.secrets import Secret

SHORTEST = 8
ADVISED = 15
LONGEST = 256


def check_password(password: Secret, *, email: str | None, name: str) -> None:
    """Raises `InvalidInput` for the field `password`."""
    text = unicodedata.normalize("NFKC", password.reveal())
    if len(text) < SHORTEST:
        raise _rejected(f"Use a password of at least {SHORTEST} characters; {ADVISED} are better.")
    if len(password.reveal()) > LONGEST or len(text) > LONGEST:
        raise _rejected(f"Use a password of at most {LONGEST} characters.")
    if text.casefold() in COMMON:
        raise _rejected("This is one of the passwords that are tried first. Choose another one.")
    if text.casefold() in _own_words(email, name):
        raise _rejected("Use a password that is not your name or your address.")


def is_presentable(password: Secret) -> bool:
    """Whether it can be anybody's password at all: longer ones are not worth a hash."""
    return len(password.reveal()) <= LONGEST


def _own_words(email: str | None, name: str) -> frozenset[str]:
    address = (email or "").casefold()
    words = {address, address.partition("@")[0], name.casefold(), name.casefold().replace(" ", "")}
    return frozenset(words - {""})


def _rejected(message: str) -> InvalidInput:
    return InvalidInput("password", message)
