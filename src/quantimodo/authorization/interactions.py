"""Interactions: an authorization request, what its person has done so far, and the channel of the
response.

Values only. Which step is next is `next_step.py`; the steps are in `steps/`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Protocol

from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, ConsentChoice, StoredRequest
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.authorization import (
    AuthorizationRequest,
    Target,
    identify,
    validate,
)
from quantimodo.protocol.errors import LoginRequired, OAuthError
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import NO_RESOURCES, RequestedResources


class ResponseChannel(Protocol):
    """How the response to an interaction reaches the application.

    `in_browser`: whether the person can do a step now. `carried`: whether the caller gets the
    response and carries it to the application; otherwise the browser stays on a page of this
    server, which learns of an error only. `confirm_at`: the path of the page on which the person
    confirms where the response goes; empty for none.
    """

    in_browser: ClassVar[bool]
    carried: ClassVar[bool]
    confirm_at: ClassVar[str]

    def target(self, form: Form, client: Client) -> Target:
        """Where the browser goes at the end. Raises `InvalidClientOrRedirect`."""

    def validated(
        self, form: Form, client: Client, target: Target, resources: RequestedResources
    ) -> AuthorizationRequest:
        """The request, checked by the rules of the channel. Raises an `OAuthError`."""

    def is_confirmed(self, subject: AuthenticatedSubject | None) -> bool:
        """Whether this person confirmed in this session where the response goes. Pure."""

    async def refuse(self) -> None:
        """Store the refusal for an application that polls."""


class PolledChannels(Protocol):
    """The channels of one kind of codes with which applications poll."""

    async def of(self, key: bytes) -> ResponseChannel | None:
        """The channel of the application that polls with the code of this key; None when there is
        no such code of this kind."""


class Carried:
    """What the channels have in common whose caller carries the response."""

    __slots__ = ()
    in_browser: ClassVar[bool] = True
    carried: ClassVar[bool] = True
    confirm_at: ClassVar[str] = ""

    def target(self, form: Form, client: Client) -> Target:
        """The redirect URI. Raises `InvalidClientOrRedirect`."""
        return identify(form, client)

    def validated(
        self, form: Form, client: Client, target: Target, resources: RequestedResources
    ) -> AuthorizationRequest:
        """The request, checked by the rules of RFC 6749. Raises an `OAuthError`."""
        return validate(form, client, target, resources)

    def is_confirmed(self, subject: AuthenticatedSubject | None) -> bool:
        """Always: it goes to a registered address, or to the caller."""
        return True

    async def refuse(self) -> None:
        """Nothing: the caller carries the error."""


@dataclass(frozen=True, slots=True)
class RedirectResponse(Carried):
    """The browser carries the response to the client's redirect URI."""


@dataclass(frozen=True, slots=True)
class JsonResponse(Carried):
    """The response is the body, for a caller that is not a browser (v2-api.md §5)."""

    in_browser: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """A pushed request that came back by its `request_uri` (RFC 9126 §4). `id` is as that of a
    stored interaction."""

    stored: StoredRequest
    request_uri: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifiedRequest:
    """Parameters whose client and redirect URI are known, so that the client can get an error.
    `resources`: the registered APIs that they name. `pushed`: how they came, unless in the request
    itself."""

    form: Form
    client: Client
    target: Target
    channel: ResponseChannel = field(default_factory=RedirectResponse)
    resources: RequestedResources = NO_RESOURCES
    pushed: PushedRequest | None = None

    @property
    def revision(self) -> str:
        """Changes when the client or one of the APIs is changed."""
        changed = [self.client.revision, *(each.revision for each in self.resources.foreign)]
        return ".".join(map(str, changed))

    def validated(self) -> AuthorizationRequest:
        """The request, checked by the rules of its channel. Raises an `OAuthError`."""
        return self.channel.validated(self.form, self.client, self.target, self.resources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the person has done so far.

    `consent` is the stored consent to the client. `decision` is the button that the person pressed
    on the consent page for this request, and `choice` what the person allowed of it, None for all.
    `choice_refused`: the form has an error, so the page is shown again. `wants_receipt`: the person
    wants the receipt by e-mail.
    `account_mismatch`: the request came with the login of
    another account than the one that is signed in in this browser. `pending_since`: when the
    person gave the first proof of a login that still needs a second factor. `has_factor`: whether
    the person has a second factor; it is looked up only for a request with `acr` values.
    """

    consent: Consent | None = None
    decision: Literal["allow", "deny"] | None = None
    choice: ConsentChoice | None = None
    choice_refused: bool = False
    wants_receipt: bool = False
    account_mismatch: bool = False
    pending_since: datetime | None = None
    has_factor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One authorization request on its way to a response. `id` is "" until it is stored; pages
    carry only the id."""

    identified: IdentifiedRequest
    request: AuthorizationRequest
    created_at: datetime
    stored: StoredRequest | None = None
    id: str = ""
    progress: Progress = field(default_factory=Progress)

    @property
    def channel(self) -> ResponseChannel:
        """How the application gets the response."""
        return self.identified.channel

    @property
    def in_browser(self) -> bool:
        """Whether the person can do a step now: every channel but JSON has a browser."""
        return self.channel.in_browser


@dataclass(frozen=True, slots=True)
class InteractionPolicy:
    """`recent_login`: a login for this very request counts as fresh for so long.

    Long enough to read a consent page. A request is stored for an hour, and a login at its
    beginning is not what `prompt=login` or a short `max_age` requests at its end.
    """

    recent_login: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step is needed. `error` is what `prompt=none` returns instead of the step's page; the
    last step has none."""

    error: type[OAuthError] | None
    text: str = ""

    @property
    def needs_login(self) -> bool:
        """Whether the person has to sign in."""
        return self.error is LoginRequired

    @property
    def requests_subject(self) -> bool:
        """Whether the step shows a page to a person whose account is known."""
        return self.error is not None and not self.needs_login
