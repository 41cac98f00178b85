"""The sandbox's pages in Chromium: for everybody, on a phone and on a desktop, and in a pop-up."""

import socket
from urllib.parse import urlencode

import pytest
from playwright.async_api import ConsoleMessage, Page

from quantimodo.ports.clock import Clock, Entropy
from quantimodo.sandbox.routes import SandboxPolicy
from support.accessibility import faults_in_each_look
from support.app import CHALLENGE
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.sandbox_site import APPS, open_sandbox

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGES = {
    "index": "/sandbox",
    "popup": "/sandbox/google/popup",
    "popup-answer": "/sandbox/google/popup?person=verified",
    "native": "/sandbox/google/native",
    "native-answer": "/sandbox/facebook/native?person=verified",
    "native-refused": "/sandbox/facebook/native?person=says-no",
    "notices": "/sandbox/facebook/notices",
    "notice": "/sandbox/facebook/notices?person=verified",
    "error": "/sandbox/google/popup?client_id=another",
}


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


def asking(redirect_uri: str, **more: str) -> str:
    sent = {
        "client_id": APPS["google"].id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid email",
        "state": "some-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    return f"/sandbox/google/auth?{urlencode(sent)}"


async def test_axe_finds_nothing_on_any_page(clock: Clock, entropy: Entropy, port: int) -> None:
    found: list[str] = []
    server = f"http://127.0.0.1:{port}"

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            found.append(message.text)

    async with (
        open_sandbox(clock, entropy, SandboxPolicy(server=server)) as sandbox,
        listening(sandbox.app, port) as address,
        chromium() as browser,
        open_window(browser, address, width=360, scheme="light") as page,
    ):
        page.on("console", listen)
        paths = {
            **PAGES,
            "people": asking(f"{server}/callback"),
            "typed": asking(f"{server}/callback", address="ann@example.org"),
            "mistyped": asking(f"{server}/callback", address="ann"),
        }
        for name, path in paths.items():
            await page.goto(path)
            found += await faults_in_each_look(page, name)
    assert found == []


async def test_a_person_types_an_address_and_goes_back_with_it_without_scripts(
    clock: Clock, entropy: Entropy, port: int
) -> None:
    server = f"http://127.0.0.1:{port}"
    async with (
        open_sandbox(clock, entropy, SandboxPolicy(server=server)) as sandbox,
        listening(sandbox.app, port) as address,
        chromium() as browser,
        open_window(browser, address, width=360, scheme="light", java_script_enabled=False) as page,
    ):
        # The app is at another origin: `localhost` is not 127.0.0.1.
        await page.goto(asking(f"http://localhost:{port}/cb"))
        await page.fill("#address", "ann@example.org")
        await page.check("#trust-unverified")
        await page.click("#show")
        await page.click("#person-another")
        await page.wait_for_url(f"http://localhost:{port}/cb?*")
        assert "state=some-state" in page.url
        assert "code=4%2F0" in page.url


async def test_the_popup_hands_the_code_to_the_window_that_opened_it(
    clock: Clock, entropy: Entropy, port: int
) -> None:
    server = f"http://127.0.0.1:{port}"
    async with (
        open_sandbox(clock, entropy, SandboxPolicy(server=server)) as sandbox,
        listening(sandbox.app, port) as address,
        chromium() as browser,
        open_window(browser, address, width=1280, scheme="light") as page,
    ):
        # Any page without a content security policy may be the app.
        await page.goto(f"http://localhost:{port}/sandbox/oidc/certs")
        response = await _through_the_popup(page, f"{address}/sandbox/google/popup")
        assert response["code"].startswith("4/0")
        assert response["state"] == "s"
        redeemed = await sandbox.redeem(
            "google", response["code"], redirect_uri="postmessage", code_verifier=None
        )
        assert redeemed.status_code == 200


async def _through_the_popup(page: Page, popup: str) -> dict[str, str]:
    await page.evaluate(
        """popup => {
            window.answered = new Promise(resolve =>
                window.addEventListener("message", event => resolve(event.data)));
            window.open(`${popup}?state=s&origin=${location.origin}`, "_blank", "popup");
        }""",
        popup,
    )
    opened = page.context.pages[-1] if len(page.context.pages) > 1 else None
    opened = opened or await page.context.wait_for_event("page")
    async with opened.expect_event("close"):
        await opened.click("#person-verified")
    response: dict[str, str] = await page.evaluate("window.answered")
    return response
