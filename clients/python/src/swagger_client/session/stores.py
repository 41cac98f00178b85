"""Where tokens are kept between calls and between runs.

A store keeps one person's tokens. It is asked from one thread at a time.
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
    """What a session asks of a place for tokens."""

    def load(self) -> Token | None:
        """The tokens, or None."""
        ...

    def save(self, token: Token) -> None:
        """Keep these instead. On return they outlast this process, if the store promises that."""
        ...

    def clear(self) -> None:
        """Forget them."""
        ...


class MemoryStore:
    """Keeps tokens as long as the process lives."""

    def __init__(self, token: Token | None = None) -> None:
        self._token = token

    def load(self) -> Token | None:
        """The tokens, or None."""
        return self._token

    def save(self, token: Token) -> None:
        """Keep these instead."""
        self._token = token

    def clear(self) -> None:
        """Forget them."""
        self._token = None


class FileStore:
    """Keeps tokens in a file that nobody else may read (mode 0600). `~` is your home.

    A new file takes the place of the old one in one step: whoever reads, reads a whole one. A file
    that others could read is refused with `PermissionError`: its tokens may be known already.
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
        """Keep these instead; on return they are on the disk."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file 0600 from its first moment.
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
    """Keeps tokens in the system's keyring. Needs the extra: `quantimodo-client[keyring]`.

    Where the system has none that can be used, its methods raise `OSError`.
    """

    def __init__(self, service: str = "quantimodo-client", username: str = "default") -> None:
        self._service = service
        self._username = username
        self._keyring: Any = _keyring()

    def load(self) -> Token | None:
        """The tokens, or None. Raises `ValueError` if what is kept is no token."""
        kept = self._ask("get_password")
        if kept is None:
            return None
        try:
            found = json.loads(kept)
        except ValueError:
            found = None
        return Token.from_dict(found if isinstance(found, dict) else {})

    def save(self, token: Token) -> None:
        """Keep these instead."""
        self._ask("set_password", json.dumps(token.to_dict()))

    def clear(self) -> None:
        """Forget them."""
        if self._ask("get_password") is not None:
            self._ask("delete_password")

    def _ask(self, name: str, *given: str) -> Any:
        try:
            return getattr(self._keyring, name)(self._service, self._username, *given)
        except self._keyring.errors.KeyringError as fault:
            raise OSError(f"the keyring of this system cannot be used: {fault}") from fault


def _keyring() -> Any:
    try:
        return import_module("keyring")
    except ImportError:
        raise ImportError("KeyringStore needs: pip install 'quantimodo-client[keyring]'") from None
