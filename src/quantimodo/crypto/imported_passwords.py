"""Password hashes of other servers: read, checked for bounds, and verified by libraries.

Owns the form in which they are stored until the person signs in, and the bounds of their cost. A
hash below the lower bound is refused because it protects its password too little, one above the
upper bound because each attempt would cost too much. `passwords.py` verifies in its pool.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import argon2
import bcrypt
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from quantimodo.crypto.digests import compare_digest

_PREFIX: Final = "imported:"
_LONGEST: Final = 512  # characters of a hash


class UnusableHash(ValueError):
    """It is of no known form, or its cost is out of bounds. The text never contains the hash."""


class _Bounds(NamedTuple):
    least: int
    most: int

    def check(self, value: int, what: str) -> int:
        if not self.least <= value <= self.most:
            raise UnusableHash(f"{what} must be from {self.least} to {self.most}")
        return value


_BCRYPT_COST: Final = _Bounds(8, 13)
_ITERATIONS: Final = _Bounds(10_000, 2_000_000)
_ITERATIONS_OF_SHA1: Final = _Bounds(10_000, 1_300_000)  # its hashes take up to four rounds each
_SCRYPT_KIB: Final = _Bounds(8 * 1024, 64 * 1024)  # 128 * n * r bytes
_SCRYPT_WORK_KIB: Final = _Bounds(8 * 1024, 320 * 1024)  # the same, p times
_ARGON2_KIB: Final = _Bounds(4 * 1024, 128 * 1024)
_ARGON2_PASSES: Final = _Bounds(1, 10)
_ARGON2_WORK_KIB: Final = _Bounds(8 * 1024, 512 * 1024)  # memory, passes times
_LANES: Final = _Bounds(1, 16)
_SALT: Final = _Bounds(8, 64)
_KEY: Final = _Bounds(16, 64)

_DIGESTS: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "pbkdf2-sha1": hashes.SHA1,  # HMAC does not depend on collision resistance
    "pbkdf2-sha256": hashes.SHA256,
    "pbkdf2-sha512": hashes.SHA512,
}
_TO_STANDARD_BASE64: Final = str.maketrans(".-_", "++/")
_BCRYPT: Final = re.compile(r"\$2[aby]\$([0-9]{2})(\$[./A-Za-z0-9]{53})", re.ASCII)
_DJANGO_PBKDF2: Final = re.compile(r"pbkdf2_(sha1|sha256|sha512)\$([0-9]{1,9})\$([!-#%-~]+)\$(\S+)")
_DJANGO_SCRYPT: Final = re.compile(
    r"scrypt\$([0-9]{1,9})\$([!-#%-~]+)\$([0-9]{1,4})\$([0-9]{1,4})\$(\S+)"
)
_PHC_PBKDF2: Final = re.compile(
    r"\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?([0-9]{1,9})(?:,l=[0-9]+)?\$([^$]+)\$([^$]+)"
)
_PHC_SCRYPT: Final = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,4}),p=([0-9]{1,4})\$([^$]+)\$([^$]+)"
)
_FIREBASE: Final = re.compile(  # as Supabase writes it, and `cli/users/import_firebase.py`
    r"\$fbscrypt\$v=1,n=([0-9]{1,2}),r=([0-9]{1,4}),p=([0-9]{1,4})(?:,ss=([^,$]*))?,sk=([^,$]+)"
    r"\$([^$]+)\$([^$]+)"
)
_ARGON2: Final = re.compile(r"\$argon2(?:id|i|d)\$.+", re.ASCII)


def imported_hash(text: str) -> str:
    """The stored form of a hash of another server.

    Takes bcrypt, the `pbkdf2_…`, `scrypt`, `argon2` and `bcrypt…` forms of Django, the PHC string
    format for pbkdf2, scrypt and argon2, and `$fbscrypt$` for Firebase's scrypt. Raises
    `UnusableHash`.
    """
    if len(text) > _LONGEST or not text.isascii():
        raise UnusableHash("it is of no known form")
    for prefix, scheme in (
        ("bcrypt_sha256$", "bcrypt-sha256"),
        ("bcrypt$", "bcrypt"),
        ("", "bcrypt"),
    ):
        if text.startswith(prefix) and (match := _BCRYPT.fullmatch(text.removeprefix(prefix))):
            cost = _BCRYPT_COST.check(int(match[1]), "the cost of bcrypt")
            return f"{_PREFIX}{scheme}:$2b${cost:02}{match[2]}"
    if match := _DJANGO_PBKDF2.fullmatch(text):
        return _pbkdf2(match[1], match[2], match[3].encode(), _decode_base64(match[4]))
    if match := _PHC_PBKDF2.fullmatch(text):
        digest = match[1] or "sha1"  # as passlib and Keycloak write it
        return _pbkdf2(digest, match[2], _decode_base64(match[3]), _decode_base64(match[4]))
    if match := _DJANGO_SCRYPT.fullmatch(text):
        n, r, p = int(match[1]), int(match[3]), int(match[4])
        return _scrypt(n, r, p, match[2].encode(), _decode_base64(match[5]))
    if match := _PHC_SCRYPT.fullmatch(text):
        n, r, p = 2 ** int(match[1]), int(match[2]), int(match[3])
        return _scrypt(n, r, p, _decode_base64(match[4]), _decode_base64(match[5]))
    if match := _FIREBASE.fullmatch(text):
        n, r, p = 2 ** int(match[1]), int(match[2]), int(match[3])
        separator, signer, salt, key = (_decode_base64(each or "") for each in match.groups()[3:])
        return _firebase(n, r, p, salt + separator, key, signer)
    bare = text.removeprefix("argon2") if text.startswith("argon2$") else text
    if _ARGON2.fullmatch(bare):
        return _argon2(bare)
    raise UnusableHash("it is of no known form")


def is_imported(stored: str) -> bool:
    """Whether a stored hash came from another server."""
    return stored.startswith(_PREFIX)


def matches_imported(stored: str, password: bytes) -> bool:
    """Whether the password has this hash of `imported_hash`. Slow: run it in a pool."""
    scheme, _, rest = stored.removeprefix(_PREFIX).partition(":")
    try:
        return _VERIFIERS[scheme](scheme, rest, password)
    except (InvalidKey, VerificationError, InvalidHashError, ValueError, KeyError):
        return False


def _verify_bcrypt(scheme: str, rest: str, password: bytes) -> bool:
    if scheme == "bcrypt-sha256":  # Django: hexadecimal, so that no octet is lost
        password = hashlib.sha256(password).hexdigest().encode()
    # bcrypt reads 72 octets; the servers that made these hashes cut longer passwords, too.
    return bcrypt.checkpw(password[:72], rest.encode())


def _verify_pbkdf2(scheme: str, rest: str, password: bytes) -> bool:
    iterations, salt, key = rest.split(":")
    expected = b64decode(key)
    kdf = PBKDF2HMAC(_DIGESTS[scheme](), len(expected), b64decode(salt), int(iterations))
    kdf.verify(password, expected)
    return True


def _verify_scrypt(_: str, rest: str, password: bytes) -> bool:
    n, r, p, salt, key = rest.split(":")
    expected = b64decode(key)
    kdf = Scrypt(b64decode(salt), len(expected), int(n), int(r), int(p))
    kdf.verify(password, expected)
    return True


def _verify_firebase(_: str, rest: str, password: bytes) -> bool:
    n, r, p, salt, key = rest.split(":")
    expected = b64decode(key)
    derived = Scrypt(b64decode(salt), 32, int(n), int(r), int(p)).derive(password)
    return compare_digest(_key_stream(derived, len(expected)), expected)


def _key_stream(key: bytes, length: int) -> bytes:
    """The first octets of the key stream of AES-256 in counter mode, from the counter 0."""
    return Cipher(AES256(key), CTR(bytes(16))).encryptor().update(bytes(length))


def _verify_argon2(_: str, rest: str, password: bytes) -> bool:
    return argon2.PasswordHasher().verify(rest, password)


_VERIFIERS: Final[Mapping[str, Callable[[str, str, bytes], bool]]] = {
    "bcrypt": _verify_bcrypt,
    "bcrypt-sha256": _verify_bcrypt,
    "pbkdf2-sha1": _verify_pbkdf2,
    "pbkdf2-sha256": _verify_pbkdf2,
    "pbkdf2-sha512": _verify_pbkdf2,
    "scrypt": _verify_scrypt,
    "firebase": _verify_firebase,
    "argon2": _verify_argon2,
}


def _pbkdf2(digest: str, iterations: str, salt: bytes, key: bytes) -> str:
    bounds = _ITERATIONS_OF_SHA1 if digest == "sha1" else _ITERATIONS
    rounds = bounds.check(int(iterations), "the iterations of PBKDF2")
    return f"{_PREFIX}pbkdf2-{digest}:{rounds}:{_salt_and_key(salt, key)}"


def _scrypt(n: int, r: int, p: int, salt: bytes, key: bytes, scheme: str = "scrypt") -> str:
    if n < 2 or n & (n - 1) or not r or not p:
        raise UnusableHash("the parameters of scrypt are invalid")
    memory = _SCRYPT_KIB.check(128 * n * r // 1024, "the memory of scrypt in KiB")
    _SCRYPT_WORK_KIB.check(memory * p, "the memory of scrypt in KiB times p")
    return f"{_PREFIX}{scheme}:{n}:{r}:{p}:{_salt_and_key(salt, key)}"


def _firebase(n: int, r: int, p: int, salt: bytes, key: bytes, signer: bytes) -> str:
    """Firebase encrypts the signer key of the project by AES-256-CTR under what scrypt derives from
    the password. The key stream is stored instead of the ciphertext: it verifies the password as
    well, and this server never stores the signer key, which belongs to the whole project."""
    if len(key) != len(signer):
        raise UnusableHash("its length is not that of the signer key")
    key_stream = bytes(one ^ other for one, other in zip(key, signer, strict=True))
    return _scrypt(n, r, p, salt, key_stream, "firebase")


def _argon2(text: str) -> str:
    try:
        found = argon2.extract_parameters(text)
    except InvalidHashError:
        raise UnusableHash("it is of no known form") from None
    memory = _ARGON2_KIB.check(found.memory_cost, "the memory of Argon2 in KiB")
    passes = _ARGON2_PASSES.check(found.time_cost, "the passes of Argon2")
    _ARGON2_WORK_KIB.check(memory * passes, "the memory of Argon2 in KiB times its passes")
    _LANES.check(found.parallelism, "the lanes of Argon2")
    _SALT.check(found.salt_len, "the length of the salt")
    _KEY.check(found.hash_len, "the length of the hash")
    return f"{_PREFIX}argon2:{text}"


def _salt_and_key(salt: bytes, key: bytes) -> str:
    _SALT.check(len(salt), "the length of the salt")
    _KEY.check(len(key), "the length of the hash")
    return f"{b64encode(salt).decode()}:{b64encode(key).decode()}"


def _decode_base64(text: str) -> bytes:
    """Decode base64 with or without padding, base64url, or passlib's base64 with `.` for `+`."""
    bare = text.rstrip("=").translate(_TO_STANDARD_BASE64)
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except NotBase64:
        raise UnusableHash("its salt or its hash is not in base64") from None
