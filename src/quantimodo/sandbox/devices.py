"""The sandbox instead of a provider's SDK: on a phone, and in a pop-up of a browser.

The page shows what the SDK gives to the app that embeds it; POST returns the same as JSON.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.digests import digest
from quantimodo.pages.renderer import PageOptions, Renderer
from quantimodo.ports.clock import Clock
from quantimodo.sandbox.authorization import AuthorizationRequestRefused
from quantimodo.sandbox.authorize_endpoint import refuse_as
from quantimodo.sandbox.fake_providers import FakeProvider, origin_of
from quantimodo.sandbox.fault_injection import private
from quantimodo.sandbox.google import POSTMESSAGE
from quantimodo.sandbox.parameters import (
    InvalidSandboxRequest,
    Parameters,
    of_form_or_json,
    of_query,
)
from quantimodo.sandbox.people import Person
from quantimodo.sandbox.person_chooser import FormInput, PersonChooser
from quantimodo.sandbox.sealed_grants import Grant, SealedGrants

_SCRIPT: Final = """
const box = document.getElementById("response");
if (window.opener) {
  if (box.dataset.origin) {
    window.opener.postMessage(JSON.parse(box.dataset.response), box.dataset.origin);
    window.close();
  }
}
"""
_SCRIPT_HASH: Final = f"sha256-{b64encode(digest(_SCRIPT)).decode()}"
_EVERYTHING: Final = "openid email profile public_profile"
_LABELS: Final = {
    "access_token": "Access token",
    "id_token": "ID token",
    "refresh_token": "Refresh token",
    "code": "Authorization code",
    "error": "Error",
}
Mint = Callable[[Grant], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeSdk:
    """Signs in on a device: tokens without a code. `mint` makes the provider's token response."""

    fake_provider: FakeProvider
    person_chooser: PersonChooser
    renderer: Renderer
    clock: Clock
    mint: Mint

    async def show(self, request: Request) -> Response:
        """GET …/native: choose, then copy."""
        sent = of_query(request)
        person = self.person_chooser.chosen(sent)
        if person is None:
            return self.person_chooser.page(
                sent,
                heading=f"{self.fake_provider.title} SDK on a phone",
                lead="Choose who signs in, and copy the tokens that the app on the phone gets.",
                inputs=self._inputs(sent),
            )
        return _to_copy(self.renderer, self.fake_provider, person, self._tokens(person, sent))

    async def give(self, request: Request) -> Response:
        """POST …/native, a form or JSON: `person`, `client_id?`, `azp?`, `nonce?`, `scope?`,
        `limited?`; and `address`, `trust` for the person `another`."""
        sent = await of_form_or_json(request)
        person = self.person_chooser.chosen(sent)
        if person is None:
            raise InvalidSandboxRequest("Send a person.")
        response = self._tokens(person, sent)
        return private(response, 403 if "error" in response else 200)

    def _tokens(self, person: Person, sent: Parameters) -> dict[str, Any]:
        try:
            refuse_as(person)
        except AuthorizationRequestRefused as refusal:
            return {"error": refusal.code, "error_description": refusal.description}
        client_id = sent.get("client_id", "") or self.fake_provider.app.id
        return self.mint(
            Grant(
                fake_provider=self.fake_provider.name,
                client_id=client_id,
                presenter=sent.get("azp", "") or client_id,
                person=person.id,
                address=person.address,
                trust=person.trust,
                scope=sent.get("scope", "") or _EVERYTHING,
                chosen_at=int(self.clock.now().timestamp()),
                nonce=sent.get("nonce") or None,
                offline=True,
                limited=sent.get("limited", "") == "true",
            )
        )

    def _inputs(self, sent: Parameters) -> list[FormInput]:
        hint = "Another one than ours shows that a foreign app's token is refused."
        return [
            FormInput(
                "client_id", "Client id", sent.get("client_id", self.fake_provider.app.id), hint
            ),
            FormInput("nonce", "Nonce", sent.get("nonce", "")),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePopup:
    """Google's JavaScript SDK in its `ux_mode: "popup"`: a code for `postmessage`."""

    fake_provider: FakeProvider
    person_chooser: PersonChooser
    renderer: Renderer
    clock: Clock
    grants: SealedGrants

    async def show(self, request: Request) -> Response:
        """GET …/popup: `client_id?`, `origin?` (of the window that opened it), `state?`,
        `scope?`, `nonce?`. The response is posted to the opener, and shown."""
        sent = of_query(request)
        self._check(sent)
        person = self.person_chooser.chosen(sent)
        if person is None:
            return self.person_chooser.page(
                sent,
                heading="Google code pop-up",
                lead="A page with Google's JavaScript library asks who signs in.",
            )
        return _to_copy(
            self.renderer,
            self.fake_provider,
            person,
            self._response(person, sent),
            origin=sent.get("origin", ""),
        )

    def _check(self, sent: Parameters) -> None:
        if not self.fake_provider.knows(sent.get("client_id", "") or self.fake_provider.app.id):
            raise InvalidSandboxRequest(
                "No application is registered under this client_id.", "invalid_client"
            )
        origin = sent.get("origin", "")
        # A message is posted to the origin of a page, so `origin` must be exactly an origin.
        if origin and (not self.fake_provider.sends_to(origin) or origin_of(origin) != origin):
            raise InvalidSandboxRequest("This origin is not registered.", "origin_mismatch")

    def _response(self, person: Person, sent: Parameters) -> dict[str, Any]:
        state = {"state": sent["state"]} if "state" in sent else {}
        try:
            refuse_as(person)
        except AuthorizationRequestRefused as refusal:
            return {"error": refusal.code, **state}
        client_id = sent.get("client_id", "") or self.fake_provider.app.id
        scope = sent.get("scope", "") or "openid email profile"
        grant = Grant(
            fake_provider=self.fake_provider.name,
            client_id=client_id,
            presenter=client_id,
            person=person.id,
            address=person.address,
            trust=person.trust,
            scope=scope,
            chosen_at=int(self.clock.now().timestamp()),
            nonce=sent.get("nonce") or None,
            redirect_uri=POSTMESSAGE,
            offline=True,
        )
        return {"code": self.grants.seal(grant, "code"), "scope": scope, **state}


def _to_copy(
    renderer: Renderer,
    fake_provider: FakeProvider,
    person: Person,
    response: dict[str, Any],
    origin: str = "",
) -> Response:
    return renderer.page(
        "sandbox/response.html",
        options=PageOptions(opener=True, script=_SCRIPT_HASH),
        code=_SCRIPT,
        fake_provider=fake_provider,
        person=person,
        copies=[(name, _LABELS[name], response[name]) for name in _LABELS if name in response],
        response=msgspec.json.encode(response).decode(),
        origin=origin,
    )
