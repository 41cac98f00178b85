"""Who is signed in on this machine: server and application in a file, tokens in a store."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from swagger_client.command.environment import CliEnvironment
from swagger_client.session import FileStore, KeyringStore, OAuthSession, Token, TokenStore
from swagger_client.session.errors import SignInRequired

_ACCOUNT = "account.json"
_TOKENS = "tokens.json"


@dataclass(frozen=True)
class Account:
    """The application that the command is at a server. `keyring`: tokens are kept there."""

    server: str
    client_id: str
    scope: str
    keyring: bool = False

    def session(self, around: CliEnvironment, store: TokenStore | None = None) -> OAuthSession:
        """A session of this account, signed in or not. `store`: instead of the account's own."""
        return OAuthSession(
            self.client_id,
            server=self.server,
            scope=self.scope,
            store=store or self.store(around.folder),
            clock=around.clock,
            sleep=around.sleep,
        )

    def store(self, folder: Path) -> TokenStore:
        """Where its tokens are kept. Raises `ImportError` where there is no keyring."""
        if self.keyring:
            return KeyringStore(username=f"{self.client_id} at {self.server}")
        return FileStore(folder / _TOKENS)

    def check_store(self, folder: Path) -> None:
        """Raises `ImportError` or `OSError` for a keyring that cannot be used: before somebody
        signs in, and not after. What may lie in a store from before is no matter here."""
        if self.keyring:
            with suppress(ValueError):
                self.store(folder).load()

    def save(self, folder: Path, token: Token) -> None:
        """Remember it. The tokens come first: no account ever names tokens of another server."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store(folder).save(token)
        (folder / _ACCOUNT).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


def account_in(folder: Path) -> Account:
    """The account of the last sign-in. Raises `SignInRequired` if there was none."""
    try:
        kept = json.loads((folder / _ACCOUNT).read_text("utf-8"))
        return Account(**kept)
    except (FileNotFoundError, ValueError, TypeError):
        raise SignInRequired(
            401, "Nobody is signed in. Sign in by: quantimodo-client login"
        ) from None


def forget_account(folder: Path) -> None:
    """Forget who was signed in; tokens are the session's to end."""
    (folder / _ACCOUNT).unlink(missing_ok=True)
