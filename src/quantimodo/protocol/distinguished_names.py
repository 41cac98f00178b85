"""Names of certificates as people write them (RFC 4514), to compare (RFC 8705 §2.1). Pure.

Owns the reading of a text: names of types in any case, type numbers, escapes, values in hexadecimal
form, and spaces after commas, as most programs write them. Values are compared exactly.
"""

import re
from collections.abc import Mapping
from typing import Final

DistinguishedName = tuple[frozenset[tuple[str, str]], ...]
"""The parts of a name in the order of the certificate, each a set of types, as dotted numbers, with
their values."""

# RFC 4514 §3, and the usual ones beside it.
_TYPES: Final[Mapping[str, str]] = {
    "CN": "2.5.4.3",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "C": "2.5.4.6",
    "STREET": "2.5.4.9",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "SERIALNUMBER": "2.5.4.5",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "BUSINESSCATEGORY": "2.5.4.15",
    "POSTALCODE": "2.5.4.17",
    "TITLE": "2.5.4.12",
    "SN": "2.5.4.4",
    "GN": "2.5.4.42",
}
_PART: Final = re.compile(
    r" *(?:(?P<name>[A-Za-z][A-Za-z0-9-]*)|(?:[Oo][Ii][Dd]\.)?(?P<number>[0-9]+(?:\.[0-9]+)+)) *= *"
    r"(?P<value>(?:[^\\\",+;<>\x00]|\\[0-9A-Fa-f]{2}|\\[ \"#+,;<=>\\])*)(?P<end>[,+]|$)",
    re.ASCII,
)
_CHARACTER: Final = re.compile(r"\\([0-9A-Fa-f]{2})|\\(.)|([^\\]+)", re.DOTALL)
_TRAILING: Final = re.compile(r"(?<!\\) +$")
_ENCODINGS: Final[Mapping[int, str]] = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_LONGEST: Final = 1024


def parse_distinguished_name(text: str) -> DistinguishedName:
    """The name that the text writes. Raises `ValueError` for a text that is none."""
    if len(text) > _LONGEST:
        raise ValueError("a name has at most 1,024 characters")
    parts: list[set[tuple[str, str]]] = [set()]
    position, end = 0, "+"
    while end:
        match = _PART.match(text, position)
        if match is None:
            raise ValueError("write the name as RFC 4514 does: CN=app.example.org,O=Example,C=DE")
        if end == ",":
            parts.append(set())
        number = match["number"] or _TYPES.get(match["name"].upper())
        if number is None:
            raise ValueError(f"{match['name']} is no type of a name: write its number")
        parts[-1].add((number, _value(match["value"])))
        position, end = match.end(), match["end"]
    # RFC 4514 §2.1: the last part of the certificate is written first.
    return tuple(frozenset(part) for part in reversed(parts))


def _value(written: str) -> str:
    trimmed = _TRAILING.sub("", written)
    if trimmed.startswith("#"):
        return _of_hexadecimal(trimmed[1:])
    data = b"".join(
        bytes.fromhex(pair) if pair else (escaped or plain).encode()
        for pair, escaped, plain in _CHARACTER.findall(trimmed)
    )
    return _decoded(data, "utf-8")


def _of_hexadecimal(digits: str) -> str:
    """RFC 4514 §2.4: the octets of the value in its encoding (BER): type, length, characters."""
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        raise ValueError("after # there have to be hexadecimal digits") from None
    header = 3 if data[1:2] == b"\x81" else 2
    if len(data) < header or data[header - 1] != len(data) - header or data[0] not in _ENCODINGS:
        raise ValueError("a value after # has to be an encoded text")
    return _decoded(data[header:], _ENCODINGS[data[0]])


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise ValueError("a value is not properly encoded") from None
