"""Logos: accepted image types, detected from the content and never from the name.

Reads headers only and decodes no picture. What passes is served as the type that was found here.
"""

from quantimodo.clients.errors import InvalidMetadata
from quantimodo.model.clients import Logo

LARGEST = 256 * 1024
_LARGEST_SIDE = 4096

Size = tuple[int, int]


def parse_logo(data: bytes) -> Logo:
    """The picture with its type, or `InvalidMetadata` on `logo`."""
    if len(data) > LARGEST:
        raise InvalidMetadata("logo", "must not be larger than 256 KiB")
    if size := _png_size(data):
        return _checked(Logo("image/png", data), size)
    if size := _jpeg_size(data):
        return _checked(Logo("image/jpeg", data), size)
    if size := _webp_size(data):
        return _checked(Logo("image/webp", data), size)
    raise InvalidMetadata("logo", "must be a PNG, JPEG or WebP picture")


def _checked(logo: Logo, size: Size) -> Logo:
    if not all(0 < side <= _LARGEST_SIDE for side in size):
        raise InvalidMetadata("logo", f"must be at most {_LARGEST_SIDE} pixels wide and high")
    return logo


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _png_size(data: bytes) -> Size | None:
    # PNG §5.2, §11.2.1: the signature, then a header chunk of 13 bytes.
    if len(data) < 33 or data[:16] != b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR":
        return None
    return _big(data[16:20]), _big(data[20:24])


def _jpeg_size(data: bytes) -> Size | None:
    # ITU T.81 annex B: segments of a marker and a length, until one that starts a frame.
    if data[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], _big(data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7])
        if length < 2 or marker in (0xD9, 0xDA):
            return None
        at += 2 + length
    return None


def _webp_size(data: bytes) -> Size | None:
    # RFC 9649 §2.4–2.7: a RIFF file whose first chunk is one of three.
    if len(data) < 30 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    if _little(data[4:8]) > len(data) - 8:
        return None
    match data[12:16]:
        case b"VP8X":
            return _little(data[24:27]) + 1, _little(data[27:30]) + 1
        case b"VP8L" if data[20] == 0x2F:
            bits = _little(data[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    return None
