"""/account/apps/{client_id}: what one application may do: change it, and its history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.sessions import is_fresh
from quantimodo.http.errors import NotFound
from quantimodo.i18n.translation import gettext as _
from quantimodo.i18n.translation import translated
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, ConsentChoice
from quantimodo.model.sessions import Session
from quantimodo.model.users import User
from quantimodo.pages.account.receipts import (
    Allowed,
    ConsentServices,
    allowed_texts,
    history_line,
    known_client,
)
from quantimodo.pages.authorization.consent import ScopeLine, is_of_operator, is_reviewed
from quantimodo.pages.authorization.consent_form import (
    CHOICES,
    initial_view,
    read_choice,
    submitted_view,
    without_past_end,
)
from quantimodo.pages.authorization.consent_offer import ConsentOffer
from quantimodo.pages.authorization.consent_texts import detail_lines, scope_titles
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.portal.client_addresses import client_path
from quantimodo.pages.sealed_forms import SealedForms
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.consents import InvalidChoice, required_details
from quantimodo.protocol.scopes import ScopeText, health_actions, own_name


@dataclass(frozen=True, slots=True)
class AppConsent:
    page_context: PageContext
    clients: ClientStore
    users: UserStore
    services: ConsentServices
    sealed_forms: SealedForms

    async def show(self, request: Request) -> Response:
        """GET /account/apps/{client_id}. `?kept=…`: what the person chose before a new sign-in."""
        browser_request = await self.page_context.browser_request(request)
        session, client = browser_request.required(), await self._client(request)
        kept = self.sealed_forms.opened(browser_request, request.query_params.get("kept", ""))
        consent = await self.services.consents.of(session.user.id, client.id)
        if kept is None or consent is None or not self._is_fresh(session):
            return await self._page(request, browser_request, client)
        offer = await self._offer(session.user, consent)
        choice = read_choice(kept, offer)
        if isinstance(choice, FormErrors):
            return await self._page(request, browser_request, client, (kept, choice))
        allowed = await self._choice_texts(choice, offer)
        return self._confirmation(request, browser_request, client, (kept, allowed))

    async def change(self, request: Request) -> Response:
        """POST /account/apps/{client_id}: narrower at once, wider after a confirmation."""
        browser_request, form = await self.page_context.posted(request, CHOICES)
        session, client = browser_request.required(), await self._client(request)
        consent = await self.services.consents.of(session.user.id, client.id)
        if consent is None:
            return self.page_context.go("/account")
        offer = await self._offer(session.user, consent)
        choice = read_choice(form, offer)
        if isinstance(choice, FormErrors):
            return await self._page(request, browser_request, client, (form, choice))
        confirmed, is_new = form.one("confirmed") == "yes", self._is_fresh(session)
        if confirmed and not is_new:
            return self._sign_in_again(browser_request, client, form)
        try:
            result = await self.services.consents.change(
                session.user.id, client, choice, confirmed=confirmed
            )
        except InvalidChoice as refused:
            again = FormErrors(422, {"": refused.text}, "the choice cannot be stored")
            return await self._page(request, browser_request, client, (form, again))
        if result == "needs_confirmation":
            if not is_new:
                return self._sign_in_again(browser_request, client, form)
            allowed = await self._choice_texts(choice, offer)
            return self._confirmation(request, browser_request, client, (form, allowed))
        if result == "gone":
            return self.page_context.go("/account")
        notice = "consent-changed" if result == "changed" else "consent-unchanged"
        return self.page_context.go(client_path(client.id), notice)

    def _is_fresh(self, session: Session) -> bool:
        return is_fresh(session, self.page_context.clock.now())

    def _sign_in_again(
        self, browser_request: BrowserRequest, client: Client, form: Form
    ) -> Response:
        """To the page of a new sign-in, which returns with what the person chose."""
        kept = self.sealed_forms.sealed(browser_request, form)
        return self.page_context.again(f"{client_path(client.id)}?kept={kept}")

    async def _choice_texts(self, choice: ConsentChoice, offer: ConsentOffer) -> Allowed:
        texts = await self.services.offers.texts(choice.scope)
        return allowed_texts(choice, offer.zone, texts)

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
            allowed=None if consent is None else allowed_texts(consent, zone, texts),
            scopes=[] if consent is None else _scopes(client, consent, texts),
            offer=offer,
            keeps=keeps,
            required_lines=[] if consent is None else _required_lines(client, consent, zone),
            form=view if submitted is None else submitted_view(*submitted),
            history=[history_line(client, each, zone, texts) for each in history],
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
    described = translated(text.description)
    if own_name(name) in client.metadata.optional_scope:
        return described
    needed = _("%(text)s The application says that it needs this.") % {"text": described}
    return needed.lstrip()
