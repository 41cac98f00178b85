"""security.md §15: addresses that others name are fetched through one guarded client."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from quantimodo.model.secrets import Secret
from quantimodo.outbound.document_fetcher import HttpDocumentFetcher
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable
from quantimodo.outbound.http_client import (
    GuardedHttpClient,
    OutboundPolicy,
    basic_authorization,
    bearer_authorization,
)
from quantimodo.outbound.public_addresses import is_public
from quantimodo.ports.document_fetcher import FetchFailed
from support.certificates import tls_pair
from support.loopback_server import closing, loopback_server

OK = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n"
    b"content-length: 2\r\n\r\n{}"
)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("192.88.99.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00::1", "ff02::1"),
        *("fec0::1", "2001:db8::1", "2002:7f00:1::", "2001::1", "::127.0.0.1", "::ffff:8.8.8.8"),
        *("::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1"),
        *("3fff::1", "5f00::1", "", "localhost", "8.8.8.8 ", "2130706433"),
    ],
)
def test_no_address_but_a_public_one_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808"]
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


async def test_a_response_is_read_from_a_server_that_may_be_private() -> None:
    async with loopback_server(OK) as it, closing(it.http_client()) as http_client:
        response = await http_client.get(
            f"http://{it.host_and_port}/x?a=1",
            parameters={"b": "2 3"},
            headers=bearer_authorization(Secret("t")),
        )
        assert (response.status, response.media_type, response.json()) == (
            200,
            "application/json",
            {},
        )
    head = it.requested[0].lower()
    assert head.startswith(b"get /x?a=1&b=2+3 http/1.1")
    assert b"accept-encoding: identity" in head
    assert b"user-agent: quantimodo\r\n" in head
    assert b"authorization: bearer t\r\n" in head


async def test_an_untrusted_certificate_is_refused_and_reported(tmp_path: Path) -> None:
    tls, _ = tls_pair(tmp_path)
    async with loopback_server(OK, tls=tls) as it, closing(it.http_client()) as http_client:
        with pytest.raises(ProviderUnavailable) as refusal:
            await http_client.get(f"https://{it.host_and_port}/")
    assert it.requested == []
    assert "certificate verify failed" in refusal.value.because


async def test_a_host_that_the_operator_named_needs_no_certificate_of_its_name(
    tmp_path: Path,
) -> None:
    tls, _ = tls_pair(tmp_path)
    async with loopback_server(OK, tls=tls) as it, loopback_server(OK, tls=tls) as other:
        named = frozenset({it.host_and_port})
        both = frozenset({it.host_and_port, other.host_and_port})
        async with closing(it.http_client(open_hosts=both, unverified_hosts=named)) as http_client:
            assert (await http_client.get(f"https://{it.host_and_port}/")).ok
            with pytest.raises(ProviderUnavailable):
                await http_client.get(f"https://{other.host_and_port}/")
    assert other.requested == []


async def test_a_failed_fetch_is_reported_to_the_operator() -> None:
    async with closing(GuardedHttpClient()) as http_client:
        with capture_logs() as logs, pytest.raises(FetchFailed):
            await HttpDocumentFetcher(http_client).fetch("https://127.0.0.1:9/keys?marked")
    (line,) = logs
    assert line["event"] == "document.not_fetched"
    assert line["host"] == "127.0.0.1:9"
    assert "private address" in line["because"]
    assert "marked" not in str(line)


@pytest.mark.parametrize(
    "head",
    [
        b"301 Moved\r\nlocation: /there",
        b"302 Found\r\nlocation: /there",
        b"307 Temporary\r\nlocation: /there",
        b"201 Created",
        b"203 Other",
        b"404 Not Found",
        b"503 Unavailable",
    ],
)
async def test_a_document_is_that_of_a_response_with_status_200(head: bytes) -> None:
    async with (
        loopback_server(b"HTTP/1.1 " + head + b"\r\ncontent-length: 2\r\n\r\n{}") as it,
        closing(it.http_client()) as http_client,
    ):
        with pytest.raises(FetchFailed):
            await HttpDocumentFetcher(http_client).fetch_cacheable(
                f"http://{it.host_and_port}/", largest=99
            )
    assert len(it.requested) == 1


async def test_a_slow_or_large_document_is_not_read() -> None:
    limit = timedelta(milliseconds=50)
    async with (
        loopback_server(OK[:-1], then_hang=True) as it,
        closing(it.http_client(time_limit=limit)) as http_client,
    ):
        with pytest.raises(FetchFailed, match="no response within"):
            await HttpDocumentFetcher(http_client).fetch_cacheable(
                f"http://{it.host_and_port}/", largest=99
            )
    async with loopback_server(OK) as it, closing(it.http_client()) as http_client:
        documents = HttpDocumentFetcher(http_client)
        assert (
            await documents.fetch_cacheable(f"http://{it.host_and_port}/", largest=2)
        ).body == b"{}"
        with pytest.raises(FetchFailed, match="more than 1 bytes"):
            await documents.fetch_cacheable(f"http://{it.host_and_port}/", largest=1)


@pytest.mark.parametrize(
    "address", ["https://ada:marked@app.example.org/keys", "https://[broken/keys?marked"]
)
async def test_output_for_the_operator_holds_no_credential(address: str) -> None:
    async with closing(GuardedHttpClient()) as http_client:
        with capture_logs() as logs, pytest.raises(FetchFailed):
            await HttpDocumentFetcher(http_client).fetch(address)
    (line,) = logs
    assert line["event"] == "document.not_fetched"
    assert "marked" not in str(line)


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["10.0.0.1", "::1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["fe80::1%lo"],
    ],
)
async def test_a_name_that_leads_to_a_private_address_is_not_connected_to(found: list[str]) -> None:
    async with (
        loopback_server(OK) as it,
        closing(GuardedHttpClient(resolve=lambda host, port: found)) as http_client,
    ):
        with pytest.raises(InvalidProviderResponse) as refusal:
            await http_client.get(f"https://login.example.org:{it.port}/")
    assert it.requested == []
    assert "private address" in refusal.value.because


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0", "169.254.169.254"]
)
async def test_no_spelling_of_a_private_address_is_connected_to(host: str) -> None:
    async with loopback_server(OK) as it, closing(GuardedHttpClient()) as http_client:
        with pytest.raises((InvalidProviderResponse, ProviderUnavailable)):
            await http_client.get(f"https://{host}:{it.port}/")
    assert it.requested == []


async def test_the_address_that_was_looked_at_is_the_one_connected_to() -> None:
    """DNS rebinding: the name is looked up once, and the response is used."""
    looked_up: list[str] = []

    async with loopback_server(OK) as it:

        def resolve(host: str, port: int) -> list[str]:
            looked_up.append(host)
            return ["127.0.0.1"]

        policy = OutboundPolicy(open_hosts=frozenset({f"idp.example.org:{it.port}"}))
        async with closing(GuardedHttpClient(policy, resolve=resolve)) as http_client:
            await http_client.get(f"http://idp.example.org:{it.port}/")
        # The same address under another name or port stays closed.
        async with closing(GuardedHttpClient(policy, resolve=resolve)) as http_client:
            with pytest.raises(InvalidProviderResponse):
                await http_client.get(f"http://idp.example.org:{it.port + 1}/")
            with pytest.raises(InvalidProviderResponse):
                await http_client.get(f"http://other.example.org:{it.port}/")
    assert looked_up == ["idp.example.org"]
    assert f"host: idp.example.org:{it.port}".encode() in it.requested[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.org/",
        "ftp://login.example.org/",
        "file:///etc/passwd",
        "gopher://login.example.org/",
        "javascript:alert(1)",
        "//login.example.org/",
        "/token",
        "",
        "https://",
        "https:///x",
        "https://user@login.example.org/",
        "https://user:password@login.example.org/",
        "https://login.example.org/#fragment",
        "https://login.example.org:port/",
        "https://[::1/",
        "https://login.example.org/\x00",
        "https://" + "x" * 70_000,
    ],
)
async def test_an_address_that_is_not_a_plain_https_one_is_not_looked_up(url: str) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise AssertionError("looked up")

    async with closing(GuardedHttpClient(resolve=resolve)) as http_client:
        with pytest.raises(InvalidProviderResponse):
            await http_client.get(url)
        with pytest.raises(InvalidProviderResponse):
            http_client.check(url)


async def test_a_redirect_is_not_followed() -> None:
    async with loopback_server(OK) as inner:
        location = f"location: http://{inner.host_and_port}/"
        moved = f"HTTP/1.1 302 Found\r\n{location}\r\ncontent-length: 0\r\n\r\n"
        async with (
            loopback_server(moved.encode()) as outer,
            closing(outer.http_client()) as http_client,
        ):
            with pytest.raises(InvalidProviderResponse) as refusal:
                await http_client.get(f"http://{outer.host_and_port}/")
        assert inner.requested == []
    assert "redirect" in refusal.value.because


async def test_a_response_has_a_size_that_it_cannot_lie_about() -> None:
    endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + 40 * (
        b"8000\r\n" + bytes(0x8000) + b"\r\n"
    )
    async with (
        loopback_server(endless, then_hang=True) as it,
        closing(it.http_client()) as http_client,
    ):
        with pytest.raises(InvalidProviderResponse) as refusal:
            await http_client.get(f"http://{it.host_and_port}/")
    assert "1048576 bytes" in refusal.value.because


async def test_a_compressed_response_is_not_unpacked() -> None:
    packed = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"
    async with loopback_server(packed) as it, closing(it.http_client()) as http_client:
        with pytest.raises(InvalidProviderResponse):
            await http_client.get(f"http://{it.host_and_port}/")


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"]
)
async def test_a_slow_server_costs_no_more_than_the_time_limit(sent: bytes) -> None:
    async with loopback_server(sent, then_hang=True) as it:
        limit = timedelta(milliseconds=200)
        async with closing(it.http_client(time_limit=limit)) as http_client:
            async with asyncio.timeout(2):
                with pytest.raises(ProviderUnavailable) as refusal:
                    await http_client.get(f"http://{it.host_and_port}/")
    assert "no response within 0.2 s" in refusal.value.because


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
async def test_a_server_in_trouble_is_down(status: int) -> None:
    fault_injection = f"HTTP/1.1 {status} Trouble\r\ncontent-length: 0\r\n\r\n".encode()
    async with loopback_server(fault_injection) as it, closing(it.http_client()) as http_client:
        with pytest.raises(ProviderUnavailable):
            await http_client.get(f"http://{it.host_and_port}/")


async def test_a_server_that_is_not_there_is_down() -> None:
    async with loopback_server(OK) as it:
        pass
    async with closing(it.http_client()) as http_client:
        with pytest.raises(ProviderUnavailable):
            await http_client.get(f"http://{it.host_and_port}/")


async def test_a_server_of_another_protocol_is_unavailable() -> None:
    async with (
        loopback_server(b"220 mail.example.org ESMTP\r\n\r\n") as it,
        closing(it.http_client()) as http_client,
    ):
        with pytest.raises(ProviderUnavailable):
            await http_client.get(f"http://{it.host_and_port}/")


async def test_an_unknown_host_name_is_down() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    async with closing(GuardedHttpClient(resolve=resolve)) as http_client:
        with pytest.raises(ProviderUnavailable) as refusal:
            await http_client.get("https://login.example.org/")
    assert refusal.value.because == "login.example.org: the name is not known"


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[1]", b'"x"', b"{", b"\xff", b"NaN", b"[" * 50_000, b"<html>"]
)
async def test_a_body_that_is_not_a_json_object_is_invalid(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with loopback_server(head + body) as it, closing(it.http_client()) as http_client:
        response = await http_client.get(f"http://{it.host_and_port}/")
        with pytest.raises(InvalidProviderResponse):
            response.json()
        with pytest.raises(InvalidProviderResponse):
            response.rows()


async def test_cookies_are_not_kept() -> None:
    baked = OK.replace(b"content-length", b"set-cookie: session=marked; Path=/\r\ncontent-length")
    async with loopback_server(baked) as it, closing(it.http_client()) as http_client:
        await http_client.get(f"http://{it.host_and_port}/")
        await http_client.get(f"http://{it.host_and_port}/")
    assert len(it.requested) == 2
    assert b"cookie" not in it.requested[1].lower()


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        loopback_server(OK) as proxy,
        loopback_server(OK) as it,
        closing(it.http_client()) as http_client,
    ):
        monkeypatch.setenv("http_proxy", f"http://{proxy.host_and_port}")
        monkeypatch.setenv("all_proxy", f"http://{proxy.host_and_port}")
        await http_client.get(f"http://{it.host_and_port}/")
    assert (len(proxy.requested), len(it.requested)) == (0, 1)


async def test_one_slow_server_takes_only_so_many_places() -> None:
    async with loopback_server(b"", then_hang=True) as slow, loopback_server(OK) as quick:
        policy = OutboundPolicy(
            open_hosts=frozenset({slow.host_and_port, f"localhost:{quick.port}"}),
            time_limit=timedelta(seconds=1),
            at_once_per_host=3,
        )
        async with closing(GuardedHttpClient(policy)) as http_client:
            waiting = [
                asyncio.create_task(http_client.get(f"http://{slow.host_and_port}/"))
                for _ in range(3)
            ]
            while len(slow.requested) < 3:
                await asyncio.sleep(0.01)
            with pytest.raises(ProviderUnavailable) as refusal:
                await http_client.get(f"http://{slow.host_and_port}/")
            assert "too many" in refusal.value.because
            assert (await http_client.get(f"http://localhost:{quick.port}/")).ok
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(isinstance(result, ProviderUnavailable) for result in results)


async def test_a_fault_shows_no_secret_of_the_request() -> None:
    async with loopback_server(OK) as it:
        pass
    async with closing(it.http_client()) as http_client:
        with pytest.raises(ProviderUnavailable) as refusal:
            await http_client.post_form(
                f"http://{it.host_and_port}/?code=marked",
                {"client_secret": "marked"},
                headers=basic_authorization("marked", Secret("marked")),
            )
    fault: BaseException | None = refusal.value
    while fault is not None:
        assert "marked" not in f"{fault} {fault!r} {vars(fault)}"
        fault = fault.__cause__


def test_basic_credentials_are_form_encoded_first() -> None:
    """RFC 6749 §2.3.1."""
    assert basic_authorization("a:b", Secret("c d%")) == {"authorization": "Basic YSUzQWI6YytkJTI1"}
