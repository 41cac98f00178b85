"""`quantimodo-client login`, `whoami`, `logout`."""

from __future__ import annotations

import json
from argparse import Namespace
from contextlib import suppress

from swagger_client.command.accounts import Account, account_in, forget_account
from swagger_client.command.environment import CliEnvironment
from swagger_client.command.qr_codes import qr_code
from swagger_client.models import User
from swagger_client.rest import ApiException
from swagger_client.session import DeviceCode, MemoryStore, OAuthSession, Token
from swagger_client.session.application import server_of

SCOPE = "basic readmeasurements writemeasurements offline_access"


class RevocationFailed(Exception):
    """The tokens are deleted on this machine, but the server did not revoke them."""


def login(options: Namespace, env: CliEnvironment) -> None:
    """Sign in with the browser or with another device, and store the account.

    After success the previous account is signed out.
    """
    account = Account(
        server=server_of(options.server),
        client_id=options.client_id,
        scope=options.scope,
        keyring=options.keyring,
    )
    account.check_store(env.folder)
    with account.session(env, MemoryStore()) as session:
        if options.device:
            token = session.fetch_device_token(lambda code: _show(code, env))
        else:
            token = _by_browser(session, options, env)
    _sign_out_former(env)
    account.save(env.folder, token)
    with account.session(env) as session:
        _report_sign_in(session, options, env)


def _sign_out_former(env: CliEnvironment) -> None:
    """Revoke the tokens of the previous account. Errors of its server are ignored."""
    with suppress(ApiException, ValueError, OSError, ImportError):
        former = account_in(env.folder)
        forget_account(env.folder)
        with former.session(env) as session:
            session.sign_out()


def _report_sign_in(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    server = session.application.server
    try:
        person = session.me()
    except ApiException as refusal:
        if refusal.status != 403:  # without the scope `basic` the name is not available
            raise
        env.print_result(
            json.dumps({"server": server}) if options.json else f"Signed in at {server}"
        )
    else:
        env.print_result(
            _as_json(person, server)
            if options.json
            else f"Signed in as {_description(person, server)}"
        )


def _by_browser(session: OAuthSession, options: Namespace, env: CliEnvironment) -> Token:
    def show(address: str) -> None:
        env.print_message(f"Sign in with your browser, at\n  {address}")
        env.print_message(
            f"Waiting for the sign-in for up to {_minutes(options.wait)}; Ctrl-C stops."
        )

    browser = _open_no_browser if options.no_browser else env.open_browser
    return session.sign_in(port=options.port, wait=options.wait, show=show, open_browser=browser)


def _minutes(seconds: float) -> str:
    if seconds < 120:
        return "1 second" if seconds == 1 else f"{seconds:g} seconds"
    return f"{seconds / 60:.3g} minutes"


def _open_no_browser(address: str) -> None:
    """No browser."""


def _show(code: DeviceCode, env: CliEnvironment) -> None:
    env.print_message(f"Open {code.verification_uri} on any device, and type {code.user_code}")
    if code.verification_uri_complete:
        env.print_message(f"or open {code.verification_uri_complete}")
        picture = qr_code(code.verification_uri_complete) if env.err.isatty() else None
        if picture is not None:
            env.print_message(picture)
            env.print_message(f"The page must show the code {code.user_code}.")


def whoami(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    """Who is signed in, and where."""
    person, server = session.me(), session.application.server
    env.print_result(_as_json(person, server) if options.json else _description(person, server))


def _as_json(person: User, server: str) -> str:
    return json.dumps({**person, "server": server})


def _description(person: User, server: str) -> str:
    address = f" <{person.email}>" if person.email else ""
    return f"{person.display_name}{address} at {server}"


def logout(options: Namespace, env: CliEnvironment) -> None:
    """Delete the tokens here, and revoke them at the server."""
    account = account_in(env.folder)
    forget_account(env.folder)
    with account.session(env) as session:
        try:
            session.sign_out()
        except ApiException as fault:
            raise RevocationFailed(
                f"You are signed out here, but {account.server} did not revoke"
                f" your tokens ({fault.reason}): they may be valid until they expire"
            ) from None
    env.print_result(json.dumps({"signedOut": True}) if options.json else "Signed out.")
