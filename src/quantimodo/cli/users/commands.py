"""`quantimodo users`: the operator creates and manages accounts."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from quantimodo.accounts.second_factors.set_up import SecondFactorStatus
from quantimodo.app.composition.administration import people_administration
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import Failed, field_errors, run
from quantimodo.cli.option_groups import option_group
from quantimodo.cli.printing import print_fields, print_json, print_table
from quantimodo.cli.text_files import read_text
from quantimodo.cli.users.account_actions import Reason, authority, perform, person_of
from quantimodo.cli.users.imports import import_users
from quantimodo.cli.users.invitations import invitations, invite_person
from quantimodo.cli.users.sessions import sessions
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import number_of
from quantimodo.model.user_profiles import Profile
from quantimodo.model.users import User
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.user_profiles import InvalidProfile, parse_claims

users = typer.Typer(no_args_is_help=True, help="Create and manage accounts.")

Who = Annotated[str, typer.Argument(help="The person's e-mail address or number.")]
ClaimsFile = Annotated[
    Path | None,
    typer.Option(
        help="A JSON file with claims of OpenID Connect: birthdate, address…",
        exists=True,
        dir_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """The options of `users create` that describe the account."""

    email: Annotated[str, typer.Option(help="The address to sign in with.")]
    name: Annotated[str, typer.Option(help="The name of the person.")]
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False
    admin: Annotated[bool, typer.Option("--admin", help="Make the person an administrator.")] = (
        False
    )
    verified: Annotated[bool, typer.Option("--verified", help="Mark the address as confirmed.")] = (
        False
    )
    claims: ClaimsFile = None
    reason: Reason = ""


@users.command()
@option_group(NewAccount, "account")
def create(account: NewAccount, as_json: AsJson = False) -> None:
    """Create an account. Without a password the person sets one with "Forgot the password?"."""
    with field_errors():
        password = _password() if account.password_stdin else None
    profile = None if account.claims is None else _profile(account.claims)
    with field_errors():
        by = authority(account.reason)

    async def add(context: AppContext) -> User:
        try:
            user = await context.accounts.administration.create(
                email=account.email,
                name=account.name,
                password=password,
                verified=account.verified,
            )
        except Conflict:
            raise Failed("an account with this e-mail address exists already") from None
        if profile is not None:
            await context.profiles.replace(user, profile)
        if account.admin:
            await people_administration(context).appoint(user, by)
        return await context.stores.users.user(user.id) or user

    _print(run(add), as_json)


users.command("import")(import_users)
users.add_typer(invitations, name="invitations")
users.command()(sessions)


@users.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the accounts."""
    found = run(_all)
    if as_json:
        print_json([_fields(user) for user in found])
    else:
        columns = ("id", "email", "name", "state", "created")
        print_table(columns, [(u.id, u.email, u.name, _state(u), u.created_at) for u in found])


@users.command()
def show(who: Who, as_json: AsJson = False) -> None:
    """Show one account, and its second factor."""

    async def read(context: AppContext) -> tuple[User, SecondFactorStatus | None]:
        user = await person_of(context, who)
        return user, await context.second_factors.status(user)

    user, status = run(read)
    if as_json:
        print_json({**_fields(user), "second_factor": None if status is None else asdict(status)})
    else:
        print_fields({**_fields(user), "second_factor": _second_factor(status)})


@users.command("profile")
def replace_profile(
    who: Who,
    claims: Annotated[
        Path, typer.Argument(help="A JSON file with claims.", exists=True, dir_okay=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Replace the profile of a person by a JSON file with claims of OpenID Connect."""
    profile = _profile(claims)

    async def store(context: AppContext) -> User:
        user = await person_of(context, who)
        await context.profiles.replace(user, profile)
        return user

    _print(run(store), as_json)


@users.command()
def disable(who: Who, as_json: AsJson = False, reason: Reason = "") -> None:
    """Disable an account: end all sessions, refuse sign-in and tokens at once."""
    _print(perform("disable", who, reason), as_json)


@users.command()
def enable(who: Who, as_json: AsJson = False, reason: Reason = "") -> None:
    """Enable a disabled account."""
    _print(perform("enable", who, reason), as_json)


@users.command("sign-out")
def sign_out(who: Who, reason: Reason = "") -> None:
    """End all sessions of a person."""
    perform("sign-out", who, reason)


@users.command("send-confirmation")
def send_confirmation(who: Who, reason: Reason = "") -> None:
    """Send a person the link again that confirms the e-mail address."""
    perform("send-confirmation", who, reason)


@users.command("send-reset")
def send_reset(who: Who, reason: Reason = "") -> None:
    """Send a person a link to choose a new password."""
    perform("send-reset", who, reason)


@users.command()
def reopen(who: Who, reason: Reason = "") -> None:
    """Cancel the deletion of an account that its person closed."""
    perform("reopen", who, reason)


@users.command()
def promote(who: Who, as_json: AsJson = False, reason: Reason = "") -> None:
    """Make a person an administrator, who can open /admin with a second factor."""
    _print(perform("promote", who, reason), as_json)


@users.command()
def demote(who: Who, as_json: AsJson = False, reason: Reason = "") -> None:
    """Remove the role of an administrator, unless the person is the last one."""
    _print(perform("demote", who, reason), as_json)


@users.command("reset-second-factor")
def reset_second_factor(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    reason: Reason = "",
) -> None:
    """Remove a person's authenticator app, recovery codes and passkeys. First verify that the
    request comes from this person."""
    if not yes and sys.stdin.isatty():
        typer.confirm("Remove the second factor and the passkeys of this account?", abort=True)
    perform("reset-second-factor", who, reason)


@users.command()
def delete(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    reason: Reason = "",
) -> None:
    """Delete an account with everything that belongs to it, its apps included."""
    if not yes and sys.stdin.isatty():
        typer.confirm("Delete this account, with its apps and all it allowed?", abort=True)
    perform("delete", who, reason)


@users.command()
def invite(
    email: Annotated[str, typer.Option(help="The address that gets the link.")],
    name: Annotated[str, typer.Option(help="The name of the person.")],
    reason: Reason = "",
) -> None:
    """Send a link by which a person makes an account, also where sign-up is closed."""
    invite_person(email, name, reason)


def _profile(file: Path) -> Profile:
    try:
        return parse_claims(json.loads(read_text(file)))
    except (ValueError, RecursionError):
        raise typer.BadParameter("the file is not JSON") from None
    except InvalidProfile as fault:
        raise typer.BadParameter(str(fault)) from None


def _password() -> Secret:
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, err=True)
        return Secret(typed)
    try:
        line = sys.stdin.readline().rstrip("\r\n")
        line.encode()  # Python passes on what is no UTF-8 as halves of surrogate pairs
    except UnicodeError:
        raise Failed("the password on standard input is not UTF-8 text") from None
    return Secret(line)


async def _all(context: AppContext) -> Sequence[User]:
    found: list[User] = []
    while page := await context.stores.users.users(after=found[-1].id if found else 0):
        found.extend(page)
    return found


def _print(user: User, as_json: bool) -> None:
    fields = _fields(user)
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)


def _fields(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "subject": user.subject,
        "name": user.name,
        "email": user.email,
        "verified": user.email_verified_at is not None,
        "administrator": user.administrator,
        "disabled": user.disabled_at is not None,
        "created_at": user.created_at,
    }


def _second_factor(status: SecondFactorStatus | None) -> str:
    if status is None:
        return "none"
    what = "authenticator app" if status.app else "passkeys"
    left = number_of(status.recovery_codes, "recovery code")
    return f"{what}, since {status.since}; {left} left"


def _state(user: User) -> str:
    words = ["disabled" if user.disabled_at else "active"]
    if user.deletes_at is not None:
        words.append("closed")
    if user.email_verified_at is None:
        words.append("not verified")
    if user.administrator:
        words.append("administrator")
    return ", ".join(words)
