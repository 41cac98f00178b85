"""The command line: parses the arguments, runs the command, and reports errors."""

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

from swagger_client.command import keys, login, measurements, reference
from swagger_client.command.accounts import account_in, open_session
from swagger_client.command.csv_cells import number_of
from swagger_client.command.environment import CliEnvironment
from swagger_client.command.login import RevocationFailed
from swagger_client.configuration import VERSION
from swagger_client.records import BadField
from swagger_client.rest import ApiException
from swagger_client.session import (
    PERSONAL_TOKEN,
    AuthorizationRefused,
    OAuthSession,
    SignInRequired,
    UnsupportedGrantType,
    error_of,
)

_SERVER = "QM_SERVER"
_CLIENT_ID = "QM_CLIENT_ID"
# The server counts sets and measurements from 0; the command reports line numbers instead.
_PLACE = re.compile(r"^set \d+(, measurement \d+)?: ")
_EPILOG = f"""\
quantimodo-client COMMAND --help shows the options of a command.

exit status:
  0    done
  1    the server refused, or something failed: the standard error says what
  2    wrong usage
  3    sign-in is required first
  130  stopped by Ctrl-C

environment:
  {_SERVER}         the address of the server
  {_CLIENT_ID}      the client id of your application
  {PERSONAL_TOKEN}          a personal token of your account, instead of a sign-in
  QM_TOKEN_KEY      the file with the private key to which that token is bound
  QM_CLIENT_FOLDER  where the sign-in is stored (default: ~/.config/quantimodo-client)
  SSL_CERT_FILE     certificates to trust, for a server with a private certificate authority
"""

Command = Callable[[Namespace, CliEnvironment], None]


def main(arguments: Sequence[str] | None = None, env: CliEnvironment | None = None) -> int:
    """Run the command, and return the exit status."""
    env = env or CliEnvironment.of_this_process()
    parser = _parser(env)
    options = parser.parse_args(arguments)
    options.json = "json" in options
    try:
        options.run(options, env)
        env.out.flush()
    except SignInRequired as fault:
        return _failed(options, env, fault.reason or "sign in first", 3)
    except ApiException as fault:
        return _failed(options, env, _explained(fault, _server(options, env)), 1, error_of(fault))
    except (
        AuthorizationRefused,
        UnsupportedGrantType,
        RevocationFailed,
        TimeoutError,
        ValueError,
    ) as fault:
        return _failed(options, env, str(fault), 1)
    except BadField as fault:
        return _failed(options, env, f"unexpected response: {fault}", 1)
    except BrokenPipeError:
        env.discard_output()
        return 1
    except (OSError, ImportError) as fault:
        return _failed(options, env, str(fault), 1)
    except KeyboardInterrupt:
        if env.err.isatty():
            env.print_message("")  # after the ^C that the terminal shows
        return _failed(options, env, "stopped", 130)
    return 0


def _failed(
    options: Namespace, env: CliEnvironment, text: str, status: int, code: str | None = None
) -> int:
    if options.json:
        env.print_message(json.dumps({"error": {"code": code, "message": text}}))
    else:
        env.print_message(f"quantimodo-client: {text}")
    return status


def _server(options: Namespace, env: CliEnvironment) -> str:
    """The server of this command: the one to sign in to, of the personal token, or of the
    account."""
    if "server" in options:
        server: str = options.server
        return server
    return env.server if env.environment.get(PERSONAL_TOKEN) else account_in(env.folder).server


def _explained(fault: ApiException, server: str) -> str:
    """The error message of the server, or the reason phrase if there is none."""
    if not fault.status:
        return f"{server} did not respond: {fault.reason}"
    try:
        body = json.loads(fault.body or "")
        message = body.get("message") or body.get("error_description") or body["error"]["message"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        message = None
    if isinstance(message, str):
        return f"{_PLACE.sub('', message)} ({fault.status})"
    return f"{fault.reason} ({fault.status})"


def _with_session(run: Callable[[OAuthSession, Namespace, CliEnvironment], None]) -> Command:
    """A command that requires a sign-in or a personal token."""

    def run_command(options: Namespace, env: CliEnvironment) -> None:
        with open_session(env) as session:
            run(session, options, env)

    return run_command


def _parser(env: CliEnvironment) -> ArgumentParser:
    # `--json` is allowed before and after the command; a default would override the first place.
    shared = ArgumentParser(add_help=False)
    shared.add_argument(
        "--json", action="store_true", default=SUPPRESS, help="print JSON, for scripts"
    )
    parser = ArgumentParser(
        prog="quantimodo-client",
        description="Read and write your measurements on a QuantiModo server.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        parents=[shared],
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_login(commands, shared, env)
    _add(commands, shared, "whoami", "show who is signed in", _with_session(login.whoami))
    _add(commands, shared, "logout", "sign out: revoke and delete the tokens", login.logout)
    made = _add(commands, shared, "key", "make a key for a personal token", keys.make_key)
    made.add_argument("file", help="where the private key is stored; it must not exist")
    _add(commands, shared, "units", "list the units", _with_session(reference.list_units))
    _add(
        commands, shared, "categories", "list the categories of variables",
        _with_session(reference.list_categories),
    )  # fmt: skip
    group = commands.add_parser("measurements", help="list, add, import, export", parents=[shared])
    _add_measurements(group.add_subparsers(required=True, metavar="COMMAND"), shared)
    return parser


def _add(
    commands: _SubParsersAction[Any], shared: ArgumentParser, name: str, text: str, run: Command
) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[shared]
    )
    parser.set_defaults(run=run)
    return parser


def _add_login(
    commands: _SubParsersAction[Any], shared: ArgumentParser, env: CliEnvironment
) -> None:
    parser = _add(commands, shared, "login", "sign in with the browser", login.login)
    known = env.environment.get(_CLIENT_ID) or None
    parser.add_argument(
        "--server",
        default=env.server,
        help=f"the address, such as https://id.example.org; or set {_SERVER}"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--client-id",
        default=known,
        required=known is None,
        help="the client id of a public application with the redirect URI"
        f" http://127.0.0.1/callback; or set {_CLIENT_ID}",
    )
    parser.add_argument(
        "--scope", default=login.SCOPE, help="space-separated scopes (default: %(default)s)"
    )
    parser.add_argument("--device", action="store_true", help="sign in with another device")
    parser.add_argument("--no-browser", action="store_true", help="show the address only")
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="the local port of the redirect URI (default: any free port)",
    )
    parser.add_argument(
        "--wait", type=float, default=300.0, help="timeout in seconds (default: %(default)g)"
    )
    parser.add_argument("--keyring", action="store_true", help="store the tokens in the keyring")


def _add_measurements(commands: _SubParsersAction[Any], shared: ArgumentParser) -> None:
    shown = _add(
        commands,
        shared,
        "list",
        "list the newest measurements",
        _with_session(measurements.list_measurements),
    )
    shown.add_argument(
        "--limit", type=_count, default=20, help="the maximum number (default: %(default)s)"
    )
    _add_filters(shown, sort="-startTime")

    added = _add(
        commands, shared, "add", "record a measurement", _with_session(measurements.add_measurement)
    )
    added.add_argument("variable", help='such as "Sleep Quality"')
    added.add_argument("value", type=_number)
    added.add_argument("--unit", help="such as /5; needed for a new variable")
    added.add_argument("--at", help="such as 2026-11-23T12:00Z; without a zone: UTC (default: now)")
    added.add_argument("--note", help="text")
    added.add_argument(
        "--source", default="quantimodo-client", help="who recorded it (default: %(default)s)"
    )
    added.add_argument("--category", help="the category of a new variable")

    imported = _add(
        commands, shared, "import", "import a CSV file",
        _with_session(measurements.import_measurements),
    )  # fmt: skip
    imported.add_argument(
        "file",
        type=Path,
        help="a CSV file with the columns variable, value, startTime; and unit, source, category,"
        " combinationOperation, note",
    )
    imported.add_argument(
        "--batch", type=_count, default=500, help="measurements in a request (default: %(default)s)"
    )
    imported.add_argument(
        "--from-line", type=_count, default=1, help="the line with which to continue"
    )

    exported = _add(
        commands, shared, "export", "export measurements as CSV or JSON",
        _with_session(measurements.export_measurements),
    )  # fmt: skip
    exported.add_argument(
        "file", type=Path, nargs="?", help="the file to write (default: the standard output)"
    )
    exported.add_argument("--bom", action="store_true", help="begin with a byte order mark (Excel)")
    _add_filters(exported, sort=None)


def _add_filters(parser: ArgumentParser, sort: str | None) -> None:
    parser.add_argument(
        "--variable", dest="variable_name", help="the name; %% at the start or end matches any text"
    )
    parser.add_argument("--category", dest="variable_category_name", help="the variable's category")
    parser.add_argument("--source", help="the application that recorded it")
    parser.add_argument("--value", help='such as "(gt)3"')
    parser.add_argument("--unit", help="convert the values to this unit")
    parser.add_argument(
        "--since", help="the earliest time, such as 2026-11-23 or 2026-11-23T09:00Z"
    )
    parser.add_argument("--until", help="the latest time")
    parser.add_argument("--sort", default=sort, help="a field; -field sorts in descending order")


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
