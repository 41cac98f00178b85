"""Sign-in that another site starts (OpenID Connect Core §4): the `initiate_login_uri`.

A page asks the person, and its button starts the sign-in. So no site signs a person in without
their knowledge, or replaces the session of another account (security.md §18). Its target is a page
of this server, or the request is refused (security.md §1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path
from quantimodo.federation.contract import Provider
from quantimodo.http.errors import RequestRejected
from quantimodo.model.texts import N_
from quantimodo.pages.forms import read_body
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions, see_other
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.social_login import INITIATE

LONGEST_HINT: Final = 320
_PARAMETERS: Final = frozenset({"iss", "login_hint", "target_link_uri"})
_MOST_BYTES: Final = 16_384
_FORM: Final = "application/x-www-form-urlencoded"
_TITLE: Final = N_("This sign-in cannot begin")
_UNKNOWN_ISSUER: Final = N_(
    "This server has no sign-in provider with this issuer that may start a sign-in."
)
_ELSEWHERE: Final = N_("The target of this sign-in is not a page of this server.")
_UNREADABLE: Final = N_("The request for this sign-in cannot be read.")
_ACCOUNT: Final = "/account"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiatedLoginEndpoint:
    """`providers` are those that may start a sign-in, by issuer; `issuer` is this server."""

    providers: Mapping[str, Provider]
    issuer: str
    page_context: PageContext

    async def start(self, request: Request) -> Response:
        """GET and POST /sign-in/initiated."""
        try:
            form = await _read(request)
        except InvalidRequest:
            raise RequestRejected(_TITLE, _UNREADABLE) from None
        provider = self.providers.get(form.get("iss") or "")
        if provider is None:
            raise RequestRejected(_TITLE, _UNKNOWN_ISSUER)
        path = self._path(form.get("target_link_uri"))
        if request.method == "POST":
            # Browsers send the cookies of this server not with a form of another site, but with the
            # redirect that follows it.
            return see_other(f"{INITIATE}?{urlencode(list(form.items()))}")
        return await self._page(request, provider, path, login_hint(form.get("login_hint") or ""))

    def _path(self, target: str | None) -> str:
        """The local path of `target_link_uri`, which must be an address of this server."""
        if not target:
            return _ACCOUNT
        path = target.removeprefix(self.issuer)
        if path == target or (path and local_path(path) != path):
            raise RequestRejected(_TITLE, _ELSEWHERE)
        return path or "/"

    async def _page(self, request: Request, provider: Provider, path: str, hint: str) -> Response:
        browser_request = await self.page_context.browser_request(request)
        suffix = f"&login_hint={quote(hint, safe='')}" if hint else ""
        begin = f"/sign-in/with/{quote(provider.name)}?return_to={quote(path, safe='/')}{suffix}"
        return self.page_context.show(
            request,
            browser_request,
            "sign_in_initiated.html",
            options=PageOptions(opener=True),
            title=provider.title,
            begin=begin,
        )


def login_hint(text: str) -> str:
    """A `login_hint` that can be sent on to a provider; "" for all others."""
    return text if len(text) <= LONGEST_HINT and text.isprintable() else ""


async def _read(request: Request) -> Form:
    if request.method != "POST":
        return Form.of_urlencoded(request.scope["query_string"], {}, _PARAMETERS)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidRequest("not a form")
    return Form.of_urlencoded(await read_body(request, _MOST_BYTES), {}, _PARAMETERS)
