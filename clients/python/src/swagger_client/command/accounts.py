"""The signed-in account of this machine: server and application in a file, tokens in a store."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from swagger_client.command.environment import CliEnvironment
from swagger_client.session import (
    PERSONAL_TOKEN,
    FileStore,
    KeyringStore,
    OAuthSession,
    Token,
    TokenStore,
)
from swagger_client.session.errors import SignInRequired
from swagger_client.session.setup import personal_key

_ACCOUNT = "account.json"
_TOKENS = "tokens.json"


@dataclass(frozen=True)
class Account:
    """The server and the client id of the command. `keyring`: the keyring stores the tokens."""

    server: str
    client_id: str
    scope: str
    keyring: bool = False

    def session(self, env: CliEnvironment, store: TokenStore | None = None) -> OAuthSession:
        """A session of this account, signed in or not. `store`: instead of the account's own."""
        return OAuthSession(
            self.client_id,
            server=self.server,
            scope=self.scope,
            store=store or self.store(env.folder),
            clock=env.clock,
            sleep=env.sleep,
        )

    def store(self, folder: Path) -> TokenStore:
        """The store of its tokens. Raises `ImportError` if `keyring` is not installed."""
        if self.keyring:
            return KeyringStore(username=f"{self.client_id} at {self.server}")
        return FileStore(folder / _TOKENS)

    def check_store(self, folder: Path) -> None:
        """Check the keyring before the sign-in begins; stored values are not checked.

        Raises `ImportError` or `OSError` if the keyring cannot be used."""
        if self.keyring:
            with suppress(ValueError):
                self.store(folder).load()

    def save(self, folder: Path, token: Token) -> None:
        """Store the account. Tokens are written first, so an account never has foreign tokens."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store(folder).save(token)
        (folder / _ACCOUNT).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


def open_session(env: CliEnvironment) -> OAuthSession:
    """A session with the personal token of the environment; without one, of the account. Raises
    `SignInRequired` without both."""
    token = env.environment.get(PERSONAL_TOKEN)
    if not token:
        return account_in(env.folder).session(env)
    return OAuthSession.with_personal_token(
        token,
        server=env.server,
        key=personal_key(env.environment),
        clock=env.clock,
        sleep=env.sleep,
    )


def account_in(folder: Path) -> Account:
    """The account of the last sign-in. Raises `SignInRequired` if there was none."""
    try:
        kept = json.loads((folder / _ACCOUNT).read_text("utf-8"))
        return Account(**kept)
    except (FileNotFoundError, ValueError, TypeError):
        raise SignInRequired(
            401, "You are not signed in. To sign in, run: quantimodo-client login"
        ) from None


def forget_account(folder: Path) -> None:
    """Delete the account file. The tokens remain: the session revokes and deletes them."""
    (folder / _ACCOUNT).unlink(missing_ok=True)
