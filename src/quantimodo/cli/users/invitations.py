"""`quantimodo users invitations`: invitations to make an account that were not used yet."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import typer

from quantimodo.accounts.invitations import Invitations
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import run
from quantimodo.cli.printing import print_json, print_table
from quantimodo.cli.users.account_actions import Reason, authority, refusals
from quantimodo.model.admin_actions import Authority
from quantimodo.model.invitations import Invitation

invitations = typer.Typer(help="List, resend and withdraw invitations that were not used.")

Address = Annotated[str, typer.Option("--email", help="The address that got the link.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_READ = 500


@invitations.command("list")
def list_invitations(as_json: AsJson = False) -> None:
    """List the invitations that were not used; expired ones are kept for two weeks."""

    async def read(context: AppContext) -> tuple[Sequence[Invitation], set[int]]:
        found: list[Invitation] = []
        service = context.accounts.invitations
        while page := await service.page(found[-1].id if found else None, _READ):
            found.extend(page)
        now = context.clock.now()
        return found, {each.id for each in found if each.expires_at <= now}

    found, expired = run(read)
    rows = [_fields(each, each.id in expired) for each in found]
    if as_json:
        print_json(rows)
    else:
        columns = ("email", "name", "state", "sent_at", "expires_at", "invited_by")
        print_table(columns, [tuple(row[name] for name in columns) for row in rows])


@invitations.command()
def resend(email: Address, reason: Reason = "") -> None:
    """Send a new link, valid for three days. The previous link becomes invalid."""

    async def change(service: Invitations, by: Authority) -> None:
        await service.resend(await service.of_address(email), by)

    change_invitations(change, reason)


@invitations.command()
def withdraw(email: Address, reason: Reason = "") -> None:
    """Withdraw an invitation that was not used."""

    async def change(service: Invitations, by: Authority) -> None:
        await service.withdraw(await service.of_address(email), by)

    change_invitations(change, reason)


def invite_person(email: str, name: str, reason: str) -> None:
    """Send an invitation."""
    change_invitations(lambda service, by: service.invite(email, name, by), reason)


def change_invitations(
    change: Callable[[Invitations, Authority], Awaitable[None]], reason: str
) -> None:
    """Run a change of invitations, with the reason that is recorded."""

    async def do(context: AppContext) -> None:
        with refusals():
            await change(context.accounts.invitations, authority(reason))

    run(do)


def _fields(invitation: Invitation, expired: bool) -> dict[str, Any]:
    return {
        "email": invitation.email,
        "name": invitation.name,
        "state": "expired" if expired else "open",
        "sent_at": invitation.sent_at,
        "expires_at": invitation.expires_at,
        "invited_by": invitation.invited_by,
    }
