"""Every page in each of its states, opened in Chromium."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from playwright.async_api import Browser, Page, async_playwright
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.emails.unsubscribe_links import Subscription, UnsubscribeLinks
from quantimodo.accounts.errors import Busy, TooMany
from quantimodo.accounts.second_factors.set_up import Enrolment
from quantimodo.authorization.device_authorizations import DeviceCodes, DeviceOrigin
from quantimodo.crypto.one_time_passwords import totp_uri
from quantimodo.endpoints.authorize_responses import rejected
from quantimodo.http.refusals import record_caller
from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.model.admin_actions import BY_COMMAND
from quantimodo.model.app_events import KINDS, Attempt
from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage
from quantimodo.model.clients import Client
from quantimodo.model.consent_details import DetailRule, consent_details
from quantimodo.model.consents import ConsentChoice
from quantimodo.model.factor_recoveries import FactorRecovery
from quantimodo.model.identities import DataDeletionRequest
from quantimodo.model.measurements import Access
from quantimodo.model.passkeys import NewPasskey, Passkey, UsedChallenge
from quantimodo.model.resources import ResourceScope
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.users import User
from quantimodo.pages.account.two_step import app_view
from quantimodo.pages.assets import Assets
from quantimodo.pages.authorization.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.authorization.consent_form import initial_view
from quantimodo.pages.authorization.device import DevicePages
from quantimodo.pages.authorization.form_post import form_post_page
from quantimodo.pages.browser import Forbidden
from quantimodo.pages.cookie_names import SESSION, cookie_prefix
from quantimodo.pages.errors import SERVER_ERROR, error_page
from quantimodo.pages.forms import FormView
from quantimodo.pages.languages import ENGLISH_ONLY, Languages
from quantimodo.pages.login.signed_out import signed_out_page
from quantimodo.pages.outcomes import Outcome, OutcomeLink
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import Renderer
from quantimodo.pages.return_targets import ReturnTarget
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resource_registration import ResourceRegistration
from quantimodo.protocol.scopes import SCOPES
from support.account_services import PASSWORD, AccountServices, profile_of
from support.authenticator_app import AuthenticatorApp
from support.browser_actions import press
from support.page_site import PNG, PROVIDERS, build, listening
from support.second_factor import WRONG, FakeSecondFactor

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Scheme = Literal["light", "dark"]
_TABS = (
    *(
        "try",
        "guides",
        "guides/python-requests",
        "sign-in",
        "scopes",
        "branding",
        "branding/preview",
        "keys",
    ),
    *("webhooks", "team", "log", "usage", "danger"),
)
LONG_NAME = "The Extraordinarily Well-Named Sleep, Mood and Movement Companion of Northumberland"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=_ARGUMENTS
        )
        yield browser
        await browser.close()


class RecordingRenderer(Renderer):
    """Records the names of the templates that were rendered."""

    def __init__(self) -> None:
        super().__init__(Assets.shipped())
        self.shown: set[str] = set()

    def page(self, name: str, **more: Any) -> Response:
        self.shown.add(name)
        return super().page(name, **more)


class Gallery:
    """A site with people and applications, and a tour of all its pages."""

    def __init__(
        self, services: AccountServices, origin: str, languages: Languages = ENGLISH_ONLY
    ) -> None:
        renderer, providers = RecordingRenderer(), tuple(PROVIDERS.values())
        self.shown = renderer.shown  # the templates, by name
        self.site = build(
            services,
            origin=origin,
            renderer=renderer,
            providers=providers,
            languages=languages,
        )
        self.services = services
        self.consents: dict[str, ConsentView] = {}
        self.offers = self.site.pages.consent_services.offers

    async def add_data(self) -> None:
        """Ann has everything, Bob has nothing yet and an address that is not confirmed."""
        site, services = self.site, self.services
        ann = await services.member("ann@example.org")
        await services.accounts.administration.create(
            email="bob@example.org", name="Bob Example", password=Secret(PASSWORD)
        )
        mood = await site.register(
            ann,
            homepage_uri="https://app.example.org/",
            description="Finds what makes you sleep well. " * 8,
            policy_uri="https://app.example.org/privacy",
            tos_uri="https://app.example.org/terms",
            scope=frozenset(SCOPES),
        )
        phone = await site.register(
            ann, name=LONG_NAME, public=True, redirect_uris=("org.example.app:/callback",)
        )
        await site.registry.set_logo(mood, PNG)
        await site.allow(ann, mood, "basic", "readmeasurements", "writemeasurements", "email")
        await site.allow(ann, phone, "basic", "offline_access")
        self.mood, self.phone, self.ann = mood, phone, ann
        await self._team(ann, mood)
        self.api = await site.pages.resources.register(
            "https://tasks.example.org/",
            ResourceRegistration(
                name="Task Board", scopes=(ResourceScope("tasks:read", "Read your tasks"),)
            ),
            owner_id=ann.id,
        )
        await services.social.admit(profile_of(), address="192.0.2.9")
        await self._session("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Safari/605.1", "198.51.100.4")
        await self._session("Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", "2001:db8:1::7")
        await services.sign_up("carol@example.org", return_to="/account")
        await services.accounts.recovery.request_reset("ann@example.org", address="192.0.2.9")
        await services.audit.flush()
        await self._measure()
        self.passkey = await self._passkeys(ann)
        await self._personal_token(ann)
        self._add_consent_views()
        await self._devices()
        site.extra += [
            (("GET",), "/gallery/consent/{name}", self._consent),
            (("GET",), "/gallery/set-up", self._set_up),
            (("GET",), "/gallery/set-up-begun", self._set_up),
            (("GET",), "/gallery/form-post", self._form_post),
            (("GET",), "/gallery/logout/{name}", self._logout),
            (("GET",), "/gallery/signed-out", self._signed_out_page),
            (("GET",), "/gallery/leaving", self._leaving_page),
            (("GET",), "/gallery/never", self._no_response),
            (("GET",), "/gallery/link/{name}", self._link),
            (("GET",), "/gallery/error/{name}", self._error),
            (("GET",), "/gallery/message/{name}", self._message),
        ]

    def _unsubscribe(self) -> str:
        addresses = UnsubscribeLinks("", self.site.pages.envelope)
        return addresses.address(Subscription(self.ann.id, "summary"))

    async def _measure(self) -> None:
        """Ann sleeps for a month, and an application looks at it."""
        nights = [
            SentMeasurement(
                start_time=1_795_000_000 + 86_400 * night,
                value=night * 7 % 5 + 1,
                note="slept like a stone" if night == 29 else None,
            )
            for night in range(30)
        ]
        sleep = SentSet(
            measurements=nights,
            variable_name="Sleep Quality",
            variable_category_name="Sleep",
            abbreviated_unit_name="/5",
            source_name="Mood Tracker",
        )
        await self.site.pages.measurement_service.save(self.ann.id, [sleep])
        now = self.services.clock.now()
        looked = Access(
            user_id=self.ann.id,
            client_id=self.mood.id,
            action="read",
            first_at=now,
            last_at=now,
            variable="Sleep Quality",
            measurements=30,
        )
        acted = replace(looked, action="exchange", variable="https://clinic.example.org/")
        await self.services.stores.accesses.add_accesses([looked, acted])
        await self._log()
        await self._webhook()

    async def _log(self) -> None:
        """What the application did in a month, and requests of it that were refused."""
        now = self.services.clock.now()
        days = [
            ClientDay(
                client_id=self.mood.id,
                day=now.date() - timedelta(days=age),
                tokens=age * 7 % 40,
                refusals=age % 3,
            )
            for age in range(30)
        ]
        differs = "redirect_uri differs from the registered https://app.example.org/callback in: "
        refusals = [
            ClientRefusal(
                client_id=self.mood.id,
                at=now,
                endpoint=endpoint,
                code=code,
                incident="0123456789ab",
                received=("parameters: client_id, redirect_uri", f"{differs}port, path"),
            )
            for endpoint, code in (
                ("authorize", "redirect_uri_not_registered"),
                ("token", "client_secret_wrong_method"),
            )
        ]
        usage = [
            ClientUsage(
                client_id=self.mood.id,
                day=now.date() - timedelta(days=age),
                endpoint=endpoint,
                code=code,
                number=number + age,
            )
            for age in range(30)
            for endpoint, code, number in (
                ("token", "", 60),
                ("token", "code_used", 3),
                ("authorize", "", 40),
                ("authorize", "redirect_uri_not_registered", 2),
                ("application_measurements", "", 9),
                ("application_measurements", "insufficient_scope", 1),
            )
        ]
        await self.services.stores.client_log.add_to_client_log(refusals, days, 500, usage)

    async def _team(self, ann: User, mood: Client) -> None:
        """Ann's application has a developer and an invitation, and Ann is invited to another."""
        services, invitations = self.services, self.site.pages.portal.team_invitations
        gus = await services.member("gus@example.org")
        await services.stores.teams.set_member(mood.id, gus.id, "developer", services.clock.now())
        await invitations.invite(mood, "hal@example.org", "owner", ann)
        other = await self.site.register(gus, name="Steps")
        await invitations.invite(other, "ann@example.org", "transfer", gus)
        self.invitation = await services.email_token("/developers/invitation")

    async def _webhook(self) -> None:
        """One with an event that was delivered, one that failed and one that waits."""
        service, stores = self.site.pages.webhooks, self.services.stores
        address = "https://app.example.org/webhooks/events-of-the-identity-server"
        self.webhook, _ = await service.add(self.mood, address, KINDS)
        for _ in range(3):
            assert await service.send_test(self.mood, self.webhook.id)
        now = self.services.clock.now()
        claimed = await stores.deliveries.claim_deliveries(
            self.webhook.id, now, timedelta(minutes=1), 2
        )
        assert claimed is not None
        for delivery, cause in zip(claimed[1], ("", "status 500"), strict=True):
            attempt = Attempt(
                endpoint_id=self.webhook.id,
                event_id=delivery.event.id,
                attempts=1,
                at=now,
                status=500 if cause else 204,
                cause=cause,
                retry_at=now + timedelta(seconds=5),
            )
            if cause:
                await stores.deliveries.record_failed(attempt)
            else:
                await stores.deliveries.record_delivered(attempt)

    async def _personal_token(self, user: User) -> None:
        """One for a dashboard, which reads a part of the data."""
        services = self.services
        cookie = await services.sessions.start(
            user, methods=("pwd",), address="", agent="", replaces=None
        )
        rule = DetailRule(actions=frozenset({"read"}), categories=frozenset({"Sleep"}), days=90)
        choice = ConsentChoice(
            scope=frozenset({"readmeasurements"}), details=consent_details([rule])
        )
        tokens, session = self.site.pages.personal_tokens, await services.session(cookie)
        await tokens.mint(session, "Grafana at home", choice, "90")
        await tokens.mint(session, "Notebook", choice, "30", "A" * 43)

    async def _passkeys(self, user: User) -> Passkey:
        """Two passkeys: one in use, one of an earlier address of the server."""
        services = self.services
        cookie = await services.sessions.start(
            user, methods=("pwd",), address="", agent="", replaces=None
        )
        session, now = await services.session(cookie), services.clock.now()
        for host in ("id.example.org", "old.example.org"):
            name = f"{user.id} {host}".encode()
            added = NewPasskey(
                credential_id=name,
                user_id=user.id,
                rp_id=host,
                public_key=b"",
                sign_count=0,
                name=f"Phone at {host}",
                transports=("internal",),
                aaguid="",
                backup_eligible=True,
                backed_up=True,
                created_at=now,
            )
            challenge = UsedChallenge(name, now)
            assert await services.stores.passkeys.add_passkey(added, challenge, session.key, 9)
        await services.sessions.end(session)
        return (await services.stores.passkeys.passkeys_of(user.id))[0]

    async def signed_out(self, page: Page) -> AsyncIterator[str]:
        """Goes through the pages for strangers, yielding the name of the one that is shown."""
        for name, path in {
            "home": "/",
            "language": "/language",
            "sign-in": "/sign-in?login_hint=ann@example.org",
            "sign-in-for-app": f"/sign-in?return_to={await self._waiting()}",
            "sign-up": "/sign-up",
            "sign-up-for-app": f"/sign-up?return_to={await self._waiting()}",
            "sign-up-sent": "/sign-up/sent",
            "reset": "/reset",
            "reset-sent": "/reset/sent",
            "device": "/device?user_code=BBBB-BBBB",
            "device-done": "/device/done",
            "device-refused": "/device/done?error=access_denied",
            "dead-link": "/confirm?token=qmt_nothing",
            "unsubscribe": self._unsubscribe(),
            "outbox": "/outbox",
            "not-found": "/nothing-here",
            "form-post": "/gallery/form-post",
            "signed-out": "/gallery/signed-out",
            "link-stale": "/gallery/link/stale",
            "social-failed": "/gallery/message/outcome.html",
            "sign-in-initiated": "/gallery/message/sign_in_initiated.html",
            "data-deletion": "/gallery/message/data_deletion.html",
            "sign-up-closed": "/gallery/message/sign_up_closed.html",
            "sign-up-invited": "/gallery/message/sign_up_invited.html",
            "too-many": "/gallery/error/many",
            "busy": "/gallery/error/busy",
            "forbidden": "/gallery/error/forbidden",
            "incident": "/gallery/error/incident",
            "rejected": "/gallery/error/rejected",
        }.items():
            await page.goto(path)
            yield name
        await page.goto(self._unsubscribe())
        await press(page, "#turn-off")
        yield "unsubscribed"
        # The page redirects when its frame has loaded, and this frame never loads.
        await page.goto("/gallery/leaving", wait_until="domcontentloaded")
        yield "leaving"
        await page.goto("/sign-in")
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", "not her password")
        await press(page, "main button[type=submit]")
        yield "sign-in-refused"
        await page.goto("/sign-up")
        await page.fill("[name=name]", "Dan")
        await page.fill("[name=email]", "dan@example.org")
        await page.fill("[name=password]", "password")
        await press(page, "main button[type=submit]")
        yield "sign-up-refused"
        await self.services.accounts.recovery.request_reset("bob@example.org", address="192.0.2.9")
        await page.goto(f"/reset/new?token={await self.services.email_token('/reset/new')}")
        yield "reset-new"
        await self.services.sign_up("eve@example.org")
        await page.goto(f"/confirm?token={await self.services.email_token('/confirm')}")
        yield "confirm"
        invitations = self.services.accounts.invitations
        await invitations.invite("gil@example.org", "Gil Example", BY_COMMAND)
        email_token = await self.services.email_token("/sign-up/invited")
        await page.goto(f"/sign-up/invited?token={email_token}")
        yield "invited"
        bob = await self.services.stores.users.user_by_email("bob@example.org")
        assert bob is not None
        await self.services.accounts.recovery.send_verification(bob)
        await page.goto(f"/verify?token={await self.services.email_token('/verify')}")
        yield "verify"
        fay = await self.services.member("fay@example.org")
        for factor in self.services.login.second_factors.factors:
            assert isinstance(factor, FakeSecondFactor)
            factor.people.add(fay.id)
        await self._passkeys(fay)
        await self.sign_in(page, "fay@example.org")
        yield "second-factor"
        await page.fill("[name=code]", WRONG)
        await press(page, "main button[type=submit]")
        yield "second-factor-refused"
        await page.goto("/sign-in/second-factor/lost")
        yield "second-factor-lost"
        await page.goto("/cancel-recovery")
        yield "cancel-recovery"
        await page.goto("/sign-in/code")
        yield "email-code"
        await page.fill("[name=email]", "fay@example.org")
        await press(page, "main button[type=submit]")
        yield "email-code-enter"
        for name in ("set-up", "set-up-begun"):
            await page.goto(f"/gallery/{name}")
            yield name

    async def signed_in(self, page: Page) -> AsyncIterator[str]:
        """Goes through the pages of Ann, who has everything, then of Bob, who has nothing."""
        await self.sign_in(page, "ann@example.org")
        one = f"/developers/apps/{self.mood.id}"
        for name, path in {
            "home-signed-in": "/",
            "sign-in-signed-in": "/sign-in",
            "sign-out": "/sign-out",
            "device-confirm": f"/device/confirm?request={self.device}",
            "account": "/account",
            "account-data": "/account/data",
            "account-variable": "/account/data/variable?name=Sleep%20Quality",
            "account-data-delete": "/account/data/delete?name=Sleep%20Quality",
            "account-activity": "/account/activity",
            "account-tokens": "/account/tokens",
            "account-tokens-new": "/account/tokens/new",
            "account-profile": "/account/profile",
            "account-emails": "/account/emails",
            "account-sessions": "/account/sessions",
            "account-security": "/account/security",
            "account-passkeys": "/account/security/passkeys",
            "account-passkeys-new": "/account/security/passkeys/new",
            "account-passkeys-one": f"/account/security/passkeys/one?passkey={self.passkey.id}",
            "account-identities": "/account/identities",
            "account-again": "/account/again?return_to=/account/identities",
            "account-password": "/account/security/password",
            "account-email": "/account/security/email",
            "account-delete": "/account/delete",
            "developers": "/developers",
            "developers-one": one,
            "developers-one-public": f"/developers/apps/{self.phone.id}",
            **{f"developers-{tab}": f"{one}/{tab}" for tab in _TABS},
            "developers-webhook": f"{one}/webhooks/{self.webhook.id}",
            "developers-new": "/developers/new",
            "developers-secret": f"{one}/secret",
            "developers-usage-endpoint": f"{one}/usage?endpoint=token",
            "developers-apis": "/developers/apis",
            "developers-apis-new": "/developers/apis/new",
            "developers-apis-one": f"/developers/apis/{self.api.id}",
            "consent": "/gallery/consent/first",
            "consent-again": "/gallery/consent/again",
            "consent-empty": "/gallery/consent/empty",
            "consent-by-token": "/gallery/consent/token",
            "consent-document": "/gallery/consent/document",
            "link-fresh": "/gallery/link/fresh",
            "account-export": "/account/export",
            "account-activity-of-one": f"/account/activity?app={self.mood.id}",
            "logout": "/gallery/logout/asked",
            "logout-stranded": "/gallery/logout/stranded",
        }.items():
            await page.goto(path)
            yield name
        async for name in self._app_consent(page):
            yield name
        await page.goto(f"/developers/invitation?token={self.invitation}")
        yield "developers-invitation"
        await page.goto(f"{one}/secret")
        await press(page, "main button[type=submit]")
        yield "developers-one-secret"
        await page.goto("/developers/new")
        await page.fill("[name=name]", " ")
        await page.fill("[name=redirect_uris]", "http://app.example.org/callback")
        await press(page, "main button[type=submit]")
        yield "developers-new-refused"
        await page.goto(f"{one}/sign-in")
        await page.fill("[name=redirect_uris]", "http://app.example.org/callback")
        await press(page, "main form .actions button")
        yield "developers-sign-in-refused"
        await page.goto("/account/data")
        await page.fill("[name=variable]", "Steps")
        await page.fill("[name=value]", "many")
        await press(page, "#add")
        yield "account-data-refused"
        await page.goto("/account/data/variable?name=Sleep%20Quality")
        await page.click(".menu summary >> nth=0")
        yield "account-variable-menu"
        await press(page, ".menu[open] a")
        yield "account-measurement"
        await page.fill("[name=value]", "many")
        await press(page, "#save")
        yield "account-measurement-refused"
        await page.goto("/account/data/variable?name=Sleep%20Quality&range=all&by=month")
        yield "account-variable-all"
        await page.click(".menu summary >> nth=0")
        await press(page, ".menu[open] button")
        yield "account-variable-deleted"
        await press(page, "#undo")
        yield "account-variable-restored"
        await page.goto("/account/profile")
        await page.click("details.group summary >> nth=0")
        await page.fill("[name=birthdate]", "tomorrow")
        await press(page, "form[action$=details] button")
        yield "account-profile-refused"
        await page.goto("/account/security/password")
        await page.fill("[name=current]", "not her password")
        await page.fill("[name=password]", "another long password")
        await press(page, "main button[type=submit]")
        yield "account-password-refused"
        await page.goto("/account/profile")
        await press(page, "main button[type=submit]")
        yield "account-profile-saved"
        await self.sign_in(page, "bob@example.org")
        for name, path in {
            "account-empty": "/account",
            "account-data-empty": "/account/data",
            "account-activity-empty": "/account/activity",
            "account-identities-empty": "/account/identities",
            "account-tokens-empty": "/account/tokens",
            "account-passkeys-empty": "/account/security/passkeys",
            "account-profile-unconfirmed": "/account/profile",
            "developers-empty": "/developers",
        }.items():
            await page.goto(path)
            yield name
        async for name in self._two_step(page):
            yield name
        await page.goto("/account/delete")
        await page.fill("[name=current]", PASSWORD)
        await press(page, "main button[type=submit]")
        yield "account-closed"
        await self._sign_in_by_provider(page)
        for name, path in {
            "account-identities-last": "/account/identities",
            "account-first-password": "/account/security/password",
            "account-email-no-password": "/account/security/email",
            "account-delete-no-password": "/account/delete",
        }.items():
            await page.goto(path)
            yield name
        await page.goto("/account/security/password")
        await page.fill("[name=password]", "password")
        await press(page, "main button[type=submit]")
        yield "account-first-password-refused"

    async def _app_consent(self, page: Page) -> AsyncIterator[str]:
        """What one application may do: less, then more, a mistake, and a receipt."""
        await page.goto("/gallery/consent/first")
        await page.check("#data-some")
        yield "consent-choosing"
        path = f"/account/apps/{self.mood.id}"
        await page.goto(path)
        yield "account-app"
        await page.check("#data-some")
        await press(page, "#save")
        yield "account-app-refused"
        await page.goto(path)
        await page.uncheck("#scope-writemeasurements")
        await press(page, "#save")
        yield "account-app-narrower"
        await page.check("#scope-writemeasurements")
        await press(page, "#save")
        yield "account-app-confirm"
        await page.goto(path)
        await press(page, "a[href*='/receipts/']")
        yield "account-receipt"

    async def _two_step(self, page: Page) -> AsyncIterator[str]:
        """Set up an authenticator app as Bob, then look at what can be changed."""
        await page.goto("/account/security/two-step")
        yield "two-step"
        await press(page, "main button[type=submit]")
        yield "two-step-app"
        app = AuthenticatorApp.of_page(await page.content())
        await page.fill("[name=code]", "000000")
        await press(page, "main button[type=submit]")
        yield "two-step-app-refused"
        await page.fill("[name=code]", app.code(self.services.clock.now()))
        await press(page, "main button[type=submit]")
        yield "two-step-codes"
        await self._trust()
        await page.goto("/account/security")
        yield "account-security-two-step"
        await page.goto("/account/security/two-step")
        yield "two-step-on"
        bob = await self.services.stores.users.user_by_email("bob@example.org")
        assert bob is not None
        cookie = await self.services.sessions.start(
            bob, methods=("pwd", "otp", "mfa"), address="", agent="", replaces=None
        )
        await self._use(page, cookie)
        await page.goto("/account/security/two-step/remove")
        yield "two-step-remove"

    async def _trust(self) -> None:
        """Bob trusts a browser, and someone says that his second factor is lost."""
        bob = await self.services.stores.users.user_by_email("bob@example.org")
        assert bob is not None
        now = self.services.clock.now()
        pending = PendingLogin(
            key=b"key", user=bob, proof=b"", created_at=now, expires_at=now + timedelta(minutes=10)
        )
        check = self.services.login.second_factors
        await check.trusted_browsers.add(pending, "192.0.2.7", "Firefox/140.0 Linux")
        week = timedelta(days=7)
        recovery = FactorRecovery(
            user_id=bob.id, requested_at=now, due_at=now + week, expires_at=now + 3 * week
        )
        assert await self.services.stores.factor_recoveries.add_factor_recovery(recovery)

    async def _set_up(self, request: Request) -> Response:
        """The set-up before the session starts, where the operator requires it."""
        browser_request = await self.site.page_context.browser_request(request)
        begun = request.url.path.endswith("begun")
        secret = Secret("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        uri = totp_uri(secret, "ann@example.org", "id.example.org")
        return self.site.page_context.show(
            request,
            browser_request,
            "second_factor_set_up.html",
            leads=ReturnTarget("/account"),
            person=self.ann,
            app=app_view(Enrolment(secret, uri)) if begun else None,
            creation=await self.services.passkeys.creation_options_of(self.ann, "set up", ""),
            form=FormView(),
        )

    async def _sign_in_by_provider(self, page: Page) -> None:
        """Sign in as Eve, who has no password."""
        profile = profile_of("eve", email="eve@example.org", name="Eve Example")
        await self._use(page, await self.services.by_provider(profile))

    async def _use(self, page: Page, cookie: Secret) -> None:
        """Use the session with this cookie."""
        name = cookie_prefix(self.site.origin) + SESSION
        await page.context.add_cookies(
            [{"name": name, "value": cookie.reveal(), "url": self.site.origin}]
        )

    async def sign_in(self, page: Page, email: str) -> None:
        await page.goto("/sign-in")
        await page.fill("[name=username]", email)
        await page.fill("[name=password]", PASSWORD)
        await press(page, "main button[type=submit]")

    async def _session(self, agent: str, address: str) -> None:
        await self.services.sessions.start(
            self.ann, methods=("pwd",), address=address, agent=agent, replaces=None
        )

    async def _waiting(self) -> str:
        form = Form.of_pairs([("client_id", self.mood.id), ("response_type", "code")])
        request_id = await self.site.waiting.add(self.mood.id, form)
        return f"/api/v2/oauth/authorize/resume?request={request_id}"

    async def _devices(self) -> None:
        """A device waits for Ann."""
        pages, waiting = self.site.pages, self.site.waiting
        codes = DeviceCodes(
            self.site.services.stores.device_authorizations,
            waiting,
            [bytes(32)],
            pages.envelope,
            pages.clock,
            waiting.entropy,
            timedelta(hours=1),
        )
        context = PageContext(
            pages.renderer, pages.browser, pages.throttle, pages.clock, pages.languages
        )
        self.site.extra += DevicePages(context, codes, pages.clients).routes()
        form = Form.of_pairs([("client_id", self.mood.id), ("scope", "basic")])
        origin = DeviceOrigin("192.0.2.7", "Television/1.0")
        charge = pages.throttle.charge("device_authorizations", "192.0.2.7")
        issued = await codes.mint(form, None, origin, charge)
        device = await codes.find(issued.user_code)
        assert device is not None
        charge = pages.throttle.charge("authorization_requests", "192.0.2.7")
        self.device = await codes.store_request(device, charge)

    def _add_consent_views(self) -> None:
        first = ("basic", "readmeasurements", "writemeasurements", "offline_access")
        self.consents = {
            "first": self._consent_view(self.mood, True, *first),
            "again": self._consent_view(
                self.phone, False, *SCOPES, already=frozenset({"basic", "openid"})
            ),
            "empty": self._consent_view(self.phone, False),
            "token": replace(
                self._consent_view(self.mood, True, "basic"), by_token=True, switch="/"
            ),
            "document": replace(
                self._consent_view(
                    replace(self.phone, id="https://diary.example.org/client.json"), False, "basic"
                ),
                redirect_host="127.0.0.1:53123",
                any_program=True,
            ),
        }

    def _consent_view(
        self, client: Client, has_logo: bool, *scopes: str, already: frozenset[str] = frozenset()
    ) -> ConsentView:
        return ConsentView(
            client=client,
            owner_name="Ann Example",
            user=self.ann,
            scopes=[
                ScopeLine(name, SCOPES[name].title, SCOPES[name].description) for name in scopes
            ],
            request_id="qmq_example",
            csrf="",
            redirect_host="app.example.org",
            already=already,
            has_logo=has_logo,
            return_to="/api/v2/oauth/authorize/resume?request=qmq_example",
        )

    async def _consent(self, request: Request) -> Response:
        view = self.consents[request.path_params["name"]]
        scope = frozenset(each.name for each in view.scopes)
        offer = await self.offers.of(
            self.ann, scope, frozenset(view.client.metadata.optional_scope)
        )
        view = replace(view, offer=offer, form=initial_view(offer))
        return consent_page(self.site.pages.renderer, view, form_action=["https://app.example.org"])

    async def _logout(self, request: Request) -> Response:
        """The question that an application's request to sign out brings up."""
        pages, stranded = self.site.pages, request.path_params["name"] == "stranded"
        return pages.renderer.page(
            "logout.html",
            browser_request=await pages.browser.browser_request(request),
            action="/gallery/logout",
            client=None if stranded else self.mood,
            rejected="Logout request rejected" if stranded else "",
            parameters=[("client_id", self.mood.id)],
        )

    async def _signed_out_page(self, request: Request) -> Response:
        return signed_out_page(self.site.pages.renderer, (), None)

    async def _leaving_page(self, request: Request) -> Response:
        renderer, received = self.site.pages.renderer, f"{self.site.origin}/gallery/never"
        return signed_out_page(renderer, [received], "https://app.example.org/bye")

    async def _no_response(self, request: Request) -> Response:
        """An application that never responds. Ends when the browser disconnects."""
        while not await request.is_disconnected():
            await asyncio.sleep(0.05)
        return Response()

    async def _link(self, request: Request) -> Response:
        """An identity whose address is that of an account here."""
        pages = self.site.pages
        return pages.renderer.page(
            "social_link.html",
            browser_request=await pages.browser.browser_request(request),
            profile=profile_of(),
            title="Sample",
            state="qmw_example",
            fresh=request.path_params["name"] == "fresh",
            sign_in="/sign-in",
        )

    async def _error(self, request: Request) -> Response:
        renderer = self.site.pages.renderer
        match request.path_params["name"]:
            case "many":
                raise TooMany(timedelta(minutes=15))
            case "busy":
                raise Busy(timedelta(seconds=5))
            case "forbidden":
                raise Forbidden
            case "rejected":
                sent = ("redirect_uri", "https://app.example.org:8443/callback")
                record_caller(request.scope, self.mood, [("client_id", self.mood.id), sent])
                text = "redirect_uri is not one of those that the app has registered."
                raise rejected(text, "redirect_uri_not_registered")
        return error_page(renderer, 500, *SERVER_ERROR, incident="4f1c09ab77de")

    async def _message(self, request: Request) -> Response:
        """Pages to which no form of the gallery leads."""
        now = self.services.clock.now()
        data_deletion_request = DataDeletionRequest(
            code="4f1c09ab77de4f1c09ab",
            provider="sample",
            requested_at=now,
            done_at=now,
            expires_at=now,
        )
        return self.site.pages.renderer.page(
            request.path_params["name"],
            outcome=Outcome(
                title="That did not work",
                text="Sample does not answer. Try again in a moment, or sign in in another way.",
                icon="alert",
                failed=True,
                button=OutcomeLink("/sign-in", "Go back and try again"),
            ),
            data_deletion_request=data_deletion_request,
            providers=self.site.pages.providers,
            title="Sample",
            begin="/sign-in/with/sample?return_to=/",
            leads=ReturnTarget("/account"),
        )

    async def _form_post(self, request: Request) -> Response:
        """As a browser without scripts shows it: it stays."""
        page = form_post_page(
            self.site.pages.renderer,
            "https://app.example.org/callback",
            [("code", "qmc_example"), ("state", '"><script>alert(1)</script>')],
        )
        policy = page.headers["content-security-policy"]
        page.headers["content-security-policy"] = policy.replace("'sha256-", "'sha256-not")
        return page


@asynccontextmanager
async def open_gallery(services: AccountServices, port: int) -> AsyncIterator[tuple[Gallery, str]]:
    """The site with its data over a socket, and its address."""
    gallery = Gallery(services, f"http://127.0.0.1:{port}")
    await gallery.add_data()
    services.clock.advance(timedelta(minutes=42))  # type: ignore[attr-defined]
    async with listening(gallery.site.app(), port) as address:
        yield gallery, address


@asynccontextmanager
async def open_window(
    browser: Browser, address: str, *, width: int, scheme: Scheme, **more: Any
) -> AsyncIterator[Page]:
    """A new browser window of this width, in this colour scheme."""
    height = 740 if width < 700 else 860
    context = await browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        **more,
    )
    page = await context.new_page()
    page.set_default_timeout(15_000)
    try:
        yield page
    finally:
        await context.close()
        await asyncio.sleep(0)
