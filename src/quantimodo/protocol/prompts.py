"""Which step comes next: sign in, ask, or answer (OpenID Connect Core §3.1.2.3, §3.1.2.4)."""

from datetime import datetime, timedelta
from enum import Enum, auto

from quantimodo.model.consents import Consent
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.errors import ConsentRequired, LoginRequired
from quantimodo.protocol.redirects import is_claimed

# Long enough to read a consent page. A request may wait for an hour, and a sign-in at its
# beginning is not what `prompt=login` or a short `max_age` asks for at its end.
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
    """The step for a person who is there so, with this consent; `asked_at` is when the client
    asked. `account_mismatch`: somebody else is signed in in the same browser, so the person is
    asked.

    Raises `LoginRequired` or `ConsentRequired` where `prompt=none` forbids a page.
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
    """Whether this request wants a newer sign-in than this one."""
    age = now - signed_in.authenticated_at
    if signed_in.authenticated_at >= asked_at and age <= _JUST_NOW:
        return False  # signed in for this very request
    if "login" in request.prompt:
        return True
    return request.max_age is not None and age > timedelta(seconds=request.max_age)


def _must_ask(request: AuthorizationRequest, consent: Consent | None) -> bool:
    client = request.client
    # The consent page shows the account and lets the person switch: that is the account chooser.
    if request.prompt & {"consent", "select_account"}:
        return True
    if client.skips_consent:
        return False
    # RFC 8252 §8.6, docs/decisions/0006: any program on a device can pretend to be a public client
    # whose answers come by a private-use scheme or a loopback address.
    if consent is None or (client.public and not is_claimed(request.target.redirect_uri)):
        return True
    return not request.told <= consent.scope
