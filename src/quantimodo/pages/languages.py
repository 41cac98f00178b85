"""The language of a page: what was chosen in this browser, then `ui_locales` of the authorization
request, then the person's profile, then `Accept-Language`, then the operator's default."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from quantimodo.i18n.negotiation import lookup, of_accept_language
from quantimodo.i18n.translation import Source, in_language, suggest
from quantimodo.model.languages import ENGLISH
from quantimodo.model.profiles import Profile
from quantimodo.model.sessions import Session
from quantimodo.model.users import User

_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Languages:
    """`profile_of` reads the profile of a person; `cookie` is the name of the cookie with the
    choice of this browser."""

    default: str = ENGLISH.tag
    cookie: str = ""
    profile_of: Callable[[User], Awaitable[Profile]] | None = None

    @contextmanager
    def of_request(self, request: Request) -> Iterator[None]:
        """Within, texts are in the language of this request, as far as its headers say."""
        with in_language(self.default):
            accepted = ",".join(request.headers.getlist("accept-language"))[:_LONGEST]
            suggest(of_accept_language(accepted), Source.BROWSER)
            suggest(request.cookies.get(self.cookie), Source.CHOICE)
            yield

    async def apply_profile(self, session: Session | None) -> None:
        """Use the language of the person who is signed in, if their profile names one."""
        if session is not None and self.profile_of is not None:
            profile = await self.profile_of(session.user)
            suggest(lookup([profile.locale]), Source.PROFILE)


ENGLISH_ONLY: Final = Languages()
