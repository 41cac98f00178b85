"""Scores how hard a password is to guess, by zxcvbn, in one thread beside the event loop.

Owns how many characters are scored: the time that zxcvbn takes grows with the square of the
length, and for adverse input faster. The first 32 characters take at most about 0.2 s.
"""

import asyncio
import threading
import unicodedata
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from zxcvbn import zxcvbn

from quantimodo.crypto.passwords import PoolFull, lower_priority
from quantimodo.model.secrets import Secret

SCORED_LENGTH: Final = 32  # characters


class StrengthMeter:
    """Scores one password at a time; at most `waiting` more wait.

    There is one thread because zxcvbn keeps the words of a call in a global table.
    """

    def __init__(self, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(1 + waiting)
        self._pool = ThreadPoolExecutor(1, "password strength", initializer=lower_priority)

    async def score(self, password: Secret, words: Sequence[str]) -> int:
        """0 (guessed at once) to 4 (more than 10^10 guesses). `words` are those that an attacker
        tries first for this person. Raises `PoolFull`."""
        if not self._places.acquire(blocking=False):
            raise PoolFull
        try:
            future = self._pool.submit(_score, password, tuple(words))
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(self._release_place)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Accept no more work and wait for the call that runs."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _release_place(self, _: "Future[int]") -> None:
        self._places.release()


def _score(password: Secret, words: Sequence[str]) -> int:
    # The same form as that which is hashed: full-width characters are ordinary ones.
    text = unicodedata.normalize("NFKC", password.reveal())
    score: int = zxcvbn(text[:SCORED_LENGTH], user_inputs=words)["score"]
    return score
