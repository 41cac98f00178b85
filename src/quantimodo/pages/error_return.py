"""The page before an error goes to an application that the operator does not know.

RFC 9700 §4.11.2: anyone can register an application and request something invalid, so that a link
to this server leads to another site. The person sees where it leads, and decides.
"""

from urllib.parse import urlsplit

from starlette.responses import Response

from quantimodo.model.clients import Client
from quantimodo.pages.consent import is_of_operator, is_reviewed
from quantimodo.pages.layout import PageOptions, Renderer, form_sources
from quantimodo.protocol.authorization import Target
from quantimodo.protocol.redirects import is_claimed
from quantimodo.protocol.responses import Parameters, redirect_target


def asks_first(client: Client, redirect_uri: str) -> bool:
    """Whether a browser goes there only if the person wants it: to a web site, and neither the
    application nor its domain is one that the operator knows. A program on the person's device is
    no site of others."""
    known = is_reviewed(client) or is_of_operator(client) or client.metadata.verified_domain
    return not known and is_claimed(redirect_uri)


def error_return_page(
    renderer: Renderer, client: Client, target: Target, parameters: Parameters
) -> Response:
    """A link, or a form, that brings this error to the application."""
    mode = target.mode.removesuffix(".jwt")
    posts = mode == "form_post"
    return renderer.page(
        "error_return.html",
        options=PageOptions(
            status=400,
            form_action=form_sources(target.redirect_uri) if posts else (),
            opener=True,
        ),
        client=client,
        redirect_host=urlsplit(target.redirect_uri).netloc,
        redirect_uri=target.redirect_uri,
        parameters=parameters if posts else [],
        address="" if posts else redirect_target(target.redirect_uri, parameters, mode),
    )
