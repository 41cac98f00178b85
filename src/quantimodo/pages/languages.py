"""The language of a page.

In this order: the choice in this browser, `ui_locales` of the authorization request, the person's
profile, `Accept-Language`, the operator's default.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from quantimodo.accounts.addresses import local_path
from quantimodo.i18n.negotiation import lookup, match_accept_language
from quantimodo.i18n.translation import Source, in_language, suggest
from quantimodo.model.languages import ENGLISH, Language
from quantimodo.model.sessions import Session
from quantimodo.model.user_profiles import Profile
from quantimodo.model.users import User

_LONGEST: Final = 1000
_LONGEST_ADDRESS: Final = 4000
_KEPT: Final = frozenset({"request", "name", "app", "day"})
_page: Final[ContextVar[str]] = ContextVar("page", default="/")


def this_page() -> str:
    """The local address of the page that is being rendered, for a link that returns to it."""
    return _page.get()


def set_return_path(path: str) -> None:
    """Set the target of that link on the page that is being rendered, a local address."""
    _page.set(path)


@dataclass(frozen=True, slots=True)
class Languages:
    """`profile_of` reads the profile of a person; `cookie` is the name of the cookie with the
    choice of this browser."""

    default: Language = ENGLISH
    cookie: str = ""
    profile_of: Callable[[User], Awaitable[Profile]] | None = None

    @contextmanager
    def of_request(self, request: Request) -> Iterator[None]:
        """A context in which texts are in the language that the headers of this request choose."""
        token = _page.set(_address_of(request))
        with in_language(self.default):
            accepted = ",".join(request.headers.getlist("accept-language"))[:_LONGEST]
            suggest(match_accept_language(accepted), Source.BROWSER)
            suggest(request.cookies.get(self.cookie), Source.CHOICE)
            try:
                yield
            finally:
                _page.reset(token)

    async def apply_profile(self, session: Session | None) -> None:
        """Use the language of the person who is signed in, if their profile names one."""
        if session is not None and self.profile_of is not None:
            profile = await self.profile_of(session.user)
            suggest(lookup([profile.locale]), Source.PROFILE)


def _address_of(request: Request) -> str:
    """The path, with the parameters that name a page or a stored authorization request. Other
    parameters may be secrets, such as the token of a mailed link, or addresses that others chose.
    No parameters for a form, and if they are too long; never the page of languages."""
    path, query = request.url.path, request.url.query
    if path == "/language":
        return "/"
    if request.method not in ("GET", "HEAD") or len(query) > _LONGEST_ADDRESS:
        return path
    kept = [(name, text) for name, text in parse_qsl(query) if _names_the_page(name, text)]
    return f"{path}?{urlencode(kept)}" if kept else path


def _names_the_page(name: str, text: str) -> bool:
    if name == "return_to":
        return local_path(text) == text
    return name in _KEPT


ENGLISH_ONLY: Final = Languages()
