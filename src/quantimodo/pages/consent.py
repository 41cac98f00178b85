"""The page on which a person decides what an application may do.

Shows the question only. `endpoints/authorize.py` asks it and acts on the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.layout import Renderer
from quantimodo.pages.return_targets import about_links


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One thing that the application asks for, in plain words."""

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Everything that the page shows.

    `already` are the scopes that the person allowed before; `return_to` is the local address of
    this very request, for a person who wants to use another account. `by_token`: the account is a
    login JWT's, not the session's; `switch` is the local address that lets go of it.
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
    """The question. `form_action` names the origin (or scheme) to which the answer leads."""
    return renderer.page(
        "consent.html",
        form_action=form_action,
        opener=True,
        view=view,
        # Registration refuses other schemes; a link is the wrong place to trust that.
        links=about_links(view.client),
    )
