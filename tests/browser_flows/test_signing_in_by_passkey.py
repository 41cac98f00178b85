"""Passkeys by the real command and Chromium with a virtual authenticator: added, used without a
name, offered in the field of the address, copied, removed, lost and replaced, and the second step.

Browsers make passkeys for host names only, so the issuer is at `localhost`.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import CDPSession, Page

from support.app import PASSWORD
from support.browser_actions import NEW_PERSON, is_signed_in, press, sign_up
from support.page_gallery import chromium, open_window
from support.terminal import Server, Terminal
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PASSKEY = "#passkey"
# The virtual authenticator responds to an offer at once, so most visits of the page do without.
OFFER = """
PublicKeyCredential.isConditionalMediationAvailable =
  async () => sessionStorage.getItem("offer") === "yes";
"""
PASSKEYS, TWO_STEP = "/account/security/passkeys", "/account/security/two-step"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    started = Terminal(tmp_path).serve("--port", str(port), issuer=f"http://localhost:{port}")
    yield started
    assert started.stop() == 0
    assert started.process.stdout is not None
    started.process.stdout.close()
    assert "Traceback" not in (tmp_path / "serve.err").read_text()


@pytest.fixture
async def page(server: Server) -> AsyncIterator[Page]:
    async with (
        chromium() as browser,
        open_window(browser, server.url, width=360, scheme="light") as opened,
    ):
        opened.on("pageerror", lambda error: pytest.fail(str(error)))
        yield opened


@dataclass
class VirtualAuthenticator:
    """An authenticator of Chromium (WebDriver extension of Web Authentication)."""

    session: CDPSession
    id: str

    @classmethod
    async def of(cls, page: Page) -> "VirtualAuthenticator":
        session = await page.context.new_cdp_session(page)
        await session.send("WebAuthn.enable", {"enableUI": False})
        added = await session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        return cls(session, added["authenticatorId"])

    async def credentials(self) -> list[dict[str, Any]]:
        found = await self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(found["credentials"])

    async def responds(self, present: bool) -> None:
        """Whether a person touches it at once."""
        await self.session.send(
            "WebAuthn.setAutomaticPresenceSimulation",
            {"authenticatorId": self.id, "enabled": present},
        )

    async def roll_back(self, credential: dict[str, Any]) -> None:
        """As a copy of the authenticator from before: its counter is lower."""
        await self.clear()
        await self.session.send(
            "WebAuthn.addCredential",
            {"authenticatorId": self.id, "credential": {**credential, "signCount": 0}},
        )

    async def clear(self) -> None:
        """It is lost, with everything in it."""
        await self.session.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})


def is_account(url: str) -> bool:
    """Whether this is the account page, and no page that leads there."""
    return urlsplit(url).path == "/account"


async def add(page: Page, name: str) -> None:
    await page.goto("/account/security")
    await press(page, f"a[href='{PASSKEYS}']")
    await press(page, f"a[href='{PASSKEYS}/new']")
    await page.fill("[name=name]", name)
    await page.click("main form[data-passkey] button")
    await page.wait_for_url(f"**{PASSKEYS}")
    assert name in await page.inner_text("main")


async def sign_out_unseen(page: Page, authenticator: VirtualAuthenticator) -> None:
    """Sign out, and leave the sign-in page: it offers the passkeys that there are."""
    await authenticator.responds(False)
    await page.goto("/sign-out")
    await press(page)
    await page.goto("/")
    await authenticator.responds(True)


async def use_passkey(page: Page) -> None:
    """Press the button on the sign-in page, without a name."""
    await page.goto("/sign-in")
    await page.click(PASSKEY)


async def by_password(page: Page) -> None:
    await page.goto("/sign-in?return_to=/account")
    await page.fill("[name=username]", NEW_PERSON)
    await page.fill("[name=password]", PASSWORD)
    await press(page)


async def test_a_passkey_from_the_first_to_the_last_day(page: Page) -> None:
    authenticator = await VirtualAuthenticator.of(page)
    await page.add_init_script(OFFER)
    await sign_up(page)
    await add(page, "My phone")
    (credential,) = await authenticator.credentials()
    assert credential["isResidentCredential"]
    await sign_out_unseen(page, authenticator)

    await use_passkey(page)
    await page.wait_for_url(is_account)
    await page.goto(PASSKEYS)
    assert "last used" in await page.inner_text("main")
    await sign_out_unseen(page, authenticator)

    # It is offered in the field of the address.
    await page.evaluate("sessionStorage.setItem('offer', 'yes')")
    await page.goto("/sign-in")
    await page.wait_for_url(is_account)
    await page.evaluate("sessionStorage.clear()")
    await sign_out_unseen(page, authenticator)

    # A copy from before: its counter is lower.
    await authenticator.roll_back(credential)
    await use_passkey(page)
    await page.wait_for_selector(".summary")
    assert not await is_signed_in(page)
    await page.goto("/outbox")
    assert "A passkey may have been copied" in await page.inner_text("main")

    # It is lost: the password signs in, the passkey is removed, and another one is added.
    await authenticator.clear()
    await use_passkey(page)
    await page.wait_for_selector("[data-passkey-failed]:visible")
    await page.fill("[name=username]", NEW_PERSON)
    await page.fill("[name=password]", PASSWORD)
    await press(page)
    await page.goto(PASSKEYS)
    await press(page, "a[href*='/one?passkey=']")
    await press(page, "form[action$='/remove'] button")
    assert "No passkeys yet" in await page.inner_text("main")
    await add(page, "My new phone")
    await sign_out_unseen(page, authenticator)
    await use_passkey(page)
    await page.wait_for_url(is_account)

    # It becomes the second step: the password alone signs in no longer.
    await page.goto(TWO_STEP)
    await page.click(PASSKEY)
    await page.wait_for_url(f"**{TWO_STEP}/codes")
    code = await page.inner_text("ol code >> nth=0")
    await sign_out_unseen(page, authenticator)
    await by_password(page)
    assert not await is_signed_in(page)
    await by_password(page)
    await page.click(PASSKEY)
    await page.wait_for_url(is_account)
    await sign_out_unseen(page, authenticator)
    await by_password(page)
    await page.fill("[name=code]", code)
    await press(page, "main form[action='/sign-in/second-factor'] button")
    assert await is_signed_in(page)
