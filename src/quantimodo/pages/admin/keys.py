"""/admin/keys: the signing keys; and /admin/providers: whether the sign-in providers respond."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.http.errors import NotFound
from quantimodo.keys.rotation import current_key
from quantimodo.model.admin_actions import Authority
from quantimodo.model.keys import SigningKey
from quantimodo.model.texts import N_
from quantimodo.pages.admin.frame import ADMIN, ActionForm, ActionWords, AdminFrame
from quantimodo.pages.form_errors import REFUSALS, form_errors
from quantimodo.pages.login.provider_buttons import ProviderButton
from quantimodo.pages.page_context import Endpoint
from quantimodo.ports.background_stores import KeyStore

KEYS: Final = f"{ADMIN}/keys"
PROVIDERS: Final = f"{ADMIN}/providers"

KeyAction = Literal["rotate", "rotate-now"]
KeyState = Literal["current", "next", "published", "retired"]
Examine = Callable[[str], Awaitable[str]]

WORDS: Final[Mapping[KeyAction, ActionWords]] = {
    "rotate": ActionWords(
        N_("Make the next keys"),
        N_("New RSA and P-256 keys are published now, and sign after the configured time."),
    ),
    "rotate-now": ActionWords(
        N_("Replace the keys now"),
        N_(
            "New keys of every kind sign at once, for example after a leak. Applications that have"
            " stored the key set may refuse new signatures for some minutes. Old keys stay"
            " published until what they signed has expired."
        ),
        dangerous=True,
    ),
}


class KeyAdministration(Protocol):
    """Rotates the signing keys, as `quantimodo keys rotate` does."""

    async def rotate(self, by: Authority, *, now: bool) -> None:
        """Record the action, then generate new keys. Raises `DomainError` if another process does
        so too."""


@dataclass(frozen=True, slots=True)
class AdminKeys:
    """`examine` returns the fault of the provider with this name, in English; "" without one."""

    frame: AdminFrame
    keys: KeyStore
    administration: KeyAdministration
    providers: Sequence[ProviderButton]
    examine: Examine

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), KEYS, self.show),
            (("GET",), f"{KEYS}/{{action}}", self.confirm),
            (("POST",), f"{KEYS}/{{action}}", self.act),
            (("GET",), PROVIDERS, self.show_providers),
            (("POST",), PROVIDERS, self.test_provider),
        ]

    async def show(self, request: Request) -> Response:
        """GET /admin/keys."""
        browser_request = await self.frame.visit(request)
        now = self.frame.page_context.clock.now()
        found = await self.keys.signing_keys()
        signing = {current_key(found, key.algorithm, now) for key in found}
        states = [(key, "current" if key in signing else _state(key, now)) for key in found]
        return self.frame.show(
            request,
            browser_request,
            "admin_keys.html",
            section="admin-keys",
            keys=states[::-1],
            actions=list(WORDS.items()),
        )

    async def confirm(self, request: Request) -> Response:
        """GET /admin/keys/{action}."""
        browser_request = await self.frame.visit(request, recent=True)
        return self.frame.show_action(request, browser_request, _form(_action(request)))

    async def act(self, request: Request) -> Response:
        """POST /admin/keys/{action}."""
        browser_request, form = await self.frame.posted(request)
        action = _action(request)
        try:
            by = self.frame.authority(browser_request, form)
            await self.administration.rotate(by, now=action == "rotate-now")
        except REFUSALS as refusal:
            refused = form_errors(refusal), form
            return self.frame.show_action(request, browser_request, _form(action), refused)
        return self.frame.page_context.go(KEYS, "admin-done")

    async def show_providers(self, request: Request) -> Response:
        """GET /admin/providers."""
        browser_request = await self.frame.visit(request)
        return self.frame.show(
            request,
            browser_request,
            "admin_providers.html",
            section="admin-providers",
            providers=self.providers,
            tested="",
            fault="",
        )

    async def test_provider(self, request: Request) -> Response:
        """POST /admin/providers: fetch the documents of this provider, and show what is wrong."""
        browser_request, form = await self.frame.posted(request)
        name = form.one("provider")
        if name not in [each.name for each in self.providers]:
            raise NotFound
        return self.frame.show(
            request,
            browser_request,
            "admin_providers.html",
            section="admin-providers",
            providers=self.providers,
            tested=name,
            fault=await self.examine(name),
        )


def _state(key: SigningKey, now: datetime) -> KeyState:
    if key.retires_at is not None and key.retires_at <= now:
        return "retired"
    return "next" if key.active_at > now else "published"


def _form(action: KeyAction) -> ActionForm:
    return ActionForm("admin-keys-one", WORDS[action], N_("Keys"), f"{KEYS}/{action}", KEYS)


def _action(request: Request) -> KeyAction:
    for action in get_args(KeyAction):
        if action == request.path_params["action"]:
            return action  # type: ignore[no-any-return]
    raise NotFound
