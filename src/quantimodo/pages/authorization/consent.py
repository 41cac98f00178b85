"""The consent page.

Renders only. `endpoints/authorize_pages.py` decides when; `endpoints/authorize.py` takes the
decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from quantimodo.accounts.emails.account_templates import address_of
from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.authorization.consent_offer import ConsentOffer
from quantimodo.pages.authorization.consent_texts import detail_lines, end_text
from quantimodo.pages.authorization.resource_texts import ApiLines
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import FormView
from quantimodo.pages.renderer import PageOptions, Renderer
from quantimodo.pages.return_targets import about_links
from quantimodo.protocol.scopes import is_about_health

_ABOUT_TIME: Final = "offline_access"


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One requested scope, in plain words. `optional`: the person may decline it."""

    name: str
    title: str
    description: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class GrantChange:
    """The change of a managed grant: `kind` is `merge` or `replace`, `before` are the titles of
    what it allows now, `details` the lines of its health data, and `lost` the titles of what a
    replacement takes away."""

    kind: str
    before: Sequence[str]
    details: Sequence[str]
    lost: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Everything that the page shows.

    `already` are the scopes that the person allowed before; `return_to` is the local address of
    this request, for a person who wants to use another account. `by_token`: the account is that of
    a login JWT, not of the session; `switch` is the local address that continues without the JWT.
    `offer`: what can be chosen of the request, by the fields of `form`; `keeps`: the consent on
    record has details that these cannot express. `apis` are requested APIs of others. `revision`
    changes with the client and these APIs. `change`: the change of a managed grant. `any_program`:
    any program on this device could have sent the request in the name of the client.
    """

    client: Client
    owner_name: str | None
    user: User
    scopes: Sequence[ScopeLine]
    request_id: str
    csrf: str = field(repr=False)
    redirect_host: str
    already: frozenset[str] = frozenset()
    has_logo: bool = False
    return_to: str = ""
    by_token: bool = False
    switch: str | None = None
    offer: ConsentOffer | None = None
    form: FormView = field(default_factory=FormView)
    keeps: bool = False
    apis: Sequence[ApiLines] = ()
    revision: str = "0"
    change: GrantChange | None = None
    any_program: bool = False

    @property
    def requested_lines(self) -> Sequence[str]:
        """The health data that the application requests; empty for everything."""
        offer = self.offer
        return [] if offer is None else detail_lines(offer.details, offer.zone)

    @property
    def receipt_address(self) -> str:
        """Where a receipt can be mailed to, or empty."""
        return address_of(self.user) or ""

    @property
    def required_lines(self) -> Sequence[str]:
        """The health data that the person cannot leave out."""
        return [] if self.offer is None else detail_lines(self.offer.required, self.offer.zone)

    @property
    def end(self) -> str:
        """When the stored consent ends, or empty."""
        current = None if self.offer is None else self.offer.current
        if self.offer is None or current is None or current.expires_at is None:
            return ""
        return end_text(current.expires_at, self.offer.zone)

    @property
    def health(self) -> Sequence[ScopeLine]:
        """The requested scopes of health data."""
        return [scope for scope in self.scopes if is_about_health(scope.name)]

    @property
    def identity(self) -> Sequence[ScopeLine]:
        """The requested scopes about who the person is."""
        return [
            scope
            for scope in self.scopes
            if scope.name != _ABOUT_TIME and not is_about_health(scope.name)
        ]

    @property
    def connection(self) -> Sequence[ScopeLine]:
        """The requested scopes about how long the access lasts."""
        return [scope for scope in self.scopes if scope.name == _ABOUT_TIME]


def is_reviewed(client: Client) -> bool:
    """Whether this server's operator reviewed the application."""
    return client.first_party or client.metadata.reviewed


def is_of_operator(client: Client) -> bool:
    """Whether the operator registered the application, and neither a person in the portal nor the
    application itself."""
    itself = client.registration_digest is not None or bool(client.document_host)
    return client.owner_id is None and not itself


def consent_page(
    renderer: Renderer,
    view: ConsentView,
    *,
    form_action: Sequence[str] = (),
    again: FormErrors | None = None,
    preview: bool = False,
) -> Response:
    """The page. `form_action` is the origin (or scheme) to which the response goes. `again`: the
    form is shown once more, because of these errors. `preview`: it has no form, and decides
    nothing."""
    return renderer.page(
        "consent.html",
        options=PageOptions(
            status=200 if again is None else again.status, form_action=form_action, opener=True
        ),
        view=view,
        form=view.form,
        preview=preview,
        reviewed=is_reviewed(view.client),
        of_operator=is_of_operator(view.client),
        # Registration refuses other schemes; links check it again.
        links=about_links(view.client),
    )
