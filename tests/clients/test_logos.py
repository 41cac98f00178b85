"""Logos are recognised by their content (security.md §11, §15)."""

import struct
import zlib
from dataclasses import replace
from typing import Any

import pytest

from quantimodo.clients.errors import InvalidMetadata
from quantimodo.clients.logos import LARGEST, parse_logo
from quantimodo.clients.registry import Registration, Registry
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Logo
from quantimodo.ports.stores import Stores


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x00\x00" * 2)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int = 2, height: int = 2) -> bytes:
    application = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00" + b"\x00" * 9
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + application + frame + b"\xff\xd9"


def webp(chunk: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def lossy(width: int = 2, height: int = 2) -> bytes:
    data = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    return webp(b"VP8 " + struct.pack("<I", len(data)) + data)


def lossless(width: int = 2, height: int = 2) -> bytes:
    data = b"\x2f" + struct.pack("<I", width - 1 | (height - 1) << 14) + b"\x00" * 5
    return webp(b"VP8L" + struct.pack("<I", len(data)) + data)


def extended(width: int = 2, height: int = 2) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X" + struct.pack("<I", 10) + b"\x00" * 4 + sides)


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/png", png()),
        ("image/png", png(4096, 1)),
        ("image/jpeg", jpeg()),
        ("image/webp", lossy()),
        ("image/webp", lossless()),
        ("image/webp", extended()),
    ],
)
def test_a_picture_is_known_by_its_content(media_type: str, data: bytes) -> None:
    assert parse_logo(data) == Logo(media_type, data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\x00" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html>" + png(),
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"<html>" * 10,
        png()[:30],
        b"\xff\xd8\xff",
        b"\xff\xd8\xff<script>" + b"\x00" * 40,
        b"\xff\xd8\xff\xe0\x00\x00" + b"\xff" * 40,
        b"\xff\xd8\xff\xd9" + b"\x00" * 40,
        jpeg()[:20],
        b"RIFF\x04\x00\x00\x00WEBP" + b"<html>" * 10,
        b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\x00" * 40,
        b"RIFF\x20\x00\x00\x00WAVEfmt " + b"\x00" * 40,
        webp(b"VP8L" + b"\x00" * 20),
        webp(b"VP8 " + b"\x00" * 20),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidMetadata, match="PNG, JPEG or WebP") as refusal:
        parse_logo(data)
    assert refusal.value.field == "logo"


@pytest.mark.parametrize(
    "data", [png(4097, 1), png(0, 1), jpeg(1, 5000), lossless(5000, 1), extended(1, 2**24)]
)
def test_a_picture_of_absurd_size_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidMetadata, match="4096 pixels"):
        parse_logo(data)


def test_a_picture_may_have_256_kib_and_not_a_byte_more() -> None:
    full = png().ljust(LARGEST, b"\x00")
    assert parse_logo(full).data == full
    with pytest.raises(InvalidMetadata, match="256 KiB"):
        parse_logo(full + b"\x00")


async def test_a_logo_is_kept_replaced_and_dropped(
    stores: Stores, clock: Any, entropy: Any
) -> None:
    class NoAudit:
        def record(self, event: object) -> None: ...

    registry = Registry(
        stores.clients, clock, entropy, NoAudit(), Envelope([entropy.bytes(32)], entropy)
    )
    requested = Registration(name="Diary", redirect_uris=("https://app.example/",))
    client = (await registry.register(requested, owner_id=None)).client
    await registry.set_logo(client, png())
    await registry.set_logo(client, jpeg())
    with pytest.raises(InvalidMetadata):
        await registry.set_logo(client, b"no picture")
    assert await stores.clients.logo(client.id) == Logo("image/jpeg", jpeg())
    marked = await registry.change(
        client, replace(requested, metadata=ClientMetadata(reviewed=True)), by_operator=True
    )
    await registry.set_logo(marked, jpeg())  # the same picture is no change
    await registry.set_logo(marked, png(), by_operator=True)
    found = await stores.clients.client(client.id)
    assert found is not None
    assert found.metadata.reviewed
    await registry.set_logo(marked, jpeg())
    found = await stores.clients.client(client.id)
    assert found is not None
    assert not found.metadata.reviewed, "the operator did not see this picture"
    await registry.set_logo(client, None)
    assert await stores.clients.logo(client.id) is None


async def test_another_picture_for_a_language_ends_the_mark(
    stores: Stores, clock: Any, entropy: Any
) -> None:
    class NoAudit:
        def record(self, event: object) -> None: ...

    registry = Registry(
        stores.clients, clock, entropy, NoAudit(), Envelope([entropy.bytes(32)], entropy)
    )
    requested = Registration(name="Diary", redirect_uris=("https://app.example/",))
    client = (await registry.register(requested, owner_id=None)).client
    old, new = parse_logo(jpeg()), parse_logo(png())
    await registry.set_logo(client, png(), localized={"de": old})
    marked = await registry.change(
        client, replace(requested, metadata=ClientMetadata(reviewed=True)), by_operator=True
    )
    await registry.set_logo(marked, png(), localized={"de": old})
    found = await stores.clients.client(client.id)
    assert found is not None
    assert found.metadata.reviewed
    await registry.set_logo(marked, png(), localized={"de": new})
    found = await stores.clients.client(client.id)
    assert found is not None
    assert not found.metadata.reviewed
