"""The authorization endpoints of the sandbox, the same for every provider.

Owns the flow from a request to the choice of a person and back to the app. The provider makes the
content of the response.
"""

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.renderer import see_other
from quantimodo.ports.clock import Clock
from quantimodo.protocol.authorization_responses import redirect_target
from quantimodo.sandbox.authorization import (
    AuthorizationRequestRefused,
    FakeAuthorizationRequest,
    Target,
    identify,
    validate,
)
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.parameters import of_query
from quantimodo.sandbox.people import Behaviour, Person
from quantimodo.sandbox.person_chooser import PersonChooser
from quantimodo.sandbox.sealed_grants import SealedGrants


class ResponseBuilder(Protocol):
    """Builds the authorization response of one provider."""

    def response(
        self,
        fake_provider: FakeProvider,
        requested: FakeAuthorizationRequest,
        person: Person,
        code: str,
    ) -> dict[str, str]:
        """The authorization response without `state`."""

    def refusal(self, fake_provider: FakeProvider, code: str, description: str) -> dict[str, str]:
        """The parameters of an error response, as this provider spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeEndpoint:
    """`ending` is appended to each response address: Facebook appends `#_=_`."""

    fake_provider: FakeProvider
    builder: ResponseBuilder
    person_chooser: PersonChooser
    grants: SealedGrants
    clock: Clock
    ending: str = ""

    async def authorize(self, request: Request) -> Response:
        """GET: the page with the people, or the response once one is chosen. Raises
        `InvalidSandboxRequest`."""
        sent = of_query(request)
        target = identify(sent, self.fake_provider)
        try:
            requested = validate(sent, target)
            person = self.person_chooser.chosen(sent)
            if person is None:
                return self.person_chooser.page(
                    sent,
                    heading="Choose a person",
                    lead=f"An app asks {self.fake_provider.title} to sign you in.",
                )
            return self._back(target, self._response(requested, person))
        except AuthorizationRequestRefused as refusal:
            return self._back(
                target,
                self.builder.refusal(self.fake_provider, refusal.code, refusal.description),
            )

    def _response(self, requested: FakeAuthorizationRequest, person: Person) -> dict[str, str]:
        refuse_as(person)
        grant = requested.grant(self.fake_provider, person, int(self.clock.now().timestamp()))
        return self.builder.response(
            self.fake_provider, requested, person, self.grants.seal(grant, "code")
        )

    def _back(self, target: Target, response: dict[str, str]) -> Response:
        whole = {**response, "state": target.state} if target.state else response
        return see_other(redirect_target(target.redirect_uri, whole.items(), "query") + self.ending)


def refuse_as(person: Person) -> None:
    """Raises `AuthorizationRequestRefused` when this person's choice is a refusal."""
    if person.behaviour is Behaviour.DECLINES:
        raise AuthorizationRequestRefused("access_denied", "The person said no.")
    if person.behaviour is Behaviour.FAILS:
        raise AuthorizationRequestRefused("server_error", "The provider could not go on.")
