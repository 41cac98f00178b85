"""security.md §20: `X-Forwarded-For` counts only when a configured proxy sends it."""

from collections.abc import Mapping
from typing import Any

import httpx

from quantimodo.app.requests.proxies import Proxies
from support.app import AppHarness, form_fields

PEER = "192.0.2.7"  # where every browser of these tests comes from


def scope(peer: str | None, *forwarded: str) -> Mapping[str, Any]:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return {"client": None if peer is None else (peer, 1234), "headers": headers}


def proxies(*networks: str) -> Proxies:
    return Proxies.of(networks)


def test_a_stranger_is_who_he_is_whatever_he_says() -> None:
    ours = proxies("10.0.0.0/8")
    for forwarded in ((), ("198.51.100.1",), ("10.0.0.1",), ("127.0.0.1, 10.0.0.1",)):
        assert ours.address(scope("203.0.113.9", *forwarded)) == "203.0.113.9"


def test_from_the_right_the_first_that_is_not_a_proxy_of_ours_is_the_caller() -> None:
    ours = proxies("10.0.0.0/8", "2001:db8::/32")
    for forwarded, caller in (
        (("198.51.100.1",), "198.51.100.1"),
        (("127.0.0.1, 198.51.100.1",), "198.51.100.1"),
        (("127.0.0.1, 198.51.100.1, 10.2.2.2",), "198.51.100.1"),
        (("127.0.0.1", "198.51.100.1", "10.2.2.2"), "198.51.100.1"),
        (("198.51.100.1,10.2.2.2 ,2001:db8::9",), "198.51.100.1"),
        (("2001:dead::1",), "2001:dead::1"),
        (("10.3.3.3, 10.2.2.2",), "10.3.3.3"),
        ((), "10.0.0.1"),
        (("",), "10.0.0.1"),
        (("unknown",), "10.0.0.1"),
        (("198.51.100.1, unknown",), "10.0.0.1"),
        (("198.51.100.1, 10.2.2.2, <script>",), "10.0.0.1"),
        (("é\xff",), "10.0.0.1"),
        (("1" * 5000,), "10.0.0.1"),
    ):
        assert ours.address(scope("10.0.0.1", *forwarded)) == caller, forwarded


def test_an_address_is_read_in_every_form_that_proxies_write() -> None:
    """RFC 7239 §6, RFC 4291 §2.5.5.2: ports, brackets, zones, IPv4 as IPv6."""
    ours = proxies("10.0.0.0/8", "2001:db8::/32")
    for forwarded, caller in (
        ("203.0.113.9, ::ffff:10.0.0.4", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:CB00:7109", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("203.0.113.9:4711, 10.0.0.4:80", "203.0.113.9"),
        ("[2001:dead::1]:4711", "2001:dead::1"),
        ("[2001:dead::1]", "2001:dead::1"),
        ("203.0.113.9, [2001:db8::4]:443", "203.0.113.9"),
        ("203.0.113.9, [::ffff:10.0.0.4]:443", "203.0.113.9"),
        ("2001:DEAD:0:0::1", "2001:dead::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:80", "fe80::1"),
    ):
        assert ours.address(scope("10.0.0.1", forwarded)) == caller, forwarded
        assert ours.address(scope("::ffff:10.0.0.1", forwarded)) == caller, forwarded


def test_an_invalid_forwarded_address_ends_the_chain() -> None:
    ours = proxies("10.0.0.0/8")
    for forwarded in (
        "203.0.113.9:",
        "203.0.113.9:port",
        "203.0.113.9:123456",
        "[203.0.113.9]",
        "[203.0.113.9]:80",
        "[2001:dead::1",
        "2001:dead::1]",
        "[2001:dead::1]80",
        "[[2001:dead::1]]",
        "010.0.0.9",
        "203.0.113.9 10.0.0.1",
        "_hidden",
        "3405803785",
        "0x7f000001",
        "::ffff:203.0.113.9:80",
        "203.0.113.\N{FULLWIDTH DIGIT NINE}".encode().decode("latin-1"),
    ):
        assert ours.address(scope("10.0.0.1", f"9.9.9.9, {forwarded}")) == "10.0.0.1", forwarded


def test_a_trusted_network_may_be_written_as_ipv6() -> None:
    ours = proxies("::ffff:10.0.0.0/104")
    for peer in ("10.0.0.1", "::ffff:10.0.0.1"):
        assert ours.address(scope(peer, "203.0.113.9")) == "203.0.113.9"
    assert ours.address(scope("::ffff:192.0.2.1", "203.0.113.9")) == "192.0.2.1"


def test_a_peer_without_an_address_is_not_a_proxy() -> None:
    assert proxies("10.0.0.0/8").address(scope(None, "198.51.100.1")) == ""
    assert proxies("0.0.0.0/0").address(scope("a socket", "198.51.100.1")) == "a socket"


async def sign_in(harness: AppHarness, password: str, **headers: str) -> httpx.Response:
    browser = harness.browser()
    page = await browser.get("/sign-in")
    fields = {**form_fields(page.text), "username": "ann@example.org", "password": password}
    return await browser.post("/sign-in", data=fields, headers=headers)


async def test_a_forged_header_does_not_get_around_the_limit_by_address(open_harness: Any) -> None:
    async with open_harness(limits__sign_in_per_address="2 per 15m") as harness:
        responses = [
            await sign_in(harness, "wrong", **{"x-forwarded-for": f"198.51.100.{number}"})
            for number in range(3)
        ]
        assert responses[-1].status_code == 429


async def test_behind_a_proxy_of_ours_each_caller_has_a_separate_limit(
    open_harness: Any,
) -> None:
    settings = {"limits__sign_in_per_address": "1 per 15m", "trusted_proxies": f"{PEER}/32"}
    async with open_harness(**settings) as harness:
        first = await sign_in(harness, "wrong", **{"x-forwarded-for": "198.51.100.1"})
        other = await sign_in(harness, "wrong", **{"x-forwarded-for": "9.9.9.9, 198.51.100.2"})
        again = await sign_in(harness, "wrong", **{"x-forwarded-for": "7.7.7.7, 198.51.100.1"})
        assert first.status_code != 429
        assert other.status_code != 429
        assert again.status_code == 429


async def test_a_person_sees_the_verified_network_address_of_a_sign_in(
    open_harness: Any,
) -> None:
    for trusted, seen in (("", PEER), (f"{PEER}/32", "198.51.100.1")):
        async with open_harness(trusted_proxies=trusted) as harness:
            ann = await harness.person()
            browser = harness.browser()
            browser.headers["x-forwarded-for"] = "198.51.100.1"
            await harness.sign_in(browser)
            (session,) = await harness.context.stores.sessions.sessions_of(ann.id)
            assert session.address == seen
