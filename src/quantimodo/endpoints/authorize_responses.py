"""Renders an authorization response: a redirect, a form that submits itself, JSON, or a page."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.authorization.stored_requests import SentResponse
from quantimodo.endpoints.envelopes import accepted
from quantimodo.http.accept import quality
from quantimodo.http.errors import InteractionRequired, RequestRejected
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.texts import N_
from quantimodo.pages.authorization.form_post import form_post_page
from quantimodo.pages.renderer import Renderer, json_page, see_other
from quantimodo.protocol.authorization import Target
from quantimodo.protocol.authorization_responses import Parameters, redirect_target
from quantimodo.protocol.errors import OAuthError


def rejected(text: str, refusal: str = "request_gone") -> RequestRejected:
    """An error in the client or the redirect URI: shown on a page, never sent to an address
    (security.md §1). `refusal` is the code of its row in the table of refusals."""
    return RequestRejected(N_("Authorization request rejected"), text, row=refusal)


def record_error(request: Request, error: OAuthError) -> None:
    """Record the reason of an error that goes to the client, for the log."""
    because = error.because or error.description
    record_refusal(request.scope, Refusal(error.code, because, row=error.refusal))


def browser_response(renderer: Renderer, target: Target, parameters: Parameters) -> Response:
    """The response by the request's mode. Redirects are 303, never 307 (RFC 9700 §4.12)."""
    return _response(renderer, target.redirect_uri, target.mode, parameters)


def sent_response(renderer: Renderer, sent: SentResponse) -> Response:
    """A response that the client got before, unchanged."""
    return _response(renderer, sent.redirect_uri, sent.mode, sent.parameters)


def _response(renderer: Renderer, uri: str, mode: str, parameters: Parameters) -> Response:
    mode = mode.removesuffix(".jwt")
    if mode == "form_post":
        return form_post_page(renderer, uri, parameters)
    return see_other(redirect_target(uri, parameters, mode))


def wants_json(request: Request) -> bool:
    """Whether the caller is not a browser (v2-api.md §5): it accepts JSON, and no page."""
    accept = request.headers.getlist("accept")
    return quality(accept, "application/json") > 0 and quality(accept, "text/html") == 0


def response_json(target: Target, parameters: Parameters) -> Response:
    """v2-api.md §5: the response as parameters, and as the address of a browser's redirect."""
    # Tokens never travel in a query, and a form that submits itself has no address.
    address = target.redirect_uri
    mode = target.mode.removesuffix(".jwt")
    if mode != "form_post":
        address = redirect_target(address, parameters, mode)
    values = {name: _json_value(name, value) for name, value in parameters}
    return json_page(200, accepted({**values, "redirectUri": address}))


def _json_value(name: str, value: str) -> str | int:
    """As in the JSON of RFC 6749 §5.1; an address has texts only."""
    return int(value) if name == "expires_in" else value


def interaction_required(status: Literal[401, 403], url: str) -> InteractionRequired:
    """v2-api.md §5: a person has to do something at this address, in a browser."""
    if status == 401:
        text = "No person is signed in. Open interactionUrl in a browser to go on."
        return InteractionRequired(401, "login_required", text, url)
    text = "The person has to be asked. Open interactionUrl in a browser to go on."
    return InteractionRequired(403, "interaction_required", text, url)
