"""The `sid` by which one application knows a browser session.

OpenID Connect Front-Channel Logout §3, Back-Channel Logout §2.1. It is different for each
application, so that two of them cannot compare people by it.
"""

from typing import Final

from quantimodo.crypto.digests import keyed_digest

SESSION_ID_BYTES: Final = 32
_SHARED_LENGTH: Final = 32  # hexadecimal digits of a session id that all its applications know


def client_sid(sid: str, client_id: str) -> str:
    """Derived from the session's own id, which has 256 random bits and never leaves the server.

    A session that began before ids were made for each application keeps the shorter one that its
    applications already have.
    """
    if len(sid) == _SHARED_LENGTH:
        return sid
    return keyed_digest(sid.encode(), "sid", client_id).hex()[:32]
