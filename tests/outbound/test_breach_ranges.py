"""Only five hexadecimal digits of a password's SHA-1 hash leave the server (k-anonymity)."""

from hashlib import sha1

import pytest

from quantimodo.model.secrets import Secret
from quantimodo.outbound.breach_ranges import LARGEST, BreachRanges
from quantimodo.ports.breached_passwords import BreachLookupFailed
from support.loopback_server import LoopbackServer, closing, loopback_server

PASSWORD = Secret("four unrelated words")
NAME = sha1(b"four unrelated words", usedforsecurity=False).hexdigest().upper()
REST = NAME[5:]
OTHER = "0" * 35


def response(body: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


async def looked_up(it: LoopbackServer, **limits: object) -> bool:
    async with closing(it.http_client(**limits)) as http_client:
        ranges = BreachRanges(http_client, f"http://{it.host_and_port}/range/")
        return await ranges.contains(PASSWORD)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"{OTHER}:3\r\n{REST}:12", True),
        (f"{OTHER}:3\n{REST}:12\n", True),
        (f"{OTHER}:3\r\n", False),
        (f"{OTHER}:3\r\n{REST}:0\r\n", False),  # a padding row
    ],
)
async def test_the_range_is_requested_by_five_digits_and_with_padding(
    body: str, found: bool
) -> None:
    async with loopback_server(response(body)) as it:
        assert await looked_up(it) is found
    (head,) = it.requested
    assert head.startswith(f"GET /range/{NAME[:5]} HTTP/1.1".encode())
    assert b"add-padding: true\r\n" in head.lower()
    assert REST.encode() not in head.upper()


@pytest.mark.parametrize(
    "body",
    [
        response(""),
        response(f"{REST}:x\r\n"),
        response(f"{REST.lower()}:1"),
        response(f"{REST}:1\r\n<html>"),
        response(f"{REST}:1\r\n\r\n{OTHER}:2"),
        response(f"{REST[:-1]}:1"),
        response(f"{REST}:{'9' * 13}"),
        response(f"{REST}:1\r\n", "404 Not Found"),
        response(f"{REST}:1\r\n", "503 Service Unavailable"),
        response(f"{REST}:1\r\n", "302 Found"),
        response(f"{OTHER}:1\r\n" * (LARGEST // 37)),
    ],
)
async def test_a_response_of_another_form_is_not_a_response(body: bytes) -> None:
    async with loopback_server(body) as it:
        with pytest.raises(BreachLookupFailed) as fault:
            await looked_up(it)
    assert NAME[:5] not in str(fault.value)
    assert REST[:5] not in str(fault.value)


async def test_a_list_that_cannot_be_reached_fails_without_naming_the_range() -> None:
    async with loopback_server(response("")) as it:
        pass
    with pytest.raises(BreachLookupFailed) as fault:
        await looked_up(it)
    assert NAME[:5] not in str(fault.value)
