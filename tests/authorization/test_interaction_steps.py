"""The steps of an interaction: which one comes next (OpenID Connect Core §3.1.2.3, §3.1.2.4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quantimodo.authorization.interactions import (
    IdentifiedRequest,
    Interaction,
    InteractionPolicy,
    JsonResponse,
    Progress,
    Reason,
)
from quantimodo.authorization.next_step import next_step
from quantimodo.authorization.steps.step import Step, View
from quantimodo.authorization.steps.table import STEPS
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.sessions import Session
from quantimodo.model.users import User
from quantimodo.protocol.authorization import identify, validate
from quantimodo.protocol.errors import ConsentRequired, LoginRequired
from quantimodo.protocol.parameters import Form

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
POLICY = InteractionPolicy()
CALLBACK = "https://app.example.org/callback"
CLIENT = Client(
    id="an-app",
    name="Mood Tracker",
    redirect_uris=(CALLBACK,),
    scope=frozenset({"basic", "readmeasurements"}),
    created_at=NOW,
)
ANN = User(
    id=1,
    subject="ann",
    name="Ann Example",
    email="ann@example.org",
    created_at=NOW,
    updated_at=NOW,
)
CONSENT = Consent(
    user_id=1,
    client_id="an-app",
    scope=frozenset({"basic"}),
    granted_at=NOW,
    updated_at=NOW,
)
DONE = Progress(consent=CONSENT)


def interaction(
    progress: Progress = DONE, client: Client = CLIENT, **requested: str
) -> Interaction:
    parameters = {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        **requested,
    }
    form = Form.of_pairs(list(parameters.items()))
    target = identify(form, client)
    return Interaction(
        identified=IdentifiedRequest(form=form, client=client, target=target),
        request=validate(form, client, target),
        created_at=NOW,
        id="qmq_example",
        progress=progress,
    )


def session(age: timedelta = timedelta()) -> Session:
    at = NOW - age
    return Session(
        key=b"key",
        sid="sid",
        user=ANN,
        created_at=at,
        authenticated_at=at,
        seen_at=at,
        expires_at=NOW + timedelta(days=1),
        methods=("pwd",),
    )


def following(
    of: Interaction, subject: Session | None, now: datetime = NOW, steps: Any = STEPS
) -> str:
    step, _ = next_step(steps, of, subject, POLICY, now)
    name: str = step.name
    return name


def test_the_steps_are_in_this_order() -> None:
    names = [step.name for step in STEPS]
    assert names == ["login", "second_factor", "channel", "account", "consent", "respond"]
    assert STEPS[-1].page is View.RESPONSE


def test_nothing_is_needed_of_a_person_who_is_signed_in_and_has_consented() -> None:
    assert following(interaction(), session()) == "respond"


def test_the_person_signs_in_first() -> None:
    assert following(interaction(), None) == "login"
    assert following(interaction(Progress()), None) == "login"


@pytest.mark.parametrize(
    ("requested", "age", "name"),
    [
        ({"max_age": "60"}, 59 * SECOND, "respond"),
        ({"max_age": "60"}, 61 * SECOND, "login"),
        ({"prompt": "login"}, SECOND, "login"),
        ({"prompt": "login"}, timedelta(), "respond"),
    ],
)
def test_a_login_is_recent_enough_or_the_person_signs_in_again(
    requested: dict[str, str], age: timedelta, name: str
) -> None:
    assert following(interaction(**requested), session(age)) == name


@pytest.mark.parametrize(
    ("parameters", "methods", "has_factor", "name"),
    [
        ({"acr_values": "3"}, ("pwd",), True, "login"),
        ({"acr_values": "urn:example:gold 3"}, ("pwd",), True, "login"),
        ({"acr_values": "3"}, ("pwd",), False, "respond"),
        ({"acr_values": "3 2"}, ("pwd",), True, "respond"),
        ({"acr_values": "urn:example:gold"}, ("pwd",), True, "respond"),
        ({"acr_values": "3"}, ("pwd", "otp", "mfa"), True, "respond"),
        ({"acr_values": "3", "prompt": "none"}, ("pwd",), True, "respond"),
        ({}, ("pwd",), True, "respond"),
    ],
)
def test_acr_values_that_the_person_can_reach_need_one_more_sign_in(
    parameters: dict[str, str], methods: tuple[str, ...], has_factor: bool, name: str
) -> None:
    """RFC 9470 §5; the values are voluntary (OpenID Connect Core §3.1.2.1)."""
    client = replace(CLIENT, scope=frozenset({"basic", "openid"}), first_party=True)
    progress = replace(DONE, has_factor=has_factor)
    requested = interaction(progress, client, scope="openid", **parameters)
    assert following(requested, replace(session(SECOND), methods=methods)) == name
    assert following(requested, session()) == "respond", "the person tries once"


def test_a_login_for_this_request_counts_for_five_minutes() -> None:
    after = replace(session(), authenticated_at=NOW + SECOND)
    fresh = interaction(prompt="login")
    assert following(fresh, after, NOW + 5 * MINUTE) == "respond"
    assert following(fresh, after, NOW + 5 * MINUTE + 2 * SECOND) == "login"


def test_a_pending_login_waits_for_its_second_factor() -> None:
    pending = replace(DONE, pending_since=NOW - MINUTE)
    assert following(interaction(pending), None) == "second_factor"
    assert following(interaction(pending), session()) == "respond", "it replaces no session"


def test_a_pending_login_that_is_too_old_for_the_request_starts_again() -> None:
    before = replace(DONE, pending_since=NOW - MINUTE)
    assert following(interaction(before, prompt="login"), None) == "login"
    assert following(interaction(before, max_age="59"), None) == "login"
    after = replace(DONE, pending_since=NOW)
    assert following(interaction(after, prompt="login"), None) == "second_factor"


def test_the_account_is_shown_when_another_one_is_signed_in() -> None:
    assert following(interaction(replace(DONE, account_mismatch=True)), session()) == "account"
    assert following(interaction(prompt="select_account"), session()) == "account"


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_decision_answers_account_and_consent_and_no_other_step(decision: Any) -> None:
    decided = Progress(decision=decision, account_mismatch=True)
    assert following(interaction(decided, prompt="consent"), session()) == "respond"
    assert following(interaction(decided), None) == "login"


def test_consent_covers_the_requested_scopes() -> None:
    assert following(interaction(Progress()), session()) == "consent"
    assert following(interaction(scope="readmeasurements"), session()) == "consent"
    assert following(interaction(prompt="consent"), session()) == "consent"
    first_party = replace(CLIENT, first_party=True, public=False)
    assert following(interaction(Progress(), first_party), session()) == "respond"


PROOF_KEY = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}
LOOPBACK, PRIVATE = "http://127.0.0.1/callback", "com.example.app:/callback"
NATIVE = replace(CLIENT, public=True, redirect_uris=(CALLBACK, LOOPBACK, PRIVATE))
BY_DOCUMENT = replace(CLIENT, id="https://app.example.org/client", public=True)


@pytest.mark.parametrize(
    ("client", "callback", "expected"),
    [
        (NATIVE, CALLBACK, "respond"),
        (NATIVE, LOOPBACK, "consent"),
        (NATIVE, PRIVATE, "consent"),
        (replace(NATIVE, public=False), PRIVATE, "respond"),
        (BY_DOCUMENT, CALLBACK, "respond"),
        (replace(BY_DOCUMENT, created_at=NOW + SECOND), CALLBACK, "consent"),
        (replace(NATIVE, created_at=NOW + SECOND), CALLBACK, "respond"),
    ],
)
def test_a_consent_on_record_counts_where_the_redirect_uri_proves_the_client(
    client: Client, callback: str, expected: str
) -> None:
    """RFC 8252 §8.6; a client of a metadata document also has the keys of the consent."""
    requested = {"redirect_uri": callback, "code_challenge_method": "S256", **PROOF_KEY}
    assert following(interaction(client=client, **requested), session()) == expected


@pytest.mark.parametrize(
    ("progress", "subject", "error"),
    [
        (DONE, None, LoginRequired),
        (replace(DONE, pending_since=NOW), None, LoginRequired),
        (replace(DONE, account_mismatch=True), session(), ConsentRequired),
        (Progress(), session(), ConsentRequired),
    ],
)
def test_prompt_none_turns_the_first_needed_step_into_its_error(
    progress: Progress, subject: Session | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        following(interaction(progress, prompt="none"), subject)


def test_prompt_none_responds_when_nothing_is_needed() -> None:
    assert following(interaction(prompt="none"), session()) == "respond"


def test_a_caller_that_is_not_a_browser_learns_which_step_is_needed() -> None:
    silent = interaction(prompt="none")
    as_json = replace(silent, identified=replace(silent.identified, channel=JsonResponse()))
    assert following(as_json, None) == "login"


def test_a_table_without_a_last_step_is_an_error() -> None:
    never = Step("never", lambda *_: None, View.CONSENT)
    with pytest.raises(LookupError):
        following(interaction(), session(), steps=(never,))


def test_a_reason_says_whether_it_is_about_a_known_person() -> None:
    assert not Reason(LoginRequired).requests_subject
    assert Reason(ConsentRequired).requests_subject
    assert not Reason(None).requests_subject
