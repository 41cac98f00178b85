"""The purpose of a login at a provider: the value that is stored with its state."""

import msgspec


class ReturnToClient(msgspec.Struct, frozen=True, tag="app"):
    """Redirect to an application with a login code (v2-api.md §2). The code is valid for `clients`;
    None: for any, at an address of the operator."""

    redirect_url: str
    clients: tuple[str, ...] | None
    state: str | None
    challenge: str | None


class StartSession(msgspec.Struct, frozen=True, tag="session"):
    """Start a session in this browser, then redirect to a local path."""

    return_to: str


class LinkAccount(msgspec.Struct, frozen=True, tag="link"):
    """Link one more identity to the account of this session; `session` is its key."""

    user_id: int
    session: bytes


Purpose = ReturnToClient | StartSession | LinkAccount
