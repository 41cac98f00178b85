"""Stores of tokens between calls and between runs.

A store has one person's tokens. It is called from one thread at a time.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from swagger_client.session.tokens import Token


class TokenStore(Protocol):
    """The interface of a store of tokens."""

    def load(self) -> Token | None:
        """The tokens, or None."""
        ...

    def save(self, token: Token) -> None:
        """Replace the tokens. A persistent store has written them when this returns."""
        ...

    def clear(self) -> None:
        """Delete the tokens."""
        ...


class MemoryStore:
    """Stores tokens in memory, until the process ends."""

    def __init__(self, token: Token | None = None) -> None:
        self._token = token

    def load(self) -> Token | None:
        """The tokens, or None."""
        return self._token

    def save(self, token: Token) -> None:
        """Replace the tokens."""
        self._token = token

    def clear(self) -> None:
        """Delete the tokens."""
        self._token = None


class FileStore:
    """Stores tokens in a file that only its owner can read (mode 0600). `~` is your home folder.

    The file is replaced atomically. A file that other users can read is refused with
    `PermissionError`: its tokens may have been read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()

    def load(self) -> Token | None:
        """The tokens, or None. Raises `ValueError` if the file is no token file."""
        try:
            with self.path.open(encoding="utf-8") as file:
                self._check_privacy(os.fstat(file.fileno()).st_mode)
                kept = json.load(file)
        except FileNotFoundError:
            return None
        except ValueError:
            raise ValueError(f"{self.path} holds no tokens; delete it and sign in again") from None
        return Token.from_dict(kept if isinstance(kept, dict) else {})

    def save(self, token: Token) -> None:
        """Replace the tokens; they are on the disk when this returns."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp creates the file with mode 0600.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(token.to_dict(), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def clear(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)

    def _check_privacy(self, mode: int) -> None:
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise PermissionError(f"{self.path} can be read by others: chmod 600, or delete it")


class KeyringStore:
    """Stores tokens in the keyring of the system. Needs the extra: `quantimodo-client[keyring]`.

    The methods raise `OSError` if the system has no usable keyring.
    """

    def __init__(self, service: str = "quantimodo-client", username: str = "default") -> None:
        self._service = service
        self._username = username
        self._keyring: Any = _keyring()

    def load(self) -> Token | None:
        """The tokens, or None. Raises `ValueError` if the stored value is invalid."""
        kept = self._call("get_password")
        if kept is None:
            return None
        try:
            found = json.loads(kept)
        except ValueError:
            found = None
        return Token.from_dict(found if isinstance(found, dict) else {})

    def save(self, token: Token) -> None:
        """Replace the tokens."""
        self._call("set_password", json.dumps(token.to_dict()))

    def clear(self) -> None:
        """Delete the tokens."""
        if self._call("get_password") is not None:
            self._call("delete_password")

    def _call(self, name: str, *given: str) -> Any:
        try:
            return getattr(self._keyring, name)(self._service, self._username, *given)
        except self._keyring.errors.KeyringError as fault:
            raise OSError(f"the keyring of this system cannot be used: {fault}") from fault


def _keyring() -> Any:
    try:
        return import_module("keyring")
    except ImportError:
        raise ImportError("KeyringStore needs: pip install 'quantimodo-client[keyring]'") from None
