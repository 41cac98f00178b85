"""The table of all pages. `app/composition/server.py` mounts it."""

from collections.abc import Sequence

from quantimodo.accounts.passkeys.factor import PasskeyFactor
from quantimodo.accounts.second_factors.required_enrolment import RequiredEnrolment
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.federation.provider_sign_out import RETURNED
from quantimodo.pages.account.activity import Activity
from quantimodo.pages.account.app_consent import AppConsent
from quantimodo.pages.account.apps import Apps
from quantimodo.pages.account.closed_account import closing_routes
from quantimodo.pages.account.emails import email_routes
from quantimodo.pages.account.export import Export
from quantimodo.pages.account.identities import Again, Identities
from quantimodo.pages.account.passkeys import PasskeyPages
from quantimodo.pages.account.personal_tokens import PersonalTokenPages
from quantimodo.pages.account.profile import Profile
from quantimodo.pages.account.receipts import RECEIPT, ReceiptPages
from quantimodo.pages.account.security import Security
from quantimodo.pages.account.sessions import Devices
from quantimodo.pages.account.two_step import TwoStep
from quantimodo.pages.announcements import AnnouncementPages
from quantimodo.pages.data.deletion_undo import DeletionUndo
from quantimodo.pages.data.routes import DataPages
from quantimodo.pages.guides import ADDRESS as GUIDES
from quantimodo.pages.guides import Guides
from quantimodo.pages.language_choice import LanguageChoice
from quantimodo.pages.links import Links
from quantimodo.pages.login.email_code import EmailCodePages
from quantimodo.pages.login.factor_recovery import FactorRecoveryPages
from quantimodo.pages.login.invited_sign_up import InvitedSignUpPage
from quantimodo.pages.login.recovery import Reset, Verification
from quantimodo.pages.login.responses import SECOND_FACTOR
from quantimodo.pages.login.second_factor import SecondFactorPage
from quantimodo.pages.login.second_factor_set_up import SecondFactorSetUp
from quantimodo.pages.login.sign_in import SignIn
from quantimodo.pages.login.sign_out import SignOut
from quantimodo.pages.login.sign_up import SignUp
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.outbox import OutboxPage
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute, Pages
from quantimodo.pages.portal.routes import portal_routes
from quantimodo.pages.return_targets import ReturnTargets
from quantimodo.pages.sealed_forms import SealedForms
from quantimodo.pages.static_pages import StaticPages
from quantimodo.pages.step_up import StepUp
from quantimodo.protocol.discovery import API


def page_routes(pages: Pages) -> list[PageRoute]:
    """All pages, as (methods, path, endpoint)."""
    page_context = PageContext(
        *(pages.renderer, pages.browser, pages.throttle, pages.clock, pages.languages),
        pages.announcements,
    )
    assets, guides = pages.renderer.assets, Guides.installed(pages.renderer)
    language = LanguageChoice(page_context)
    return [
        *_authorize_endpoint(pages, page_context),
        *_account(pages, page_context),
        *portal_routes(pages, page_context),
        *AnnouncementPages(page_context).routes(),
        (("GET",), "/language", language.show),
        (("POST",), "/language", language.submit),
        (("GET",), "/static/{name}", assets.serve),
        (("GET",), "/favicon.ico", assets.serve),
        (("GET",), GUIDES, guides.show),
        (("GET",), f"{GUIDES}/{{path:path}}", guides.show),
    ]


def _authorize_endpoint(pages: Pages, page_context: PageContext) -> Sequence[PageRoute]:
    resources = ResourceReader(pages.issuer + API, pages.consent_services.offers.resources)
    leads = ReturnTargets(pages.clients, pages.consents, resources, pages.clock)
    links = Links(page_context, pages.outbox is not None)
    plain = StaticPages(
        *(page_context, pages.clients, pages.security_txt, pages.sign_up == "open"),
        *(pages.outbox is not None, pages.playground),
    )
    email_codes = pages.accounts.email_codes
    sign_in = SignIn(
        page_context,
        pages.accounts.password_sign_in,
        pages.passkey_sign_in,
        leads,
        pages.providers,
        email_codes is not None,
    )
    factor = SecondFactorPage(page_context, pages.accounts.login, pages.passkey_sign_in, leads)
    sign_out = SignOut(page_context, pages.sign_out, pages.provider_sign_out)
    sign_up = SignUp(
        *(page_context, pages.accounts.sign_up, leads, links, pages.sign_up),
        *(pages.profiles, pages.providers),
    )
    invited = InvitedSignUpPage(
        *(page_context, pages.accounts.invited_sign_up, links, pages.profiles),
        *(pages.providers if pages.sign_up != "closed" else (),),
    )
    reset = Reset(page_context, pages.accounts.recovery, links, leads)
    verification = Verification(page_context, pages.accounts.recovery, links)
    return [
        (("GET",), "/", plain.home),
        (("GET",), "/sign-in", sign_in.show),
        (("POST",), "/sign-in", sign_in.submit),
        (("POST",), "/sign-in/passkey", sign_in.submit_passkey),
        (("GET",), SECOND_FACTOR, factor.show),
        (("POST",), SECOND_FACTOR, factor.submit),
        (("POST",), f"{SECOND_FACTOR}/passkey", factor.submit_passkey),
        *_second_factor_set_up(pages, page_context, leads),
        *([] if email_codes is None else EmailCodePages(page_context, email_codes, leads).routes()),
        *_factor_recovery(pages, page_context, leads, links),
        (("GET",), "/sign-out", sign_out.show),
        (("POST",), "/sign-out", sign_out.submit),
        (("GET",), RETURNED, sign_out.returned),
        (("GET",), "/sign-up", sign_up.show),
        (("POST",), "/sign-up", sign_up.submit),
        (("GET",), "/sign-up/sent", sign_up.sent),
        *invited.routes(),
        (("GET",), "/confirm", sign_up.confirm),
        (("POST",), "/confirm", sign_up.confirm_submit),
        (("GET",), "/reset", reset.show),
        (("POST",), "/reset", reset.submit),
        (("GET",), "/reset/sent", reset.sent),
        (("GET",), "/reset/new", reset.choose),
        (("POST",), "/reset/new", reset.choose_submit),
        (("GET",), "/verify", verification.show),
        (("POST",), "/verify", verification.submit),
        (("GET",), "/logos/{client_id}", plain.logo),
        (("GET",), "/robots.txt", plain.robots),
        (("GET",), "/.well-known/security.txt", plain.security_contact),
        (("GET",), "/.well-known/change-password", plain.change_password),
        *_outbox(pages, page_context),
    ]


def _second_factor_set_up(
    pages: Pages, page_context: PageContext, leads: ReturnTargets
) -> Sequence[PageRoute]:
    secrets = NewSecretCookie(pages.browser, pages.envelope, pages.clock)
    login, passkeys = pages.accounts.login, pages.passkey_sign_in.passkeys
    set_up = RequiredEnrolment(login, pages.second_factors, passkeys)
    return SecondFactorSetUp(page_context, set_up, leads, secrets).routes()


def _factor_recovery(
    pages: Pages, page_context: PageContext, leads: ReturnTargets, links: Links
) -> Sequence[PageRoute]:
    login = pages.accounts.login
    recoveries = login.second_factors.recoveries
    return FactorRecoveryPages(page_context, login.pending, recoveries, leads, links).routes()


def _outbox(pages: Pages, page_context: PageContext) -> Sequence[PageRoute]:
    outbox = pages.outbox and OutboxPage(page_context, pages.outbox, pages.issuer)
    return [(("GET",), "/outbox", outbox.show)] if outbox else []


def _account(pages: Pages, page_context: PageContext) -> Sequence[PageRoute]:
    services, kept = pages.consent_services, SealedForms(pages.envelope, pages.clock)
    measurements = pages.measurement_service
    apps = Apps(
        *(page_context, pages.clients, pages.users, pages.consents),
        *(pages.audit, pages.accesses, services.offers.resources, pages.issuer),
    )
    app_consent = AppConsent(page_context, pages.clients, pages.users, services, kept)
    receipts = ReceiptPages(page_context, pages.clients, services)
    profile = Profile(page_context, pages.accounts.changes, pages.accounts.recovery, pages.profiles)
    accounts, check = pages.accounts, pages.accounts.login.second_factors
    ending = accounts.credentials.personal_tokens
    security = Security(
        *(page_context, accounts.changes, accounts.credentials, pages.second_factors),
        *(pages.passkey_sign_in.passkeys, pages.events, check.trusted_browsers, check.recoveries),
    )
    proofs = accounts.credentials, pages.passkey_sign_in, pages.linking
    identities, again = Identities(page_context, *proofs), Again(page_context, *proofs)
    secrets = NewSecretCookie(pages.browser, pages.envelope, pages.clock)
    factor = PasskeyFactor(pages.passkey_sign_in, pages.second_factors)
    step_up = StepUp(page_context, pages.second_factors)
    undo = DeletionUndo(pages.envelope, measurements, pages.clock)
    data = DataPages(
        page_context, measurements, pages.references, pages.profiles, undo, pages.reads
    )
    export = Export(page_context, pages.personal_export)
    activity = Activity(
        *(page_context, pages.accesses, pages.clients, pages.consents),
        *(pages.profiles, services.offers.resources),
    )
    return [
        (("GET",), "/account", apps.show),
        (("POST",), "/account/apps/{client_id}/revoke", apps.revoke),
        (("GET",), f"{RECEIPT}/receipt.jwt", receipts.download),
        (("POST",), f"{RECEIPT}/mail", receipts.mail),
        (("GET",), RECEIPT, receipts.show),
        (("GET",), "/account/apps/{client_id}", app_consent.show),
        (("POST",), "/account/apps/{client_id}", app_consent.change),
        *data.routes(step_up),
        (("GET",), "/account/export", export.show),
        (("POST",), "/account/export", export.download),
        (("GET",), "/account/activity", activity.show),
        (("GET",), "/account/activity/export", step_up.before(activity.export)),
        (("GET",), "/account/profile", profile.show),
        (("POST",), "/account/profile", profile.rename),
        (("POST",), "/account/profile/details", profile.save_details),
        (("POST",), "/account/verification", profile.send_verification),
        *email_routes(page_context, pages.email_preferences, pages.issuer, pages.envelope),
        *Devices(page_context, pages.sessions, pages.sign_out, ending).routes(),
        (("GET",), "/account/security", security.show),
        (("POST",), "/account/security/trusted-browsers/end", security.end_trust),
        (("GET",), "/account/security/password", security.password),
        (("POST",), "/account/security/password", security.change_password),
        (("POST",), "/account/security/first-password", security.set_first_password),
        (("GET",), "/account/security/email", step_up.before(security.email)),
        (("POST",), "/account/security/email", step_up.before(security.change_email)),
        *TwoStep(page_context, pages.second_factors, factor, secrets).routes(),
        *PasskeyPages(page_context, pages.passkey_sign_in.passkeys, pages.issuer).routes(),
        *PersonalTokenPages(
            *(page_context, pages.personal_tokens, services.offers, secrets)
        ).routes(),
        (("GET",), "/account/identities", identities.show),
        (("POST",), "/account/identities/link", identities.link),
        (("POST",), "/account/identities/unlink", identities.unlink),
        (("GET",), "/account/again", again.show),
        (("POST",), "/account/again", again.submit),
        *closing_routes(page_context, pages.accounts, pages.clients, pages.portal.teams, step_up),
    ]
