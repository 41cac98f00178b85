"""/account/apps/{client_id}: what one application may do: change it, its history, the receipts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.consent_mails import ConsentMails
from quantimodo.accounts.errors import TooMany
from quantimodo.accounts.sessions import require_fresh
from quantimodo.authorization.consents import Consents
from quantimodo.http.errors import NotFound
from quantimodo.i18n.translation import gettext as _
from quantimodo.i18n.translation import translated
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, ConsentChange, ConsentChoice
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.client_addresses import client_id_of, client_path
from quantimodo.pages.consent import ScopeLine, is_of_operator, is_reviewed
from quantimodo.pages.consent_form import (
    initial_view,
    read_choice,
    submitted_view,
    without_past_end,
)
from quantimodo.pages.consent_offer import ConsentOffer
from quantimodo.pages.consent_offers import ConsentOffers
from quantimodo.pages.consent_words import detail_lines, end_words, scope_titles
from quantimodo.pages.form_errors import FormErrors, form_errors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.layout import NO_STORE
from quantimodo.pages.page_context import PageContext
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.consents import InvalidChoice, required_details
from quantimodo.protocol.scopes import ScopeText, health_actions

SignReceipt = Callable[[Client, User, ConsentChange], Awaitable[str]]
_KINDS = {
    "given": N_("You allowed"),
    "changed": N_("You changed it to"),
    "withdrawn": N_("You took access back"),
}


@dataclass(frozen=True, slots=True)
class ConsentServices:
    """What these pages need of consents. `sign` makes a receipt."""

    consents: Consents
    offers: ConsentOffers
    mails: ConsentMails
    sign: SignReceipt


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a consent, or an entry of its history, allows, in words."""

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
class AppConsent:
    page_context: PageContext
    clients: ClientStore
    users: UserStore
    services: ConsentServices

    async def show(self, request: Request) -> Response:
        """GET /account/apps/{client_id}."""
        browser_request = await self.page_context.browser_request(request)
        browser_request.required()
        return await self._page(request, browser_request, await self._client(request))

    async def change(self, request: Request) -> Response:
        """POST /account/apps/{client_id}: narrower at once, wider after a confirmation."""
        browser_request, form = await self.page_context.posted(request)
        session, client = browser_request.required(), await self._client(request)
        consent = await self.services.consents.of(session.user.id, client.id)
        if consent is None:
            return self.page_context.go("/account")
        offer = await self._offer(session.user, consent)
        choice = read_choice(form, offer)
        if isinstance(choice, FormErrors):
            return await self._page(request, browser_request, client, (form, choice))
        confirmed = form.one("confirmed") == "yes"
        if confirmed:
            require_fresh(session, self.page_context.clock.now())
        try:
            result = await self.services.consents.change(
                session.user.id, client, choice, confirmed=confirmed
            )
        except InvalidChoice as refused:
            again = FormErrors(422, {"": refused.text}, "the choice cannot be stored")
            return await self._page(request, browser_request, client, (form, again))
        if result == "needs_confirmation":
            require_fresh(session, self.page_context.clock.now())
            allowed = _allowed(choice, offer.zone, await self.services.offers.texts(choice.scope))
            return self._confirmation(request, browser_request, client, (form, allowed))
        if result == "gone":
            return self.page_context.go("/account")
        notice = "consent-changed" if result == "changed" else "consent-unchanged"
        return self.page_context.go(client_path(client.id), notice)

    async def _client(self, request: Request) -> Client:
        return await known_client(self.clients, request)

    async def _offer(self, user: User, consent: Consent) -> ConsentOffer:
        scope = consent.requested_scope
        current = without_past_end(consent, self.page_context.clock.now())
        return await self.services.offers.of(user, scope, scope, consent.requested_details, current)

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        client: Client,
        submitted: tuple[Form, FormErrors] | None = None,
    ) -> Response:
        user = browser_request.required().user
        consent = await self.services.consents.of(user.id, client.id)
        named = frozenset[str]() if consent is None else consent.requested_scope
        history = await self.services.consents.history(user.id, client.id)
        if consent is None and not history:
            raise NotFound
        texts = await self.services.offers.texts(named.union(*(each.scope for each in history)))
        offer = None if consent is None else await self._offer(user, consent)
        zone = await self.services.offers.zone_of(user) if offer is None else offer.zone
        view = FormView() if offer is None else initial_view(offer)
        keeps = view.value("data") == "keep"
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        return self.page_context.show(
            request,
            browser_request,
            "account_app.html",
            again=None if submitted is None else submitted[1],
            section="account",
            client=client,
            has_logo=await self.clients.logo(client.id) is not None,
            owner_name=None if owner is None else owner.name,
            reviewed=is_reviewed(client),
            of_operator=is_of_operator(client),
            consent=consent,
            ended=consent is not None and consent.has_ended(self.page_context.clock.now()),
            allowed=None if consent is None else _allowed(consent, zone, texts),
            scopes=[] if consent is None else _scopes(client, consent, texts),
            offer=offer,
            keeps=keeps,
            required_lines=[] if consent is None else _required_lines(client, consent, zone),
            form=view if submitted is None else submitted_view(*submitted),
            history=[_history_line(client, each, zone, texts) for each in history],
        )

    def _confirmation(
        self,
        request: Request,
        browser_request: BrowserRequest,
        client: Client,
        sent: tuple[Form, Allowed],
    ) -> Response:
        form, allowed = sent
        return self.page_context.show(
            request,
            browser_request,
            "account_app_confirm.html",
            section="account",
            client=client,
            path=client_path(client.id),
            allowed=allowed,
            fields=[pair for pair in form.fields if pair[0] not in ("csrf", "confirmed")],
        )


@dataclass(frozen=True, slots=True)
class ReceiptPages:
    """/account/apps/{client_id}/receipts/{number}: a receipt as a page, a file, and an e-mail."""

    page_context: PageContext
    clients: ClientStore
    services: ConsentServices

    async def show(self, request: Request) -> Response:
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
            line=_history_line(client, change, zone, texts),
            receipt=receipt,
        )

    async def _receipt(
        self, request: Request, browser_request: BrowserRequest
    ) -> tuple[str, Client, ConsentChange]:
        """Of one of this person's consents. Raises `NotFound`, and `TooMany` after very many."""
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
    return f"{client_path(client.id)}/receipts/{change.id}"


def _allowed(
    found: Consent | ConsentChange | ConsentChoice, zone: tzinfo, texts: Mapping[str, ScopeText]
) -> Allowed:
    return Allowed(
        scope_titles(found.scope, texts),
        detail_lines(found.details, zone),
        end_words(found.expires_at, zone),
    )


def _scopes(client: Client, consent: Consent, texts: Mapping[str, ScopeText]) -> list[ScopeLine]:
    """What the application requested; the person may decline all of it afterwards."""
    return [
        ScopeLine(name, title, _description(client, name, texts[name]), optional=True)
        for name, title in scope_titles(consent.requested_scope, texts)
    ]


def _required_lines(client: Client, consent: Consent, zone: tzinfo) -> list[str]:
    required = required_details(client.metadata, consent.requested_details)
    return detail_lines(required.of_actions(health_actions(consent.requested_scope)), zone)


def _description(client: Client, name: str, text: ScopeText) -> str:
    if name in client.metadata.optional_scope:
        return translated(text.description)
    described = translated(text.description)
    needed = _("%(text)s The application says that it needs this.") % {"text": described}
    return needed.lstrip()


def _history_line(
    client: Client, change: ConsentChange, zone: tzinfo, texts: Mapping[str, ScopeText]
) -> HistoryLine:
    return HistoryLine(
        change, _KINDS[change.kind], _allowed(change, zone, texts), receipt_path(client, change)
    )
