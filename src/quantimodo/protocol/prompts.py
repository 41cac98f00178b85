"""The next step: sign in, ask for consent, or respond (OpenID Connect Core §3.1.2.3, §3.1.2.4)."""

from datetime import datetime, timedelta
from enum import Enum, auto

from quantimodo.model.consents import Consent
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.errors import ConsentRequired, LoginRequired
from quantimodo.protocol.redirects import is_claimed

# Long enough to read a consent page. A request is stored for up to an hour; a sign-in at its start
# does not satisfy `prompt=login` or a short `max_age` at its end.
_JUST_NOW = timedelta(minutes=5)


class Step(Enum):
    SIGN_IN = auto()
    ASK = auto()
    ANSWER = auto()


def next_step(
    request: AuthorizationRequest,
    signed_in: AuthenticatedSubject | None,
    consent: Consent | None,
    *,
    asked_at: datetime,
    now: datetime,
    account_mismatch: bool = False,
) -> Step:
    """The next step for this authenticated person and consent; `asked_at` is the time of the
    request. `account_mismatch`: another person is signed in in the same browser, so the person must
    choose.

    Raises `LoginRequired` or `ConsentRequired` when `prompt=none` forbids a page.
    """
    silent = "none" in request.prompt
    if signed_in is None or is_stale(request, signed_in, asked_at, now):
        if silent:
            raise LoginRequired("the person has to sign in")
        return Step.SIGN_IN
    if account_mismatch or _must_ask(request, consent):
        if silent:
            raise ConsentRequired("the person has to be asked")
        return Step.ASK
    return Step.ANSWER


def is_stale(
    request: AuthorizationRequest,
    signed_in: AuthenticatedSubject,
    asked_at: datetime,
    now: datetime,
) -> bool:
    """Whether this request requires a newer sign-in than this one."""
    age = now - signed_in.authenticated_at
    if signed_in.authenticated_at >= asked_at and age <= _JUST_NOW:
        return False  # signed in for this very request
    if "login" in request.prompt:
        return True
    return request.max_age is not None and age > timedelta(seconds=request.max_age)


def _must_ask(request: AuthorizationRequest, consent: Consent | None) -> bool:
    client = request.client
    # The consent page shows the account and has a link to switch: it is the account chooser.
    if request.prompt & {"consent", "select_account"}:
        return True
    if client.skips_consent:
        return False
    # RFC 8252 §8.6, docs/decisions/0006: any program on a device can impersonate a public client
    # that receives responses by a private-use scheme or a loopback address.
    if consent is None or (client.public and not is_claimed(request.target.redirect_uri)):
        return True
    return not request.told <= consent.scope
