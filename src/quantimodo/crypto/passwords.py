"""Password hashes: argon2id in a small pool of threads with a low priority.

Owns the parameters, the pool and its bound. `accounts/passwords.py` decides which new passwords are
accepted, and the store keeps the hashes.
"""

import asyncio
import os
import sys
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from quantimodo.crypto.imported_passwords import is_imported, matches_imported
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

T = TypeVar("T")


class PoolFull(Exception):
    """The queue of the pool is full; the caller may try again in a moment."""


@dataclass(frozen=True, slots=True)
class HashPolicy:
    """argon2id's parameters (OWASP Password Storage: 19 MiB, two passes, one lane)."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1
    salt_length: int = 16
    hash_length: int = 32


class PasswordHasher:
    """Hashes and verifies in `workers` threads; at most `waiting` more calls wait.

    `hash` and `verify` raise `PoolFull` at once, without waiting, when the queue is full. Every
    `verify` costs the same, whether there is a hash to compare with or not (security.md §21); one
    with a hash of another server costs that hash's work in addition.
    """

    def __init__(
        self, workers: int, waiting: int, entropy: Entropy, policy: HashPolicy | None = None
    ) -> None:
        self._policy = policy or HashPolicy()
        self._entropy = entropy
        self._argon2 = _argon2(self._policy)
        self._unknown_password = _hash_of_unknown_password(self._policy)
        self._places = threading.BoundedSemaphore(workers + waiting)
        self._pool = ThreadPoolExecutor(workers, "passwords", initializer=lower_priority)

    async def hash(self, password: Secret) -> str:
        """The argon2id hash with a new salt, made in the pool. Raises `PoolFull` when too many
        wait."""
        salt = self._entropy.bytes(self._policy.salt_length)
        return await self._run(lambda: self._argon2.hash(_octets(password), salt=salt))

    async def verify(self, password_hash: str | None, password: Secret) -> bool:
        """Whether the password has this hash; never when there is no hash."""
        stored_hash = password_hash or self._unknown_password
        matches = await self._run(lambda: self._matches(stored_hash, password))
        return matches and password_hash is not None

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than the ones in force, or elsewhere."""
        try:
            return self._argon2.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    def close(self) -> None:
        """Accept no more work, cancel the calls that wait, and wait for those that run."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, stored_hash: str, password: Secret) -> bool:
        if is_imported(stored_hash):
            self._matches(self._unknown_password, password)  # never less work than for no account
            # Other servers do not normalise: the octets are those that the person typed.
            return matches_imported(stored_hash, password.reveal().encode("utf-8", "surrogatepass"))
        try:
            return self._argon2.verify(stored_hash, _octets(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise PoolFull
        try:
            future = self._pool.submit(work)
        except BaseException:
            self._places.release()
            raise
        # The place is free when the thread is, also when the caller was cancelled before.
        future.add_done_callback(self._release_place)
        return await asyncio.wrap_future(future)

    def _release_place(self, _: "Future[T]") -> None:
        self._places.release()


def _octets(password: Secret) -> bytes:
    # NIST SP 800-63B-4 §3.1.1.2: normalised, so that every keyboard gives the same octets. Lone
    # surrogates cannot be written in UTF-8; here they are just one more wrong password.
    return unicodedata.normalize("NFKC", password.reveal()).encode("utf-8", "surrogatepass")


def _argon2(policy: HashPolicy) -> argon2.PasswordHasher:
    return argon2.PasswordHasher(
        time_cost=policy.passes,
        memory_cost=policy.memory_kib,
        parallelism=policy.lanes,
        hash_len=policy.hash_length,
        salt_len=policy.salt_length,
    )


def _hash_of_unknown_password(policy: HashPolicy) -> str:
    """A hash with these parameters whose password is not known: its octets are all zero."""
    cost = f"m={policy.memory_kib},t={policy.passes},p={policy.lanes}"
    salt, octets = (
        b64encode(bytes(length)).decode().rstrip("=")
        for length in (policy.salt_length, policy.hash_length)
    )
    return f"$argon2id$v=19${cost}${salt}${octets}"


def lower_priority() -> None:
    """Lower the priority of this thread: other threads of the process run first."""
    if sys.platform == "linux":  # elsewhere the number of a thread may be that of a process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
