"""Which new passwords are accepted (OWASP ASVS §6.2): long enough, hard to guess, not stolen.

There are no rules of composition. `crypto/password_strength.py` scores passwords, and
`crypto/passwords.py` hashes them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import structlog

from quantimodo.accounts.errors import Busy, InvalidInput
from quantimodo.crypto.password_strength import StrengthMeter
from quantimodo.crypto.passwords import PoolFull
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.ports.breached_passwords import BreachedPasswords, BreachLookupFailed

SHORTEST: Final = 8
ADVISED: Final = 15
LONGEST: Final = 256

Outcome = Literal["found", "not_found", "failed"]

_RETRY_AFTER: Final = timedelta(seconds=2)
_SHORTEST_WORD: Final = 3
_LONGEST_CAUSE: Final = 200
_EASY: Final = N_(
    "This password is easy to guess. Use a longer one: three or four unrelated words, for"
    " example. Your name and your address do not make it stronger."
)
_STOLEN: Final = N_(
    "This password is in a list of stolen passwords. Choose another one, and change it where you"
    " use it."
)
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.passwords")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswords:
    """Checks passwords that people choose. `minimum_score` is one of zxcvbn, 1 to 4. `own_words`
    are those of this server. `count` counts the lookups in the list of breached passwords."""

    meter: StrengthMeter
    minimum_score: int
    own_words: Sequence[str]
    breached: BreachedPasswords | None
    count: Callable[[Outcome], None]

    async def check(self, password: Secret, *, email: str | None, name: str) -> None:
        """Raises `InvalidInput` for the field `password`, and `Busy` when too many wait. The
        caller has checked the length."""
        words = (*_words(email or ""), *_words(name), *self.own_words)
        try:
            score = await self.meter.score(password, words)
        except PoolFull:
            raise Busy(_RETRY_AFTER) from None
        if score < self.minimum_score:
            raise _rejected(_EASY)
        if self.breached is not None and await self._is_stolen(self.breached, password):
            raise _rejected(_STOLEN)

    async def _is_stolen(self, breached: BreachedPasswords, password: Secret) -> bool:
        # A list that does not respond must not keep people from changing their password.
        try:
            found = await breached.contains(password)
        except BreachLookupFailed as fault:
            self.count("failed")
            _log.warning("breached_passwords.not_checked", because=str(fault)[:_LONGEST_CAUSE])
            return False
        self.count("found" if found else "not_found")
        return found


def check_length(password: Secret) -> None:
    """Raises `InvalidInput` for the field `password`."""
    text = unicodedata.normalize("NFKC", password.reveal())
    if len(text) < SHORTEST:
        raise _rejected(
            N_(
                "Use a password of at least %(shortest)s characters; %(advised)s are better.",
                shortest=SHORTEST,
                advised=ADVISED,
            )
        )
    if len(password.reveal()) > LONGEST or len(text) > LONGEST:
        raise _rejected(N_("Use a password of at most %(longest)s characters.", longest=LONGEST))


def is_presentable(password: Secret) -> bool:
    """Whether it can be the password of an account: longer ones are not hashed."""
    return len(password.reveal()) <= LONGEST


def words_of_server(host: str, *services: str) -> tuple[str, ...]:
    """The words of this server that an attacker tries first, from its public host name and the
    names of the product and the service."""
    return tuple(dict.fromkeys(word for text in (*services, host) for word in _words(text)))


def _words(text: str) -> Iterator[str]:
    """The text, the text without what is between its words, and its words."""
    whole = unicodedata.normalize("NFKC", text).casefold()
    parts = [part for part in re.split(r"[\W_]+", whole) if part]
    yield from (each for each in (whole, "".join(parts), *parts) if len(each) >= _SHORTEST_WORD)


def _rejected(message: str) -> InvalidInput:
    return InvalidInput("password", message)
