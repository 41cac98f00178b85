"""A new step of the interactive flow is one function and one line in the table of steps."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

import httpx
import pytest

from quantimodo.app.composition.server import build_server
from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.authorization.steps.step import Step
from quantimodo.authorization.steps.table import STEPS
from quantimodo.authorization.stored_requests import resume_path
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.errors import ConsentRequired
from support.app import AppHarness, response_of
from support.environment import shipped_renderer

_ACCEPT_TERMS = Reason(ConsentRequired, "the person has to accept the terms")


@dataclass(slots=True)
class Terms:
    """The step: each person accepts the terms once, on a page at /terms."""

    accepted_by: set[int] = field(default_factory=set)

    def needed(
        self,
        interaction: Interaction,
        subject: AuthenticatedSubject | None,
        policy: InteractionPolicy,
        now: datetime,
    ) -> Reason | None:
        accepted = subject is not None and subject.user.id in self.accepted_by
        return None if accepted else _ACCEPT_TERMS

    def page(self, interaction: Interaction) -> str:
        return f"/terms?return_to={quote(resume_path(interaction.id), safe='/')}"


@pytest.fixture
def terms() -> Terms:
    return Terms()


async def with_step(harness: AppHarness, terms: Terms, before: str) -> None:
    """The server with one more line in the table."""
    place = [step.name for step in STEPS].index(before)
    line = Step("terms", terms.needed, terms.page)
    steps = (*STEPS[:place], line, *STEPS[place:])
    harness.application = await build_server(harness.context, shipped_renderer(), steps)


def leads_to_terms(response: httpx.Response) -> bool:
    return response.status_code == 303 and response.headers["location"].startswith("/terms?")


def returned_to(response: httpx.Response) -> str:
    """What the step's page returns to when the person is done."""
    return httpx.URL(response.headers["location"]).params["return_to"]


async def test_the_step_comes_in_its_order_and_returns_to_the_dispatcher(
    harness: AppHarness, terms: Terms
) -> None:
    person = await harness.person()
    await with_step(harness, terms, before="account")
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    assert leads_to_terms(page)
    address = returned_to(page)
    assert address.startswith("/api/v2/oauth/authorize/resume?request=")
    assert leads_to_terms(await browser.get(address)), "it is still needed"
    terms.accepted_by.add(person.id)
    consent = await browser.get(address)
    assert 'id="allow"' in consent.text, "the next step"
    response = response_of(await harness.decide(browser, consent))
    assert response.code
    assert (await harness.redeem(app, response.code)).status_code == 200


async def test_the_step_comes_after_the_login(harness: AppHarness, terms: Terms) -> None:
    person = await harness.person()
    await with_step(harness, terms, before="account")
    browser, app = harness.browser(), await harness.app()
    page = await harness.ask(browser, app)
    assert page.headers["location"].startswith("/sign-in?")
    onward = await browser.get(await harness.sign_in(browser, address=page.headers["location"]))
    assert leads_to_terms(onward)
    terms.accepted_by.add(person.id)
    assert 'id="allow"' in (await browser.get(returned_to(onward))).text


async def test_prompt_none_turns_the_step_into_its_error(harness: AppHarness, terms: Terms) -> None:
    person = await harness.person()
    await with_step(harness, terms, before="account")
    browser, app = await harness.signed_in(), await harness.app()
    response = response_of(await harness.ask(browser, app, prompt="none"))
    assert response.parameters["error"] == "consent_required"
    assert response.parameters["error_description"] == _ACCEPT_TERMS.text
    assert "code" not in response.parameters
    terms.accepted_by.add(person.id)
    await harness.authorize(browser, app)
    assert response_of(await harness.ask(browser, app, prompt="none")).code


async def test_a_consent_form_does_not_skip_the_step(harness: AppHarness, terms: Terms) -> None:
    person = await harness.person()
    await with_step(harness, terms, before="account")
    terms.accepted_by.add(person.id)
    browser, app = await harness.signed_in(), await harness.app()
    consent = await harness.ask(browser, app)
    terms.accepted_by.clear()
    assert leads_to_terms(await harness.decide(browser, consent))


async def test_head_names_the_page_of_the_step_and_stores_nothing(
    harness: AppHarness, terms: Terms
) -> None:
    await harness.person()
    await with_step(harness, terms, before="account")
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    before = len(harness.rows()["authorization_requests"])
    head = await browser.head(str(page.request.url))
    assert (head.status_code, head.headers["location"]) == (303, "/terms")
    assert len(harness.rows()["authorization_requests"]) == before
