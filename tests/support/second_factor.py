"""A second factor for tests: one right response, for the people who have set it up."""

from dataclasses import dataclass, field, replace

from quantimodo.app.composition.server import build_server
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from support.account_services import with_factors
from support.app import AppHarness
from support.environment import shipped_renderer

RIGHT = "fake-response-1"
WRONG = "fake-response-2"


@dataclass(slots=True)
class FakeSecondFactor:
    """`people`: the ids of those who have set it up."""

    people: set[int] = field(default_factory=set)
    label: str = "Code of the fake factor"

    async def is_set_up(self, user_id: int) -> bool:
        return user_id in self.people

    async def verify(self, user: User, response: Secret) -> tuple[str, ...] | None:
        return ("otp",) if response.reveal() == RIGHT else None


async def add_second_factor(harness: AppHarness, factor: FakeSecondFactor) -> None:
    """Serve with this factor from now on."""
    accounts = harness.context.accounts
    login = with_factors(accounts.login, factor)
    harness.context = replace(
        harness.context,
        accounts=replace(
            accounts,
            login=login,
            password_sign_in=replace(accounts.password_sign_in, login=login),
            sign_up=replace(accounts.sign_up, login=login),
            invited_sign_up=replace(accounts.invited_sign_up, login=login),
            recovery=replace(accounts.recovery, login=login),
        ),
        social=replace(harness.context.social, login=login),
    )
    harness.application = await build_server(harness.context, shipped_renderer())
