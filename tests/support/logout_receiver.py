"""Applications that are notified of logouts, and the requests of a test to sign in and out."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

from quantimodo.app.composition.logout import backchannel_logout_sender
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.ops.backchannel_logout import BackchannelLogoutSender
from quantimodo.outbound.form_poster import HttpFormPoster
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.protocol.discovery import END_SESSION
from support.app import App, AppHarness, form_fields

LOGOUT = END_SESSION
CONFIRM = f"{END_SESSION}/confirm"
SIGNED_OUT = "https://app.example.org/signed-out"
BACK = "https://app.example.org/backchannel"
FRONT = "https://app.example.org/frontchannel"


async def registered(harness: AppHarness, *, app: App | None = None, **metadata: Any) -> App:
    """An app with this metadata; with one redirect URI by default."""
    app = app or await harness.app()
    values = {"post_logout_redirect_uris": (SIGNED_OUT,), **metadata}
    await harness.register_again(app, metadata=ClientMetadata(**values))
    return app


async def id_token(
    harness: AppHarness, app: App, browser: httpx.AsyncClient, scope: str = "openid", **changes: str
) -> str:
    """Sign in to the app by this browser's session: what it would send as a hint."""
    tokens = await harness.tokens(app, browser, scope=scope, **changes)
    text: str = tokens["id_token"]
    return text


async def leave(browser: httpx.AsyncClient, **parameters: str) -> httpx.Response:
    return await browser.get(LOGOUT, params=parameters)


async def confirm(browser: httpx.AsyncClient, page: httpx.Response) -> httpx.Response:
    """Press the button of the confirmation page."""
    assert 'id="confirm-logout"' in page.text, page.text
    return await browser.post(CONFIRM, data={**form_fields(page.text), "confirm-logout": "yes"})


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/account")).status_code == 200


@dataclass
class LogoutReceiver:
    """The back channels of all apps. `responses`: statuses by address, 200 by default."""

    responses: dict[str, int] = field(default_factory=dict)
    received: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        fields = parse_qs(request.content.decode(), strict_parsing=True)
        self.received.append((str(request.url), fields))
        status = self.responses.get(str(request.url), 200)
        return httpx.Response(status, stream=httpx.ByteStream(b""))

    @property
    def addresses(self) -> list[str]:
        return sorted(address for address, _ in self.received)

    def token(self) -> str:
        """The one logout token that was received."""
        [(_, fields)] = self.received
        assert list(fields) == ["logout_token"]
        [token] = fields["logout_token"]
        return token

    def backchannel_logout_sender(self, harness: AppHarness) -> BackchannelLogoutSender:
        """The sender of logout tokens to these apps, as the server builds it."""
        return backchannel_logout_sender(
            harness.context, HttpFormPoster(GuardedHttpClient(transport=httpx.MockTransport(self)))
        )
