"""User codes of devices (RFC 8628 §6.1): alphabet, spelling, and what people type. Pure.

Twenty consonants: no vowels, so that no words appear, and no digits, so that none looks like
another character. Eight of them are 34.5 bits.
"""

from typing import Final

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8
_GROUP: Final = 4
_LONGEST: Final = 64  # of what is typed, before it is refused
RANDOM_BYTES: Final = 16  # so many more bits than 34.5 that every code is equally likely


def from_random(random: bytes) -> str:
    """The code that these `RANDOM_BYTES` bytes give."""
    number, characters = int.from_bytes(random, "big"), []
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[place])
    return "".join(characters)


def format_user_code(code: str) -> str:
    """The code in two groups, as devices show it."""
    return f"{code[:_GROUP]}-{code[_GROUP:]}"


def normalise(text: str) -> str | None:
    """The code that a person typed, whatever the case, spaces and hyphens; None for a text that is
    no code."""
    if len(text) > _LONGEST:
        return None
    characters = "".join(each for each in text.upper() if each.isalnum())
    return characters if len(characters) == LENGTH and set(characters) <= set(ALPHABET) else None
