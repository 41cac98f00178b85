"""DNS rebinding: a site lets its own name lead to this machine, and then reads what it is shown.

Cookies do not come along under another name, so all that is at stake is what needs none: the
e-mails of a server under development. And pages for development are for a browser on this machine
only, whatever the server listens on and whatever proxy stands between (security.md §14d).
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from support.app import AppHarness, OpenHarness, form_fields

ISSUER = "http://127.0.0.1:8000"
SANDBOX = "/sandbox"


async def ask(
    harness: AppHarness, path: str, *, peer: str = "127.0.0.1", **headers: str
) -> httpx.Response:
    transport = httpx.ASGITransport(app=harness.application, client=(peer, 1234))  # type: ignore[arg-type]
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as browser:
        return await browser.get(path, headers=sent)


async def email_shown(harness: AppHarness, host: str) -> bool:
    response = await ask(harness, "/outbox", host=host)
    assert response.status_code in (200, 421)
    return "/reset/new?token=" in response.text


async def ask_for_a_new_password(harness: AppHarness) -> None:
    await harness.person()
    browser = harness.browser()
    browser.base_url = ISSUER
    page = await browser.get("/reset")
    response = await browser.post(
        "/reset", data={**form_fields(page.text), "email": "ann@example.org"}
    )
    assert response.status_code == 303


@pytest.fixture
async def reset_harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    """A developer's server, where a person has requested a new password."""
    async with open_harness(issuer=ISSUER, development="true") as harness:
        await ask_for_a_new_password(harness)
        yield harness


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "id.example.org.evil.example",
        "id.example.org:8000",
        "evil.example:@127.0.0.1",
        "[::1].evil.example",
        "192.0.2.7:8000",
        "0.0.0.0:8000",
        "",
    ],
)
async def test_emails_are_not_shown_under_the_name_of_another_site(
    reset_harness: AppHarness, host: str
) -> None:
    assert not await email_shown(reset_harness, host)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "LOCALHOST:8000", "localhost", "[::1]:8000", "[::1]"],
)
async def test_emails_are_shown_under_our_name_and_this_machines(
    reset_harness: AppHarness, host: str
) -> None:
    assert await email_shown(reset_harness, host)


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1.evil.example", ""])
async def test_the_sandbox_is_not_shown_under_the_name_of_another_site(
    reset_harness: AppHarness, host: str
) -> None:
    assert (await ask(reset_harness, SANDBOX, host=host)).status_code == 421


@pytest.mark.parametrize(
    "path", ["/outbox", SANDBOX, "/sandbox/google/auth", "/sandbox/oidc/certs"]
)
@pytest.mark.parametrize("peer", ["192.0.2.7", "::ffff:192.0.2.7", "10.0.0.1", "a socket", ""])
async def test_development_pages_need_a_loopback_peer(
    reset_harness: AppHarness, path: str, peer: str
) -> None:
    assert (await ask(reset_harness, path, peer=peer)).status_code == 403


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"])
async def test_development_pages_are_shown_to_every_loopback_peer(
    reset_harness: AppHarness, peer: str
) -> None:
    for path in ("/outbox", SANDBOX):
        assert (await ask(reset_harness, path, peer=peer)).status_code == 200


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x_forwarded_for", "192.0.2.7"),
        ("x_forwarded_for", "127.0.0.1, 192.0.2.7"),
        ("x_forwarded_for", "192.0.2.7, 127.0.0.1"),
        ("x_forwarded_for", "unknown"),
        ("x_forwarded_for", ""),
        ("x_real_ip", "192.0.2.7"),
        ("forwarded", "for=192.0.2.7"),
        ("forwarded", 'proto=http;For="[2001:db8::1]:80", for=127.0.0.1'),
        ("forwarded", "for=unknown"),
        ("forwarded", "by=127.0.0.1"),
    ],
)
@pytest.mark.parametrize("trusted", ["", "127.0.0.0/8"])
async def test_behind_a_local_proxy_the_forwarded_address_decides(
    open_harness: OpenHarness, header: str, value: str, trusted: str
) -> None:
    """The proxy makes every peer a loopback one, whether it is configured or not."""
    settings = {"issuer": ISSUER, "development": "true", "trusted_proxies": trusted}
    async with open_harness(**settings) as harness:
        for path in ("/outbox", SANDBOX):
            assert (await ask(harness, path, **{header: value})).status_code == 403
        assert (await ask(harness, "/outbox", x_forwarded_for="127.0.0.1")).status_code == 200
        assert (await ask(harness, "/outbox", forwarded="for=127.0.0.1")).status_code == 200


async def test_a_server_that_listens_to_the_network_has_no_development_pages(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(issuer=ISSUER, host="0.0.0.0", development="") as harness:  # noqa: S104
        for path in ("/outbox", SANDBOX):
            assert (await ask(harness, path)).status_code == 404
