"""Buttons that send Facebook's signed requests to this server's callbacks."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.renderer import Renderer
from quantimodo.sandbox.facebook import Facebook
from quantimodo.sandbox.parameters import of_query
from quantimodo.sandbox.people import Behaviour
from quantimodo.sandbox.person_chooser import PersonChooser

_ABSENT: Final = frozenset({Behaviour.DECLINES, Behaviour.FAILS})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequestPage:
    """`deauthorize` and `deletion` are the paths of our callbacks."""

    person_chooser: PersonChooser
    renderer: Renderer
    facebook: Facebook
    deauthorize: str
    deletion: str

    async def show(self, request: Request) -> Response:
        """GET /sandbox/facebook/notices: the buttons for one person."""
        sent = of_query(request)
        person = self.person_chooser.chosen(sent)
        if person is None:
            return self.person_chooser.page(
                sent,
                heading="Messages from Facebook",
                lead="Choose the person of the account.",
                without=_ABSENT,
            )
        return self.renderer.page(
            "sandbox/signed_request.html",
            person=person,
            signed_request=self.facebook.sign_request(person),
            deauthorize=self.deauthorize,
            deletion=self.deletion,
        )
