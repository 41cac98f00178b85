"""Runs one command with the services. A server may run at the same time.

Owns opening and closing the services, and how errors are printed: one line each on standard error,
exit code 1, or 2 for an error in the command or the settings. Standard output has results only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import apsw
import typer

from quantimodo.accounts.errors import Busy, InvalidInput
from quantimodo.app.composition.services import AppContext, open_app
from quantimodo.app.secret_keys import BadSecretKey
from quantimodo.app.settings.reading import BadSettings, Settings
from quantimodo.app.settings.stored import read_settings
from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.crypto.envelope import DecryptionFailed
from quantimodo.i18n.translation import in_language
from quantimodo.model.languages import LANGUAGES
from quantimodo.ports.stores import Unavailable
from quantimodo.storage.open import SchemaMismatch, sqlite_path
from quantimodo.storage.sqlite.faults import sentence_of

WRONG_SECRET_KEY: Final = (
    "the secret key is not the one that this database was made with: put that key back, as a line"
    " of the secret file"
)
T = TypeVar("T")


class Failed(Exception):
    """The command failed; the text says why and what to do."""


def run(command: Callable[[AppContext], Awaitable[T]]) -> T:
    """Run the command with the services over the configured database. Never creates a SQLite file,
    and never migrates a schema."""
    with field_errors():
        return asyncio.run(_run(command))


@contextmanager
def field_errors() -> Iterator[None]:
    """Turn expected errors into lines on standard error and an exit code."""
    try:
        yield
    except BadSettings as fault:
        for line in fault.faults:
            print_error(line)
        raise typer.Exit(2) from None
    except Exception as fault:
        lines = _lines(fault)
        if not lines:
            raise
        for line in lines:
            print_error(line)
        raise typer.Exit(1) from None


def require_database(settings: Settings) -> None:
    """Raises `Failed` when the SQLite file is missing. Otherwise a command in another folder than
    the server's would use a new, empty database."""
    path = sqlite_path(settings.database)
    if path is not None and not path.exists():
        raise Failed(
            f"there is no database at {path.absolute()}. Run the command in the server's folder, or"
            " with the server's QUANTIMODO_CONFIG or QUANTIMODO_DATABASE; to create a new database:"
            " quantimodo database migrate"
        )


def print_error(line: str) -> None:
    """Print a line on the standard error."""
    typer.echo(f"error: {line}", err=True)


async def _run(command: Callable[[AppContext], Awaitable[T]]) -> T:
    return await with_services((await read_settings()).settings, command)


async def with_services(settings: Settings, command: Callable[[AppContext], Awaitable[T]]) -> T:
    """Run it with the services of these settings, as `run` does."""
    require_database(settings)
    with in_language(LANGUAGES[settings.default_locale]):  # of e-mails that the command causes
        async with open_app(settings) as context:
            return await command(context)


def _lines(fault: Exception) -> list[str]:
    """The lines about an expected error; none for an unexpected one, which is a bug."""
    match fault:
        case InvalidMetadata():
            return [f"{each.field}: {each.message}" for each in fault.faults]
        case InvalidInput():
            return [f"{fault.field}: {fault.message}"]
        case Failed() | ChangedMeanwhile() | SchemaMismatch() | BadSecretKey():
            return [str(fault)]
        case Unavailable():
            return [_unavailable(fault)]
        case apsw.Error():
            return [f"the database cannot be used: {sentence_of(fault) or fault}"]
        case Busy():
            return ["too many passwords are being checked; try again in a moment"]
        case DecryptionFailed():
            return [WRONG_SECRET_KEY]
        case OSError() if fault.strerror:
            where = f": {fault.filename}" if fault.filename else ""
            return [f"{fault.strerror}{where}"]
    return []


def _unavailable(fault: Unavailable) -> str:
    if sentence_of(fault.__cause__) == str(fault):
        return str(fault)  # it says why
    # Not the text of the cause: a driver may quote the address, with its password.
    cause = f" ({type(fault.__cause__).__name__})" if fault.__cause__ else ""
    return f"{fault}{cause}; is the database running, and is QUANTIMODO_DATABASE right?"
