"""The webhooks of an application: addresses, secrets, deliveries, and the list of events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.clients.webhooks import InvalidWebhook, Webhooks
from quantimodo.http.errors import NotFound
from quantimodo.model.app_events import KINDS, WebhookEndpoint
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView, row_id
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_pages import APP, AppPages, OpenedApp
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Conflict

WEBHOOKS: Final = f"{APP}/webhooks"
TITLES: Final[Mapping[str, str]] = {
    "grant.created": N_("A person authorized the application"),
    "grant.revoked": N_("An authorization ended"),
    "consent.changed": N_("A person changed what the application may use"),
    "user.updated": N_("A name, an address or another claim changed"),
    "user.deleted": N_("An account was deleted"),
    "measurements.created": N_("Measurements were saved that the application may read"),
}
SPANS: Final = (
    ("1h", N_("Of the last hour"), timedelta(hours=1)),
    ("1d", N_("Of the last day"), timedelta(days=1)),
    ("7d", N_("Of the last 7 days"), timedelta(days=7)),
    ("30d", N_("All that are kept"), timedelta(days=30)),
)
_PAGE: Final = 25
_NEW: Final = FormView({"url": "https://"}, {}, frozenset(KINDS))


@dataclass(frozen=True, slots=True)
class AppWebhooks:
    app_pages: AppPages
    webhooks: Webhooks
    secrets: NewSecretCookie
    clock: Clock

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        one = f"{WEBHOOKS}/{{webhook}}"
        return [
            (("GET",), WEBHOOKS, self.show),
            (("POST",), WEBHOOKS, self.add),
            (("POST",), f"{APP}/events", self.switch_list),
            (("GET",), one, self.one),
            (("POST",), one, self.change),
            (("POST",), f"{one}/action", self.act),
            (("POST",), f"{one}/replay", self.replay),
        ]

    async def show(self, request: Request) -> Response:
        """GET APP/webhooks: all of them, and the form of a new one."""
        return await self._list(await self.app_pages.opened(request), _NEW)

    async def add(self, request: Request) -> Response:
        """POST APP/webhooks: the next page shows the secret once."""
        opened, form = await self.app_pages.posted(request)
        try:
            endpoint, secret = await self.webhooks.add(
                opened.client, form.one("url"), form.many("kinds")
            )
        except InvalidWebhook as refusal:
            again = _errors(refusal)
            return await self._list(opened, _submitted(form, again), again)
        except Conflict:
            raise NotFound from None
        return self._with_secret(opened, endpoint.id, secret)

    async def switch_list(self, request: Request) -> Response:
        """POST APP/events: keep all events for `GET /api/v2/events`, or not."""
        opened, form = await self.app_pages.posted(request)
        try:
            await self.webhooks.set_polled(opened.client, form.one("list") == "on")
        except Conflict:
            raise NotFound from None
        return self.app_pages.go(opened.client, "/webhooks", "client-saved")

    async def one(self, request: Request) -> Response:
        """GET APP/webhooks/{webhook}: its settings and its deliveries."""
        opened = await self.app_pages.opened(request)
        endpoint = await self._endpoint(opened)
        return await self._one(opened, endpoint, _view(endpoint))

    async def change(self, request: Request) -> Response:
        """POST APP/webhooks/{webhook}: another address or other kinds."""
        opened, form = await self.app_pages.posted(request)
        endpoint = await self._endpoint(opened)
        try:
            await self.webhooks.change(
                opened.client, endpoint.id, form.one("url"), form.many("kinds")
            )
        except InvalidWebhook as refusal:
            again = _errors(refusal)
            return await self._one(opened, endpoint, _submitted(form, again), again)
        return self._go(opened, endpoint.id, "webhook-saved")

    async def act(self, request: Request) -> Response:
        """POST APP/webhooks/{webhook}/action: test, rotate, enable, disable or delete."""
        opened, form = await self.app_pages.posted(request)
        endpoint, client = await self._endpoint(opened), opened.client
        match form.one("what"):
            case "test":
                sent = await self.webhooks.send_test(client, endpoint.id)
                return self._go(opened, endpoint.id, "webhook-tested" if sent else "")
            case "rotate":
                secret = await self.webhooks.rotate(client, endpoint.id)
                if secret is None:
                    raise NotFound
                return self._with_secret(opened, endpoint.id, secret)
            case "enable":
                await self.webhooks.enable(client, endpoint.id)
            case "disable":
                await self.webhooks.disable(client, endpoint.id)
            case "delete":
                await self.webhooks.delete(client, endpoint.id)
                return self.app_pages.go(client, "/webhooks", "webhook-deleted")
            case _:
                raise NotFound
        return self._go(opened, endpoint.id, "webhook-saved")

    async def replay(self, request: Request) -> Response:
        """POST APP/webhooks/{webhook}/replay: one event, or all of some time."""
        opened, form = await self.app_pages.posted(request)
        endpoint, client = await self._endpoint(opened), opened.client
        if event := form.one("event"):
            if not await self.webhooks.replay(client, endpoint.id, row_id(event)):
                raise NotFound
            return self._go(opened, endpoint.id, "webhook-replayed")
        span = next((span for name, _, span in SPANS if name == form.one("span")), None)
        if span is None:
            raise NotFound
        await self.webhooks.replay_since(client, endpoint.id, self.clock.now() - span)
        return self._go(opened, endpoint.id, "webhook-replayed")

    async def _endpoint(self, opened: OpenedApp) -> WebhookEndpoint:
        webhook: str = opened.request.path_params["webhook"]
        found = await self.webhooks.store.endpoint(opened.client.id, webhook)
        if found is None:
            raise NotFound
        return found

    def _go(self, opened: OpenedApp, endpoint_id: str, notice: str = "") -> Response:
        return self.app_pages.go(opened.client, f"/webhooks/{quote(endpoint_id)}", notice)

    def _with_secret(self, opened: OpenedApp, endpoint_id: str, secret: Secret) -> Response:
        session = opened.browser_request.required().key
        response = self._go(opened, endpoint_id)
        return self.secrets.set_secret(response, session, secret, _purpose(endpoint_id))

    async def _list(
        self, opened: OpenedApp, view: FormView, again: FormErrors | None = None
    ) -> Response:
        stream = await self.webhooks.events.stream(opened.client.id)
        return await self.app_pages.show(
            opened,
            "webhooks",
            "developers_webhooks.html",
            again=again,
            endpoints=await self.webhooks.store.endpoints_of(opened.client.id),
            polled=stream is not None and stream.polled,
            titles=TITLES,
            form=view,
        )

    async def _one(
        self,
        opened: OpenedApp,
        endpoint: WebhookEndpoint,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        request, session = opened.request, opened.browser_request.required()
        secret = self.secrets.read_secret(request, session.key, _purpose(endpoint.id))
        text = request.query_params.get("before", "")
        before = row_id(text) if text else None
        deliveries = await self.webhooks.store.deliveries(
            opened.client.id, endpoint.id, _PAGE + 1, before
        )
        response = await self.app_pages.show(
            opened,
            "webhooks",
            "developers_webhook.html",
            again=again,
            endpoint=endpoint,
            secret=None if secret is None else secret.reveal(),
            deliveries=deliveries[:_PAGE],
            older=deliveries[_PAGE - 1].event.number if len(deliveries) > _PAGE else None,
            titles=TITLES,
            spans=[(name, words) for name, words, _ in SPANS],
            form=view,
        )
        return response if secret is None else self.secrets.clear(response)


def _view(endpoint: WebhookEndpoint) -> FormView:
    return replace(_NEW, values={"url": endpoint.url}, chosen=endpoint.kinds)


def _submitted(form: Form, again: FormErrors) -> FormView:
    return again.view(form, "url", chosen=form.many("kinds"))


def _errors(refusal: InvalidWebhook) -> FormErrors:
    return FormErrors(422, {refusal.field: refusal.text}, "the webhook cannot be accepted")


def _purpose(endpoint_id: str) -> str:
    return f"webhook secret to be shown: {endpoint_id}"
