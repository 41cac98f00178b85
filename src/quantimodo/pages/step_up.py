"""Step-up authentication of pages: a recent sign-in with the second factor, for people who have
one."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.pages.page_context import Endpoint, PageContext


@dataclass(frozen=True, slots=True)
class StepUp:
    """For exports of data, deletions, and a change of the e-mail address. The set-up and the
    removal of a factor need a recent sign-in of every person (`two_step.py`)."""

    page_context: PageContext
    second_factors: SecondFactors

    def before(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint behind the check, which raises `ReauthenticationNeeded`."""

        async def checked(request: Request) -> Response:
            browser_request = await self.page_context.browser_request(request)
            if browser_request.session is not None:
                await self.second_factors.require_step_up(browser_request.session)
            return await endpoint(request)

        return checked
