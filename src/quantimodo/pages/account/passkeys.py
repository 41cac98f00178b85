"""The account's pages of passkeys: the list, adding, renaming and removing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.passkeys.passkeys import Passkeys
from quantimodo.http.errors import NotFound
from quantimodo.model.passkeys import Passkey
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.forms import Form, FormView, row_id
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.renderer import json_page

PASSKEYS: Final = "/account/security/passkeys"
ENDPOINTS: Final = "/.well-known/passkey-endpoints"
_SECTION: Final = "account-security"


@dataclass(frozen=True, slots=True)
class PasskeyPages:
    """/account/security/passkeys. Each change needs a recent sign-in (security.md §18)."""

    page_context: PageContext
    passkeys: Passkeys
    issuer: str

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), PASSKEYS, self.show),
            (("GET",), f"{PASSKEYS}/new", self.new),
            (("POST",), f"{PASSKEYS}/new", self.add),
            (("GET",), f"{PASSKEYS}/one", self.one),
            (("POST",), f"{PASSKEYS}/one", self.rename),
            (("POST",), f"{PASSKEYS}/remove", self.remove),
            (("GET",), ENDPOINTS, self.endpoints),
        ]

    async def show(self, request: Request) -> Response:
        """GET: all passkeys of the person."""
        browser_request = await self.page_context.browser_request(request)
        return await self._list(request, browser_request)

    async def new(self, request: Request) -> Response:
        """GET …/new."""
        browser_request = await self.page_context.browser_request(request)
        await self.passkeys.require_recent_login(browser_request.required())
        if not self.passkeys.policy.offered:
            return self.page_context.go(PASSKEYS)
        return await self._new(request, browser_request, FormView())

    async def add(self, request: Request) -> Response:
        """POST …/new: the passkey that the browser made."""
        browser_request, form = await self.page_context.posted(request)
        session, response = browser_request.required(), form.secret("credential")
        try:
            await self.passkeys.add(session, response, form.one("name"))
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, "name")
            return await self._new(request, browser_request, view, again)
        return self.page_context.go(PASSKEYS, "passkey-added")

    async def one(self, request: Request) -> Response:
        """GET …/one?passkey=ID: the form of its name, and its removal."""
        browser_request = await self.page_context.browser_request(request)
        session = browser_request.required()
        await self.passkeys.require_recent_login(session)
        passkey_id = row_id(request.query_params.get("passkey", ""))
        passkey = await self.passkeys.find(session, passkey_id)
        if passkey is None:
            raise NotFound
        return self._one(request, browser_request, passkey, FormView({"name": passkey.name}))

    async def rename(self, request: Request) -> Response:
        """POST …/one."""
        browser_request, form = await self.page_context.posted(request)
        session, passkey = browser_request.required(), await self._passkey(browser_request, form)
        try:
            await self.passkeys.rename(session, passkey.id, form.one("name"))
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, "name")
            return self._one(request, browser_request, passkey, view, again)
        return self.page_context.go(PASSKEYS, "passkey-renamed")

    async def remove(self, request: Request) -> Response:
        """POST …/remove: never the last way to sign in."""
        browser_request, form = await self.page_context.posted(request)
        session, passkey = browser_request.required(), await self._passkey(browser_request, form)
        try:
            await self.passkeys.delete(session, passkey.id)
        except REFUSALS as refusal:
            return await self._list(request, browser_request, form_errors(refusal))
        return self.page_context.go(PASSKEYS, "passkey-removed")

    async def endpoints(self, request: Request) -> Response:
        """GET /.well-known/passkey-endpoints: where password managers send a person to add and
        manage passkeys (W3C, A Well-Known URL for Relying Party Passkey Endpoints)."""
        if not self.passkeys.policy.offered:
            raise NotFound
        address = f"{self.issuer}{PASSKEYS}"
        return json_page(200, {"enroll": f"{address}/new", "manage": address})

    async def _passkey(self, browser_request: BrowserRequest, form: Form) -> Passkey:
        """The passkey of this form. Raises `NotFound` for that of another person."""
        session = browser_request.required()
        found = await self.passkeys.find(session, row_id(form.one("passkey")))
        if found is None:
            raise NotFound
        return found

    async def _list(
        self,
        request: Request,
        browser_request: BrowserRequest,
        again: FormErrors | None = None,
    ) -> Response:
        found = await self.passkeys.list(browser_request.required().user)
        passkeys = [(each, self.passkeys.works(each)) for each in found]
        return self.page_context.show(
            request,
            browser_request,
            "account_passkeys.html",
            again=again,
            section=_SECTION,
            passkeys=passkeys,
            elsewhere=sum(not works for _, works in passkeys),
            offered=self.passkeys.policy.offered,
            form=error_view(again),
        )

    async def _new(
        self,
        request: Request,
        browser_request: BrowserRequest,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "account_passkey_new.html",
            again=again,
            section=_SECTION,
            creation=await self.passkeys.creation_options(browser_request.required()),
            form=view,
        )

    def _one(
        self,
        request: Request,
        browser_request: BrowserRequest,
        passkey: Passkey,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "account_passkey.html",
            again=again,
            section=_SECTION,
            passkey=passkey,
            works=self.passkeys.works(passkey),
            form=view,
        )
