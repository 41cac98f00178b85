"""How an authorization answer leaves: a redirect, a self-sending form, JSON, or an error page."""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.errors import error_page
from quantimodo.pages.form_post import form_post_page
from quantimodo.pages.layout import NO_STORE, Renderer, see_other
from quantimodo.protocol.authorization import Target
from quantimodo.protocol.responses import Parameters, redirect_target

_TITLE = "Authorization request rejected"


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A fault in client or address: shown here, never sent on (security.md 1)."""

    text: str

    def response(self, renderer: Renderer, request: Request) -> Response:
        if wants_json(request):
            return _json(400, "invalid_request", self.text)
        return error_page(renderer, 400, _TITLE, self.text)


def answer_response(renderer: Renderer, target: Target, parameters: Parameters) -> Response:
    """The answer, by the mode of the request. Redirects are 303, never 307 (RFC 9700 §4.12)."""
    if target.mode == "form_post":
        return form_post_page(renderer, target.redirect_uri, parameters)
    return see_other(redirect_target(target.redirect_uri, parameters, target.mode))


def wants_json(request: Request) -> bool:
    """Whether the caller is no browser (contract §5): it takes JSON, and no page."""
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept and "*/*" not in accept


def json_refusal(code: str, interaction_url: str) -> Response:
    """Contract §5: nobody is signed in here; the address to open in a browser instead."""
    text = "Nobody is signed in. Open interactionUrl in a browser to go on."
    return _json(401, code, text, interactionUrl=interaction_url)


def _json(status: int, code: str, text: str, **more: str) -> Response:
    body = {
        "success": False,
        "status": "error",
        "message": text,
        "error": {"code": code, "message": text, **more},
    }
    return Response(msgspec.json.encode(body), status, NO_STORE, "application/json")
