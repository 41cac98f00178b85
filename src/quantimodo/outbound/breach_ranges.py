"""Looks passwords up in a range API of breached passwords, through the guarded HTTP client.

The first five hexadecimal digits of the SHA-1 hash are all that leaves the server: the response has
the rest of every hash in the list that begins with them (k-anonymity). The response is padded with
rows whose count is 0, so that its length says nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from quantimodo.crypto.digests import sha1_hex
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import ProviderFault
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.breached_passwords import BreachLookupFailed

PREFIX: Final = 5  # hexadecimal digits
LARGEST: Final = 256 * 1024  # bytes; a range has about 40 KB

_ROW: Final = re.compile(rb"([0-9A-F]{35}):([0-9]{1,12})")
_HEADERS: Final = {"accept": "text/plain", "add-padding": "true"}


@dataclass(frozen=True, slots=True)
class BreachRanges:
    """The implementation of `BreachedPasswords`. `address` is that of the ranges, with a slash at
    its end."""

    http_client: GuardedHttpClient
    address: str

    async def contains(self, password: Secret) -> bool:
        """Whether the password is in the list of breached ones. Only five characters of its SHA-1
        leave the server. Raises `BreachLookupFailed`."""
        digest = sha1_hex(unicodedata.normalize("NFKC", password.reveal()))
        prefix, suffix = digest[:PREFIX], digest[PREFIX:].encode()
        try:
            response = await self.http_client.get(self.address + prefix, headers=_HEADERS)
        except ProviderFault as fault:
            raise BreachLookupFailed(fault.because) from None
        if response.status != 200:
            raise BreachLookupFailed(f"status {response.status}")
        if len(response.body) > LARGEST:
            raise BreachLookupFailed(f"more than {LARGEST} bytes")
        return suffix in frozenset(_breached_suffixes(response.body))


def _breached_suffixes(body: bytes) -> Iterator[bytes]:
    """The suffixes in the rows that are not padding. Raises `BreachLookupFailed` if a row has
    another form."""
    rows = body.split(b"\r\n") if b"\r" in body else body.split(b"\n")
    if rows[-1] == b"":
        rows.pop()
    if not rows:
        raise BreachLookupFailed("an empty range")
    for row in rows:
        match = _ROW.fullmatch(row)
        if match is None:
            raise BreachLookupFailed("a row that is not a hash and a count")
        if int(match[2]):
            yield match[1]
