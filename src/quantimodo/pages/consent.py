"""The consent page.

Only renders. `endpoints/authorize_pages.py` shows it; the decision goes to
`endpoints/authorize.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.layout import PageOptions, Renderer
from quantimodo.pages.return_targets import about_links


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One requested scope, in plain words."""

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Everything that the page shows.

    `already` are the scopes that the person allowed before; `return_to` is the local address of
    this request, for a person who wants to use another account. `by_token`: the account is that of
    a login JWT, not of the session; `switch` is the local address that continues without the JWT.
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


def consent_page(
    renderer: Renderer, view: ConsentView, *, form_action: Sequence[str] = ()
) -> Response:
    """The page. `form_action` is the origin (or scheme) to which the response goes."""
    return renderer.page(
        "consent.html",
        options=PageOptions(form_action=form_action, opener=True),
        view=view,
        # Registration refuses other schemes; links check it again.
        links=about_links(view.client),
    )
