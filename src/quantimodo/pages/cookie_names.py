"""The names of all cookies that this server sets.

Browsers send a cookie to every port of a host (RFC 6265 §8.5), so a name has to differ from those
of other applications there, and from those of a second server on another port.
"""

from typing import Final, Literal
from urllib.parse import urlsplit

SESSION: Final = "session"
BROWSER: Final = "browser"
PENDING_LOGIN: Final = "pending_login"
TRUSTED_BROWSER: Final = "trusted_browser"
# The key of a code for a sign-in that was sent by e-mail.
EMAIL_CODE: Final = "email_code"
# Read by the script of the session management frame too.
BROWSER_STATE: Final = "browser_state"
# Each is followed by the hexadecimal key of one request.
LOGIN_STATE: Final = "login_state_"
LOGIN_JWT: Final = "login_jwt_"
LOGIN_BROWSER: Final = "login_browser_"
# Followed by a digest of the account; see `accounts/device_cookies.py`.
DEVICE: Final = "device_"
# The last finished sign-in through a provider, and its redirect.
LOGIN_OVER: Final = "login_over"

# Short texts from one page to the next.
CookieName = Literal[
    "confirm",
    "reset",
    "verify",
    "cancel",
    "invitation",
    "invited",
    "notice",
    "dismissed",
    "shown",
    "reset_return",
    "language",
    "playground",
    "try",
    "signing_out",
]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def cookie_prefix(origin: str) -> str:
    """The prefix of all cookie names of the server at `origin`: `quantimodo_`, after the port
    unless it is the scheme's default, and after `__Host-` over https (RFC 6265bis §4.1.3.2)."""
    parts = urlsplit(origin)
    host_only = "__Host-" if parts.scheme == "https" else ""
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{parts.port}_"
    return f"{host_only}quantimodo_{port}"
