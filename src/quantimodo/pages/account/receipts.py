"""Receipts of consents: a page, a file, and an e-mail. Also the texts of a consent's history."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.emails.consent_notices import ConsentNotifier
from quantimodo.accounts.errors import TooMany
from quantimodo.authorization.consents import Consents
from quantimodo.http.errors import NotFound
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, ConsentChange, ConsentChoice
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.pages.authorization.consent_offer_reader import ConsentOfferReader
from quantimodo.pages.authorization.consent_texts import detail_lines, end_text, scope_titles
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.portal.client_addresses import client_id_of, client_path
from quantimodo.pages.renderer import NO_STORE
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.scopes import ScopeText

RECEIPT = "/account/apps/{client_id}/receipts/{number}"
SignReceipt = Callable[[Client, User, ConsentChange], Awaitable[str]]
_KINDS = {
    "given": N_("You allowed"),
    "changed": N_("You changed it to"),
    "withdrawn": N_("You took access back"),
}


@dataclass(frozen=True, slots=True)
class ConsentServices:
    """The services that these pages need. `sign` makes a receipt."""

    consents: Consents
    offers: ConsentOfferReader
    mails: ConsentNotifier
    sign: SignReceipt


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a consent, or an entry of its history, allows, as texts."""

    titles: Sequence[tuple[str, str]]
    lines: Sequence[str]
    end: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry of the history; `path` is the local address of its receipt."""

    change: ConsentChange
    title: str
    allowed: Allowed
    path: str


@dataclass(frozen=True, slots=True)
class ReceiptPages:
    """/account/apps/{client_id}/receipts/{number}: a receipt as a page, a file, and an e-mail."""

    page_context: PageContext
    clients: ClientStore
    services: ConsentServices

    async def show(self, request: Request) -> Response:
        """GET the page of one receipt, which belongs to this person."""
        browser_request = await self.page_context.browser_request(request)
        return await self._page(request, browser_request)

    async def download(self, request: Request) -> Response:
        """GET …/receipt.jwt: the signed receipt as a file."""
        browser_request = await self.page_context.browser_request(request)
        receipt, _, _ = await self._receipt(request, browser_request)
        headers = {**NO_STORE, "content-disposition": 'attachment; filename="receipt.jwt"'}
        return Response(receipt, media_type="application/jwt", headers=headers)

    async def mail(self, request: Request) -> Response:
        """POST …/mail: to the confirmed address of the person."""
        browser_request, _ = await self.page_context.posted(request)
        receipt, client, change = await self._receipt(request, browser_request)
        path = receipt_path(client, change)
        try:
            sent = await self.services.mails.send_receipt(
                browser_request.required().user, path, receipt
            )
        except TooMany as refusal:
            return await self._page(request, browser_request, form_errors(refusal))
        return self.page_context.go(path, "receipt-sent" if sent else "receipt-not-sent")

    async def _page(
        self, request: Request, browser_request: BrowserRequest, again: FormErrors | None = None
    ) -> Response:
        receipt, client, change = await self._receipt(request, browser_request)
        zone = await self.services.offers.zone_of(browser_request.required().user)
        texts = await self.services.offers.texts(change.scope)
        return self.page_context.show(
            request,
            browser_request,
            "account_receipt.html",
            again=again,
            section="account",
            form=FormView(errors=again.errors if again else {}),
            client=client,
            person=browser_request.required().user,
            line=history_line(client, change, zone, texts),
            receipt=receipt,
        )

    async def _receipt(
        self, request: Request, browser_request: BrowserRequest
    ) -> tuple[str, Client, ConsentChange]:
        """A receipt of this person. Raises `NotFound`, and `TooMany` after very many."""
        session = browser_request.required()
        client = await known_client(self.clients, request)
        number = request.path_params["number"]
        for change in await self.services.consents.history(session.user.id, client.id):
            if str(change.id) == number:
                if request.method != "HEAD":  # RFC 9110 §9.3.2: HEAD has no effect
                    await self.page_context.throttle.change(session.sid)
                return await self.services.sign(client, session.user, change), client, change
        raise NotFound


async def known_client(clients: ClientStore, request: Request) -> Client:
    """The application that the path names. Raises `NotFound`."""
    client = await clients.client(client_id_of(request))
    if client is None:
        raise NotFound
    return client


def receipt_path(client: Client, change: ConsentChange) -> str:
    """The path of the receipt's page."""
    return f"{client_path(client.id)}/receipts/{change.id}"


def allowed_texts(
    found: Consent | ConsentChange | ConsentChoice, zone: tzinfo, texts: Mapping[str, ScopeText]
) -> Allowed:
    """What was allowed, as texts: scopes, data, and the end."""
    return Allowed(
        scope_titles(found.scope, texts),
        detail_lines(found.details, zone),
        end_text(found.expires_at, zone),
    )


def history_line(
    client: Client, change: ConsentChange, zone: tzinfo, texts: Mapping[str, ScopeText]
) -> HistoryLine:
    """One entry of a consent's history, as texts."""
    return HistoryLine(
        change,
        _KINDS[change.kind],
        allowed_texts(change, zone, texts),
        receipt_path(client, change),
    )
