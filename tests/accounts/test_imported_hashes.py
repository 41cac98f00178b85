"""Password hashes of other servers: which are taken, and that each right password opens one."""

import hashlib
from base64 import b64encode
from collections.abc import Callable

import argon2
import bcrypt
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.login import LoginBrowser, LoginResult
from quantimodo.crypto.imported_passwords import (
    UnusableHash,
    imported_hash,
    is_imported,
    matches_imported,
)
from quantimodo.crypto.passwords import HashPolicy, PasswordHasher
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import ADDRESS, AGENT, MovableClock, open_account_services

PASSWORD = "pa\u0308ssword of 2011"  # not normalised: another server takes the octets as they come
RAW = PASSWORD.encode()
SALT = b"salt-of-16-bytes"
BROWSER = LoginBrowser(address=ADDRESS, agent=AGENT)


def b64(octets: bytes) -> str:
    return b64encode(octets).decode()


def django_pbkdf2(digest: str = "sha256", rounds: int = 10_000) -> str:
    key = hashlib.pbkdf2_hmac(digest, RAW, SALT, rounds)
    return f"pbkdf2_{digest}${rounds}${SALT.decode()}${b64(key)}"


def keycloak_pbkdf2() -> str:
    key = hashlib.pbkdf2_hmac("sha256", RAW, SALT, 27_500, 64)
    return f"$pbkdf2-sha256$i=27500${b64(SALT)}${b64(key)}"


def django_pbkdf2_sha1() -> str:
    return django_pbkdf2("sha1")


def keycloak_pbkdf2_sha1() -> str:
    key = hashlib.pbkdf2_hmac("sha1", RAW, SALT, 20_000, 64)
    return f"$pbkdf2$i=20000${b64(SALT)}${b64(key)}"


def passlib_pbkdf2() -> str:
    key = hashlib.pbkdf2_hmac("sha512", RAW, SALT, 25_000)
    ab64 = [b64(octets).rstrip("=").replace("+", ".") for octets in (SALT, key)]
    return f"$pbkdf2-sha512$25000${ab64[0]}${ab64[1]}"


def django_scrypt(p: int = 1) -> str:
    key = hashlib.scrypt(RAW, salt=SALT, n=2**14, r=8, p=p, maxmem=2**26, dklen=64)
    return f"scrypt$16384${SALT.decode()}$8${p}${b64(key)}"


def phc_scrypt() -> str:
    key = hashlib.scrypt(RAW, salt=SALT, n=2**13, r=8, p=1, maxmem=2**26, dklen=32)
    return f"$scrypt$ln=13,r=8,p=1${b64(SALT).rstrip('=')}${b64(key).rstrip('=')}"


def bcrypt_hash(password: bytes = RAW, prefix: bytes = b"2b") -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(8, prefix)).decode()


def php_bcrypt() -> str:
    return bcrypt_hash().replace("$2b$", "$2y$")


def django_bcrypt_sha256() -> str:
    return f"bcrypt_sha256${bcrypt_hash(hashlib.sha256(RAW).hexdigest().encode())}"


def keycloak_argon2() -> str:
    return argon2.PasswordHasher(5, 7168, 1, 32, 16).hash(RAW, salt=SALT)


def django_argon2() -> str:
    return "argon2" + argon2.PasswordHasher(2, 16_384, 8).hash(RAW, salt=SALT)


SIGNER = bytes(range(64))
SEPARATOR = b"\x07"


def firebase_scrypt(signer: bytes = SIGNER) -> str:
    salt = SALT[:10]
    key = hashlib.scrypt(RAW, salt=salt + SEPARATOR, n=2**13, r=8, p=1, maxmem=2**26, dklen=64)
    hashed = Cipher(AES256(key[:32]), CTR(bytes(16))).encryptor().update(SIGNER)
    keys = f"ss={b64(SEPARATOR)},sk={b64(signer)}"
    return f"$fbscrypt$v=1,n=13,r=8,p=1,{keys}${b64(salt)}${b64(hashed)}"


KINDS: tuple[Callable[[], str], ...] = (
    django_pbkdf2,
    django_pbkdf2_sha1,
    keycloak_pbkdf2,
    keycloak_pbkdf2_sha1,
    passlib_pbkdf2,
    django_scrypt,
    phc_scrypt,
    bcrypt_hash,
    php_bcrypt,
    django_bcrypt_sha256,
    keycloak_argon2,
    django_argon2,
    firebase_scrypt,
)


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_hash_of_each_kind_accepts_its_password_only(make: Callable[[], str]) -> None:
    stored = imported_hash(make())
    assert is_imported(stored)
    assert matches_imported(stored, RAW)
    for wrong in (b"", RAW + b" ", RAW.upper(), b"\0"):
        assert not matches_imported(stored, wrong)


def test_bcrypt_reads_72_octets_as_the_other_server_did() -> None:
    stored = imported_hash(bcrypt_hash(b"x" * 72))
    assert matches_imported(stored, b"x" * 72 + b"y")
    assert not matches_imported(stored, b"x" * 71)


def test_firebases_own_example_opens_by_its_password_only() -> None:
    """The example of Firebase's scrypt utility (its README), with its parameters."""
    signer = (
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    )
    hashed = (
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
    )
    stored = imported_hash(
        f"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={signer}$42xEC+ixf3L2lw==${hashed}"
    )
    assert signer not in stored
    assert hashed not in stored
    assert matches_imported(stored, b"user1password")
    assert not matches_imported(stored, b"user2password")
    # Some tools write base64url.
    assert stored == imported_hash(
        f"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw,sk={signer}$42xEC-ixf3L2lw$"
        f"{hashed.replace('+', '-').replace('/', '_')}"
    )
    another = imported_hash(firebase_scrypt(bytes(64)))
    assert not matches_imported(another, RAW), "another signer key is another project"


SALTED = SALT.decode()
KEY = b64(b"k" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m4rked",
        "!m4rked",
        "md5$m4rked$0123456789abcdef0123456789abcdef",
        "$1$m4rked$0123456789abcdef012345",
        "$2x$08$" + "m" * 53,
        "$2b$07$" + "m" * 53,
        "$2b$14$" + "m" * 53,
        "$2b$31$" + "m" * 53,
        "$2b$08$" + "m" * 52,
        f"pbkdf2_sha256$9999${SALTED}${KEY}",
        f"pbkdf2_sha256$2000001${SALTED}${KEY}",
        f"pbkdf2_sha1$9999${SALTED}${KEY}",
        f"pbkdf2_sha1$1300001${SALTED}${KEY}",
        f"pbkdf2_md5$20000${SALTED}${KEY}",
        f"pbkdf2_sha256$20000$short${KEY}",
        f"pbkdf2_sha256$20000${SALTED}${b64(b'k' * 15)}",
        f"pbkdf2_sha256$20000${SALTED}${b64(b'k' * 65)}",
        f"pbkdf2_sha256$20000${SALTED}$%%%",
        f"scrypt$16383${SALTED}$8$1${KEY}",
        f"scrypt$1024${SALTED}$1$1${KEY}",
        f"scrypt$1048576${SALTED}$8$1${KEY}",
        f"scrypt$16384${SALTED}$8$99${KEY}",
        f"scrypt$16384${SALTED}$0$1${KEY}",
        f"$scrypt$ln=99,r=8,p=1${b64(SALT)}${KEY}",
        "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "$argon2id$v=19$m=65536,t=99,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "$argon2id$v=19$m=131072,t=10,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "$argon2id$v=19$m=65536,t=2,p=99$c2FsdHNhbHQ$" + "a" * 43,
        "$argon2id$m4rked",
        f"$fbscrypt$v=2,n=14,r=8,p=1,ss=Bw==,sk={KEY}${b64(SALT)}${KEY}",
        f"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={b64(b'k' * 31)}${b64(SALT)}${KEY}",
        f"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=${b64(SALT)}${KEY}",
        f"$fbscrypt$v=1,n=9,r=8,p=1,ss=Bw==,sk={KEY}${b64(SALT)}${KEY}",
        f"$fbscrypt$v=1,n=20,r=8,p=1,ss=Bw==,sk={KEY}${b64(SALT)}${KEY}",
        f"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=m4rked%${b64(SALT)}${KEY}",
        "imported:bcrypt:$2b$08$" + "m" * 53,
        "$2b$08$" + "ü" * 53,
        "x" * 513,
    ],
)
def test_a_hash_that_is_unknown_too_cheap_or_too_expensive_is_refused(text: str) -> None:
    with pytest.raises(UnusableHash) as caught:
        imported_hash(text)
    assert "m4rked" not in str(caught.value)


def test_a_damaged_stored_hash_opens_nothing() -> None:
    for stored in ("imported:", "imported:none:x", "imported:bcrypt:x", "imported:scrypt:1:2"):
        assert not matches_imported(stored, RAW)


@pytest.mark.parametrize("make", [django_pbkdf2, firebase_scrypt], ids=lambda make: make.__name__)
async def test_the_first_sign_in_replaces_it_by_a_hash_of_this_server(
    stores: Stores, clock: MovableClock, entropy: Entropy, make: Callable[[], str]
) -> None:
    services = open_account_services(stores, clock, entropy)
    ann = await services.member()
    await stores.users.set_password(ann.id, imported_hash(make()), clock.now())
    sign_in = services.accounts.password_sign_in.sign_in
    with pytest.raises(DomainError):
        await sign_in("ann@example.org", Secret("another password"), BROWSER)
    kept = await stores.users.password_hash(ann.id)
    assert kept is not None
    assert is_imported(kept)
    first: LoginResult = await sign_in("ann@example.org", Secret(PASSWORD), BROWSER)
    after = await stores.users.password_hash(ann.id)
    assert first is not None
    assert after is not None
    assert after.startswith("$argon2id$")
    await sign_in("ann@example.org", Secret(PASSWORD), BROWSER)
    assert await stores.users.password_hash(ann.id) == after
    services.hasher.close()


async def test_an_imported_hash_never_costs_less_than_no_account(entropy: Entropy) -> None:
    class Counting(PasswordHasher):
        verified = 0

        def _matches(self, compared: str, password: Secret) -> bool:
            self.verified += compared.startswith("$argon2id$")
            return super()._matches(compared, password)

    hasher = Counting(1, 4, entropy, HashPolicy(memory_kib=64, passes=1))
    assert await hasher.verify(imported_hash(bcrypt_hash()), Secret(PASSWORD))
    assert not await hasher.verify(None, Secret(PASSWORD))
    assert hasher.verified == 2
    hasher.close()
