"""Connections of clients that do not behave: many, idle, never reading, closed. The server still
responds to all other clients, and none of it is an incident."""

import asyncio
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from support.live_server import Live, open_live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HOST = "host: 127.0.0.1\r\n"
JWKS = f"GET /.well-known/jwks.json HTTP/1.1\r\n{HOST}\r\n".encode()
_PATIENCE = 60.0


@contextmanager
def descriptors(soft: int) -> Iterator[None]:
    """This soft limit of open files, for processes that are started meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def connect(live: Live) -> socket.socket:
    return socket.create_connection(("127.0.0.1", live.server.port), timeout=_PATIENCE)


def is_open(connection: socket.socket) -> bool:
    """Whether a request on this connection is answered."""
    try:
        connection.sendall(JWKS)
        return connection.recv(65_536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


async def responds_again(live: Live) -> None:
    """New connections are answered: closing those before may take the server a moment."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        with suppress(OSError), connect(live) as probe:
            if is_open(probe):
                return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_a_worker_raises_its_limit_of_open_files(tmp_path: Path) -> None:
    with descriptors(256):
        async with open_live(tmp_path) as live:
            limits = {psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE) for pid in _serving(live)}
    assert limits
    assert all(soft == hard for soft, hard in limits)


async def test_one_address_has_its_limit_and_a_trusted_proxy_has_none(tmp_path: Path) -> None:
    for proxies, expected in (("", 5), ("127.0.0.1/32", 9)):
        folder = tmp_path / str(expected)
        folder.mkdir()
        async with open_live(folder, connections__per_address="5", trusted_proxies=proxies) as live:
            held = [connect(live) for _ in range(9)]
            assert sum(is_open(each) for each in held) == expected
            for each in held:
                each.close()
            await responds_again(live)


async def test_idle_connections_are_closed_before_files_run_out(tmp_path: Path) -> None:
    async with open_live(tmp_path, trusted_proxies="127.0.0.1/32") as live:
        # While it runs: this process may not raise its own hard limit again.
        for pid in _serving(live):
            most = len(psutil.Process(pid).open_files()) + 200
            psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE, (most, most))
        held = [connect(live) for _ in range(400)]
        await asyncio.sleep(0.5)
        process = psutil.Process(_serving(live)[0])
        spent = sum(process.cpu_times()[:2])
        await asyncio.sleep(1.0)
        assert sum(process.cpu_times()[:2]) - spent < 0.5, "waiting for files costs no CPU"
        for each in held:
            each.close()
        await responds_again(live)


async def test_a_client_that_never_reads_is_disconnected(tmp_path: Path) -> None:
    async with open_live(tmp_path, connections__write_timeout="1s") as live:
        silent = connect(live)
        silent.setblocking(False)
        deadline = time.monotonic() + _PATIENCE
        # Until both directions are full, and then until the server gives up.
        gone = False
        while not gone:
            assert time.monotonic() < deadline
            try:
                silent.send(JWKS * 100)
            except BlockingIOError:
                await asyncio.sleep(0.05)
            except OSError:
                gone = True
        silent.close()
        await responds_again(live)


async def test_a_client_that_disconnects_is_not_an_incident(tmp_path: Path) -> None:
    """`open_live` fails at the end when the log has an error or a stack trace."""
    form = f"POST /sign-in HTTP/1.1\r\n{HOST}content-length: 10\r\n\r\nabc".encode()
    chunks = (
        f"POST /api/v2/oauth2/access_token HTTP/1.1\r\n{HOST}transfer-encoding: chunked\r\n\r\n"
    ).encode()
    async with open_live(tmp_path) as live:
        pages = [
            f"GET {path} HTTP/1.1\r\n{HOST}\r\n".encode()
            for path in ("/sign-in", "/docs", "/api/openapi.json", "/health/ready")
        ]
        for sent in (form, chunks, chunks + b"xyz\r\n", JWKS * 500, *pages, pages[0] * 50):
            for reset in (True, False):
                for pause in (0.0, 0.0005, 0.002, 0.01):
                    caller = connect(live)
                    if reset:
                        linger = struct.pack("ii", 1, 0)
                        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    caller.sendall(sent)
                    await asyncio.sleep(pause)
                    caller.close()
        await responds_again(live)


def _serving(live: Live) -> list[int]:
    """The processes that serve: with one worker the very process that was started."""
    return [
        each.info["pid"]
        for each in psutil.process_iter(["pid", "cmdline"])
        if str(live.server.port) in _environment(each).get("QUANTIMODO_PORT", "")
        and "quantimodo.cli.main" in (each.info["cmdline"] or [])
        and each.info["cmdline"][0] != "sh"
    ]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}
