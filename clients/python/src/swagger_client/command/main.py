"""The command line: what can be asked, and what comes of it.

Exit status: 0 done; 1 refused or failed; 2 asked wrongly; 3 somebody has to sign in first;
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import (
    SUPPRESS,
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
    _SubParsersAction,
)
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

from swagger_client.command import measurements, reference, signing
from swagger_client.command.accounts import account_in
from swagger_client.command.csv_cells import number_of
from swagger_client.command.environment import CliEnvironment
from swagger_client.command.signing import NotTold
from swagger_client.configuration import VERSION
from swagger_client.records import BadField
from swagger_client.rest import ApiException
from swagger_client.session import (
    AuthorizationRefused,
    NotOffered,
    OAuthSession,
    SignInRequired,
    error_of,
)

_SERVER = "QM_SERVER"
_CLIENT_ID = "QM_CLIENT_ID"
# The server counts from 0 what was sent; people count lines, and are told of them.
_PLACE = re.compile(r"^set \d+(, measurement \d+)?: ")
_HOME = "https://app.quantimo.do"

_EPILOG = f"""\
quantimodo-client COMMAND --help tells the options of a command.

exit status:
  0    done
  1    the server refused, or something failed: the standard error says what
  2    asked wrongly
  3    somebody has to sign in first
  130  stopped by Ctrl-C

environment:
  {_SERVER}         the server to sign in at
  {_CLIENT_ID}      the application to sign in as
  QM_CLIENT_FOLDER  where the sign-in is kept (default: ~/.config/quantimodo-client)
  SSL_CERT_FILE     certificates to trust, for a server with an authority of its own
"""

Doing = Callable[[Namespace, CliEnvironment], None]


def main(arguments: Sequence[str] | None = None, around: CliEnvironment | None = None) -> int:
    """Run the command; the exit status."""
    around = around or CliEnvironment.of_this_process()
    parser = _parser(around)
    asked = parser.parse_args(arguments)
    asked.json = "json" in asked
    try:
        asked.do(asked, around)
        around.out.flush()
    except SignInRequired as fault:
        return _failed(asked, around, fault.reason or "sign in first", 3)
    except ApiException as fault:
        return _failed(asked, around, _explained(fault, _server(asked, around)), 1, error_of(fault))
    except (AuthorizationRefused, NotOffered, NotTold, TimeoutError, ValueError) as fault:
        return _failed(asked, around, str(fault), 1)
    except BadField as fault:
        return _failed(asked, around, f"the answer is not what was promised: {fault}", 1)
    except BrokenPipeError:
        around.hang_up()
        return 1
    except (OSError, ImportError) as fault:
        return _failed(asked, around, str(fault), 1)
    except KeyboardInterrupt:
        if around.err.isatty():
            around.tell("")  # behind the ^C that the terminal shows
        return _failed(asked, around, "stopped", 130)
    return 0


def _failed(
    asked: Namespace, around: CliEnvironment, text: str, status: int, code: str | None = None
) -> int:
    if asked.json:
        around.tell(json.dumps({"error": {"code": code, "message": text}}))
    else:
        around.tell(f"quantimodo-client: {text}")
    return status


def _server(asked: Namespace, around: CliEnvironment) -> str:
    """The server that was asked."""
    told: str = asked.server if "server" in asked else account_in(around.folder).server
    return told


def _explained(fault: ApiException, server: str) -> str:
    """A refusal in the server's words for people, where it has any."""
    if not fault.status:
        return f"{server} gave no answer: {fault.reason}"
    try:
        body = json.loads(fault.body or "")
        said = body.get("message") or body.get("error_description") or body["error"]["message"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        said = None
    if isinstance(said, str):
        return f"{_PLACE.sub('', said)} ({fault.status})"
    return f"{fault.reason} ({fault.status})"


def _signed_in(do: Callable[[OAuthSession, Namespace, CliEnvironment], None]) -> Doing:
    """What needs somebody to be signed in."""

    def doing(asked: Namespace, around: CliEnvironment) -> None:
        with account_in(around.folder).session(around) as session:
            do(session, asked, around)

    return doing


def _parser(around: CliEnvironment) -> ArgumentParser:
    # `--json` may stand anywhere; a default would undo it where it stands before the command.
    shared = ArgumentParser(add_help=False)
    shared.add_argument(
        "--json", action="store_true", default=SUPPRESS, help="answer in JSON, for scripts"
    )
    parser = ArgumentParser(
        prog="quantimodo-client",
        description="Your measurements at a QuantiModo server.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        parents=[shared],
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_login(commands, shared, around)
    _add(commands, shared, "whoami", "who is signed in", _signed_in(signing.whoami))
    _add(commands, shared, "logout", "forget the tokens, and end them", signing.logout)
    _add(commands, shared, "units", "what is measured in", _signed_in(reference.list_units))
    _add(
        commands,
        shared,
        "categories",
        "what variables are about",
        _signed_in(reference.list_categories),
    )
    group = commands.add_parser("measurements", help="list, add, import, export", parents=[shared])
    _add_measurements(group.add_subparsers(required=True, metavar="COMMAND"), shared)
    return parser


def _add(
    commands: _SubParsersAction[Any], shared: ArgumentParser, name: str, text: str, do: Doing
) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[shared]
    )
    parser.set_defaults(do=do)
    return parser


def _add_login(
    commands: _SubParsersAction[Any], shared: ArgumentParser, around: CliEnvironment
) -> None:
    login = _add(commands, shared, "login", "sign in, by the browser", signing.login)
    known = around.environment.get(_CLIENT_ID) or None
    login.add_argument(
        "--server",
        default=around.environment.get(_SERVER) or _HOME,
        help=f"such as https://id.example.org; or {_SERVER} (default: %(default)s)",
    )
    login.add_argument(
        "--client-id",
        default=known,
        required=known is None,
        help="of a public application with the redirect URI http://127.0.0.1/callback;"
        f" or {_CLIENT_ID}",
    )
    login.add_argument("--scope", default=signing.SCOPE, help="default: %(default)s")
    login.add_argument("--device", action="store_true", help="by a code on another device")
    login.add_argument("--no-browser", action="store_true", help="only show the address")
    login.add_argument("--port", type=int, default=0, help="to listen on; default: any free one")
    login.add_argument("--wait", type=float, default=300.0, help="seconds (default: %(default)g)")
    login.add_argument("--keyring", action="store_true", help="keep tokens in the system's keyring")


def _add_measurements(commands: _SubParsersAction[Any], shared: ArgumentParser) -> None:
    shown = _add(
        commands,
        shared,
        "list",
        "the newest measurements",
        _signed_in(measurements.list_measurements),
    )
    shown.add_argument("--limit", type=_count, default=20, help="how many (default: %(default)s)")
    _add_filters(shown, sort="-startTime")

    added = _add(
        commands, shared, "add", "record a measurement", _signed_in(measurements.add_measurement)
    )
    added.add_argument("variable", help='such as "Sleep Quality"')
    added.add_argument("value", type=_number)
    added.add_argument("--unit", help="such as /5; needed for a new variable")
    added.add_argument("--at", help="such as 2026-11-23T12:00Z; without a zone: UTC (default: now)")
    added.add_argument("--note", help="some words about it")
    added.add_argument("--source", default="quantimodo-client", help="default: %(default)s")
    added.add_argument("--category", help="of the variable, if it is new")

    imported = _add(
        commands, shared, "import", "record all of a CSV file",
        _signed_in(measurements.import_measurements),
    )  # fmt: skip
    imported.add_argument(
        "file",
        type=Path,
        help="with the columns variable, value, startTime; and unit, source, category,"
        " combinationOperation, note",
    )
    imported.add_argument(
        "--batch", type=_count, default=500, help="of how many (default: %(default)s)"
    )
    imported.add_argument("--from-line", type=_count, default=1, help="of the file, to go on from")

    exported = _add(
        commands, shared, "export", "all measurements as CSV, or JSON",
        _signed_in(measurements.export_measurements),
    )  # fmt: skip
    exported.add_argument("file", type=Path, nargs="?", help="default: the standard output")
    exported.add_argument(
        "--bom", action="store_true", help="begin with a byte order mark, for Excel"
    )
    _add_filters(exported, sort=None)


def _add_filters(parser: ArgumentParser, sort: str | None) -> None:
    parser.add_argument("--variable", dest="variable_name", help="its name; %% means like")
    parser.add_argument("--category", dest="variable_category_name", help="of the variable")
    parser.add_argument("--source", help="the application that recorded it")
    parser.add_argument("--value", help='such as "(gt)3"')
    parser.add_argument("--unit", help="convert to it")
    parser.add_argument("--since", help="such as 2026-11-23, or 2026-11-23T09:00Z")
    parser.add_argument("--until", help="as --since")
    parser.add_argument("--sort", default=sort, help="a field; -field descends")


def _number(text: str) -> float:
    try:
        return number_of(text)
    except ValueError:
        raise ArgumentTypeError("it must be a number, such as 7.5") from None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("it must be a whole number, 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
