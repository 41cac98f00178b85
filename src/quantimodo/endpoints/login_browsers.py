"""Recognizes the browser in which a person signed in at a provider (security.md §14b).

Owns the cookie that the callback sets there, one for each login. A login JWT from a login code
permits consent only in this browser: the application that has the JWT does not have the cookie.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.digests import compare_digest, digest, keyed_digest
from quantimodo.federation import login_codes
from quantimodo.model.secrets import Secret
from quantimodo.pages.browser import Browser
from quantimodo.pages.cookie_names import LOGIN_BROWSER
from quantimodo.ports.clock import Clock
from quantimodo.tokens import login_jwts as login

# A code may be redeemed in its last second.
_LIFETIME: Final = login_codes.LIFETIME + login.LIFETIME
_MOST: Final = 6


@dataclass(frozen=True, slots=True)
class LoginBrowsers:
    """`key` is secret, one for all processes."""

    browser: Browser
    clock: Clock
    key: bytes = field(repr=False)

    def mark(self, request: Request, response: Response, jti: str) -> Response:
        """Set the cookie in the browser of the login whose JWT will have this id."""
        since = f"{int(self.clock.now().timestamp()):x}"
        self._clear_oldest(request, response)
        value = Secret(f"{since}.{self._proof(since, jti)}")
        self.browser.set_secret_cookie(response, _name(jti), value, _LIFETIME)
        return response

    def is_marked(self, request: Request, jti: str) -> bool:
        """Whether this browser has the cookie of the login with this JWT."""
        since, _, proof = self.browser.read_secret_cookie(request, _name(jti)).partition(".")
        if not compare_digest(proof.encode(), self._proof(since, jti).encode()):
            return False
        age = self.clock.now().timestamp() - int(since, 16)
        return age < _LIFETIME / timedelta(seconds=1)

    def _proof(self, since: str, jti: str) -> str:
        # The holder of the JWT knows both values, but not the key.
        return keyed_digest(self.key, "login browser", f"{since} {jti}").hex()

    def _clear_oldest(self, request: Request, response: Response) -> None:
        """Clear cookies of logins that were never finished: a `Cookie` header has a limited
        size."""
        names = self.browser.secret_cookie_names(request, LOGIN_BROWSER)
        oldest_first = sorted(
            names, key=lambda name: self.browser.read_secret_cookie(request, name)
        )
        for name in oldest_first[: max(0, len(names) + 1 - _MOST)]:
            self.browser.clear_secret_cookie(response, name)


def _name(jti: str) -> str:
    return LOGIN_BROWSER + digest(jti).hex()[:16]
