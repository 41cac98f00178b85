"""The server's own secret keys: from the settings, or from a file made at the first start.

Each is 32 random bytes, spelled in base64url. The first key encrypts, and all of them decrypt. To
rotate, put a new key in front.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from quantimodo.ports.clock import Entropy


class BadSecretKey(Exception):
    """The keys cannot be used; the text is for the operator and shows nothing of them."""


def parse_keys(text: str) -> tuple[bytes, ...]:
    """One key a line. Raises `BadSecretKey`."""
    keys = []
    for line in text.split():
        try:
            key = urlsafe_b64decode(line + "=" * (-len(line) % 4))
        except ValueError:
            key = b""
        if len(key) != 32:
            raise BadSecretKey("each secret key must be 32 bytes in base64url (43 characters)")
        keys.append(key)
    if not keys:
        raise BadSecretKey("there is no secret key")
    return tuple(keys)


def secret_keys(text: str, file: str, entropy: Entropy, *, may_generate: bool) -> tuple[bytes, ...]:
    """The keys of the settings, otherwise those of the file. Raises `BadSecretKey`."""
    return (
        parse_keys(text)
        if text
        else read_or_generate(Path(file), entropy, may_generate=may_generate)
    )


def format_key(key: bytes) -> str:
    """The key as the file and the setting spell it: base64url without padding."""
    return urlsafe_b64encode(key).rstrip(b"=").decode("ascii")


def read_or_generate(path: Path, entropy: Entropy, *, may_generate: bool) -> tuple[bytes, ...]:
    """The keys in this file. With `may_generate`, a missing file is created with mode 0600. If
    several processes create it at the same time, all read the same key. Raises `BadSecretKey`."""
    if not path.exists():
        if not may_generate:
            raise BadSecretKey(
                f"there is no secret key: {path.absolute()} does not exist. Set"
                " QUANTIMODO_SECRET_KEY, or QUANTIMODO_SECRET_FILE to the file that the server uses"
            )
        _generate(path, entropy)
    try:
        return parse_keys(path.read_text("ascii"))
    except UnicodeDecodeError:
        raise BadSecretKey(f"{path.absolute()} is not ASCII text: it must have keys") from None


def _generate(path: Path, entropy: Entropy) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{entropy.bytes(6).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(format_key(entropy.bytes(32)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails when another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
