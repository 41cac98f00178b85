"""Buttons that send Facebook's signed requests to this server's callbacks."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.layout import Renderer
from quantimodo.sandbox.facebook import Facebook
from quantimodo.sandbox.parameters import of_query
from quantimodo.sandbox.people import Behaviour
from quantimodo.sandbox.person_chooser import PersonChooser

_ABSENT: Final = frozenset({Behaviour.DECLINES, Behaviour.FAILS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """`deauthorize` and `deletion` are the paths of our callbacks."""

    person_chooser: PersonChooser
    renderer: Renderer
    facebook: Facebook
    deauthorize: str
    deletion: str

    async def show(self, request: Request) -> Response:
        """GET …/notices."""
        sent = of_query(request)
        person = self.person_chooser.chosen(sent)
        if person is None:
            return self.person_chooser.page(
                sent,
                heading="What Facebook tells the server",
                lead="Choose whose account it is about.",
                without=_ABSENT,
            )
        return self.renderer.page(
            "sandbox/notices.html",
            person=person,
            signed_request=self.facebook.sign_request(person),
            deauthorize=self.deauthorize,
            deletion=self.deletion,
        )
