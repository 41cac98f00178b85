"""`quantimodo-client login`, `whoami`, `logout`."""

from __future__ import annotations

import json
from argparse import Namespace
from contextlib import suppress

from swagger_client.command.accounts import Account, account_in, forget_account
from swagger_client.command.environment import CliEnvironment
from swagger_client.models import User
from swagger_client.rest import ApiException
from swagger_client.session import DeviceCode, MemoryStore, OAuthSession, Token
from swagger_client.session.application import server_of

SCOPE = "basic readmeasurements writemeasurements offline_access"


class NotTold(Exception):
    """Somebody is signed out on this machine, and the server does not know."""


def login(asked: Namespace, around: CliEnvironment) -> None:
    """Sign in by the browser, or by another device, and remember it.

    Whoever was signed in before is signed out, but not before the new sign-in has worked.
    """
    account = Account(
        server=server_of(asked.server),
        client_id=asked.client_id,
        scope=asked.scope,
        keyring=asked.keyring,
    )
    account.check_store(around.folder)
    with account.session(around, MemoryStore()) as session:
        if asked.device:
            token = session.fetch_device_token(lambda code: _show(code, around))
        else:
            token = _by_browser(session, asked, around)
    _sign_out_former(around)
    account.save(around.folder, token)
    with account.session(around) as session:
        _greet(session, asked, around)


def _sign_out_former(around: CliEnvironment) -> None:
    """Nobody could end these tokens later. A server that is gone is no reason to stop."""
    with suppress(ApiException, ValueError, OSError, ImportError):
        former = account_in(around.folder)
        forget_account(around.folder)
        with former.session(around) as session:
            session.sign_out()


def _greet(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    server = session.application.server
    try:
        person = session.me()
    except ApiException as refusal:
        if refusal.status != 403:  # with no scope `basic`, nobody may know the name
            raise
        around.say(json.dumps({"server": server}) if asked.json else f"Signed in at {server}")
    else:
        around.say(
            _told(person, server) if asked.json else f"Signed in as {_named(person, server)}"
        )


def _by_browser(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> Token:
    def show(address: str) -> None:
        around.tell(f"Sign in with your browser, at\n  {address}")
        around.tell(f"Waiting until you come back, {_minutes(asked.wait)} at most; Ctrl-C stops.")

    browser = _nothing if asked.no_browser else around.open_browser
    return session.sign_in(port=asked.port, wait=asked.wait, show=show, open_browser=browser)


def _minutes(seconds: float) -> str:
    if seconds < 120:
        return "1 second" if seconds == 1 else f"{seconds:g} seconds"
    return f"{seconds / 60:.3g} minutes"


def _nothing(address: str) -> None:
    """No browser."""


def _show(code: DeviceCode, around: CliEnvironment) -> None:
    around.tell(f"Open {code.verification_uri} on any device, and type {code.user_code}")
    if code.verification_uri_complete:
        around.tell(f"or open {code.verification_uri_complete}")


def whoami(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    """Who is signed in, and where."""
    person, server = session.me(), session.application.server
    around.say(_told(person, server) if asked.json else _named(person, server))


def _told(person: User, server: str) -> str:
    return json.dumps({**person, "server": server})


def _named(person: User, server: str) -> str:
    address = f" <{person.email}>" if person.email else ""
    return f"{person.display_name}{address} at {server}"


def logout(asked: Namespace, around: CliEnvironment) -> None:
    """Forget the tokens, and end them at the server."""
    account = account_in(around.folder)
    forget_account(around.folder)
    with account.session(around) as session:
        try:
            session.sign_out()
        except ApiException as fault:
            raise NotTold(
                f"You are signed out here, but {account.server} could not be told"
                f" ({fault.reason}): it may let this sign-in live until it expires"
            ) from None
    around.say(json.dumps({"signedOut": True}) if asked.json else "Signed out.")
