"""Actions of commands on the account of one person, the same as those of the administration
pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from quantimodo.accounts.action_reasons import parse_reason
from quantimodo.accounts.addresses import presented_email
from quantimodo.accounts.errors import DomainError, TooMany
from quantimodo.accounts.people_administration import PersonAction
from quantimodo.app.composition.administration import people_administration
from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import Failed, run
from quantimodo.model.admin_actions import Authority
from quantimodo.model.users import User

Reason = Annotated[str, typer.Option("--reason", help="The reason, which is recorded.")]
_AS_BEFORE: Final = frozenset({"disable", "enable"})


async def person_of(context: AppContext, who: str) -> User:
    """The person with this number or e-mail address. Raises `Failed`."""
    if who.isascii() and who.isdigit():
        user = await context.stores.users.user(int(who))
    else:
        user = await context.stores.users.user_by_email(presented_email(who))
    if user is None:
        raise Failed("there is no such account; see: quantimodo users list")
    return user


def perform(action: PersonAction, who: str, reason: str) -> User:
    """Record the action and perform it. Returns the account afterwards; if it was deleted, as it
    was before."""

    async def do(context: AppContext) -> User:
        user = await person_of(context, who)
        administration = people_administration(context)
        if action in _AS_BEFORE and action not in administration.possible_actions(user, None):
            return user
        with refusals():
            await administration.perform(action, user, authority(reason))
        return await context.stores.users.user(user.id) or user

    return run(do)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a refusal of the account services into the error of the command."""
    try:
        yield
    except DomainError as refusal:
        text = refusal.message.removesuffix(".")
        raise Failed(f"{text[:1].lower()}{text[1:]}") from None
    except TooMany:
        raise Failed("too many e-mails to this address; try again later") from None


def authority(reason: str) -> Authority:
    """The operator as the actor, with the reason. Raises `InvalidInput`."""
    return Authority(reason=parse_reason(reason) if reason else "")
