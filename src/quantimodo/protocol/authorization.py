"""The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).

Two steps, in this order. `identify` determines where a response may go: its faults are shown on a
page, because nothing is trusted yet. `validate` checks the rest: its faults go to the client by
redirect. Pure; the endpoint chooses the client and sends the responses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.consent_details import Details
from quantimodo.model.resources import Resource
from quantimodo.model.tokens import PolledCode
from quantimodo.protocol import pkce, scopes
from quantimodo.protocol.authorization_responses import ResponseMode
from quantimodo.protocol.claims_request import (
    NOTHING,
    ClaimsRequest,
    fails_acr,
    parse_claims_request,
)
from quantimodo.protocol.consent_details import parse_authorization_details
from quantimodo.protocol.dpop import requested_key
from quantimodo.protocol.errors import (
    InvalidAuthorizationDetails,
    InvalidRequest,
    InvalidTarget,
    RegistrationNotSupported,
    UnmetAuthenticationRequirements,
)
from quantimodo.protocol.grant_management import GrantAction, parse_action
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.redirects import matches
from quantimodo.protocol.resources import NO_RESOURCES, RequestedResources, requested_scope
from quantimodo.protocol.response_types import (
    check_mode,
    requested_mode,
    requested_type,
)
from quantimodo.protocol.security_profile_requests import check_parameters

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
PARAMETERS = frozenset(
    {
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "login_hint",
        "id_token_hint",
        "acr_values",
        "claims",
        "display",
        "ui_locales",
        "claims_locales",
        "authorization_details",
        "resource",
        "dpop_jkt",
        "grant_id",
        "grant_management_action",
    }
)
"""The recognised parameters of a request. All others are ignored (RFC 6749 §3.1), and never stored
or echoed: they may be misplaced secrets (security.md §16)."""
NAMES_THE_TARGET = frozenset({"client_id", "client_secret", "redirect_uri"})
"""A fault in one of these is shown on a page, because no client is known."""
READ = PARAMETERS | NAMES_THE_TARGET | {"token", "request", "request_uri", "registration"}
"""All parameters that the endpoint reads. Others are ignored, also if they are repeated, too long
or badly encoded."""


class InvalidClientOrRedirect(Exception):
    """The client or redirect URI is unknown: an error page, never a redirect. `refusal` is the code
    of its row in `protocol/refusals.py`."""

    def __init__(self, text: str, *, refusal: str = "parameter_malformed") -> None:
        super().__init__(text)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Target:
    """Where the response goes. `given`: whether the request has the redirect URI."""

    redirect_uri: str
    given: bool
    mode: ResponseMode
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A valid request. `scope`: the requested scopes that the client may have; `claims`: the claims
    that it requests individually; `details`: the health data, None for all that the scope opens;
    `states_details`: whether it has `authorization_details`, so that responses have them too;
    `resources`: the registered APIs that it names, besides ours; `code_key`: the key to which
    the code is bound (RFC 9449 §10); `polled`: the code with which the client polls;
    `grant_action`: what it does with a managed grant."""

    client: Client
    target: Target
    response_type: frozenset[str]
    scope: frozenset[str]
    nonce: str | None
    challenge: str | None
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None
    claims: ClaimsRequest = NOTHING
    details: Details = None
    resources: tuple[Resource, ...] = ()
    code_key: Confirmation | None = None
    polled: PolledCode | None = None
    grant_action: GrantAction | None = None
    states_details: bool = False

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The registered API of an access token in the front channel; none for ours."""
        return tuple(each.identifier for each in self.resources)

    @property
    def consent_scope(self) -> frozenset[str]:
        """All scopes that the response opens: the consent page shows them, the consent has them."""
        return self.scope | self.claims.scope


def identify(form: Form, client: Client) -> Target:
    """Where responses to this client go. Raises `InvalidClientOrRedirect`."""
    requested = form.get("redirect_uri")
    if requested is None:
        # OpenID Connect Core §3.1.2.1: REQUIRED there.
        if "openid" in (form.get("scope") or "").split(" "):
            raise InvalidClientOrRedirect(
                "redirect_uri is missing: OpenID Connect requires it each time.",
                refusal="redirect_uri_missing",
            )
        # RFC 6749 §3.1.2.3: may be left out when exactly one is registered.
        if len(client.redirect_uris) != 1:
            raise InvalidClientOrRedirect(
                "redirect_uri is missing, and the app has not registered just one.",
                refusal="redirect_uri_missing",
            )
        redirect_uri = client.redirect_uris[0]
    elif any(
        matches(registered, requested, public=client.public) for registered in client.redirect_uris
    ):
        redirect_uri = requested
    else:
        raise InvalidClientOrRedirect(
            "redirect_uri is not one of those that the app has registered.",
            refusal="redirect_uri_not_registered",
        )
    return Target(redirect_uri, requested is not None, requested_mode(form), form.get("state"))


def validate(
    form: Form, client: Client, target: Target, resources: RequestedResources = NO_RESOURCES
) -> AuthorizationRequest:
    """The whole request. `resources`: the registered APIs that it names. Raises an `OAuthError` for
    the client."""
    # OpenID Connect Core §7.2.1
    if form.get("registration") is not None:
        raise RegistrationNotSupported(
            "the parameter registration is not supported", refusal="parameter_missing"
        )
    words = requested_type(form, client)
    check_parameters(form, client)
    check_mode(form, words, client)
    scope = requested_scope(form.get("scope"), client, form.all("resource"), resources)
    if "token" in words and len(resources.foreign) + resources.own > 1:
        # RFC 8707 §2.1: there is one access token in the front channel, and it is for one API.
        raise InvalidTarget(
            "this response_type has one access token: name one resource",
            refusal="resource_ambiguous",
        )
    if "id_token" in words and "openid" not in scope:
        raise InvalidRequest("an ID token needs the scope openid", refusal="openid_scope_missing")
    nonce = form.get("nonce")
    # OpenID Connect Core §3.2.2.11, §3.3.2.11: without a nonce an ID token in the front channel
    # could be replayed.
    if "id_token" in words and nonce is None:
        raise InvalidRequest("this response_type needs a nonce", refusal="nonce_missing")
    claims = requested_claims(form, client, scope)
    if fails_acr(claims):
        raise UnmetAuthenticationRequirements("no sign-in of this server has a requested acr")
    scope, details = requested_details(form, scope)
    return AuthorizationRequest(
        client=client,
        target=target,
        response_type=words,
        scope=scope,
        nonce=nonce,
        challenge=_challenge(form, client, words),
        prompt=_prompt(form),
        max_age=_max_age(form, client),
        login_hint=form.get("login_hint"),
        claims=claims,
        details=details,
        resources=resources.foreign,
        code_key=requested_key(form.get("dpop_jkt")),
        grant_action=parse_action(form, client, words),
        states_details=form.get("authorization_details") is not None,
    )


def _challenge(form: Form, client: Client, words: frozenset[str]) -> str | None:
    # security.md §4, RFC 9700 §2.1.1
    required = "code" in words and (client.public or client.strict)
    return pkce.accept_challenge(
        form.get("code_challenge"), form.get("code_challenge_method"), required=required
    )


def _prompt(form: Form) -> frozenset[str]:
    prompt = frozenset((form.get("prompt") or "").split(" ")) - {""}
    # OpenID Connect Core §3.1.2.1: `none` stands alone.
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise InvalidRequest(
            "prompt has a value that is not supported, or none beside another",
            refusal="prompt_not_supported",
        )
    return prompt


def requested_claims(form: Form, client: Client, scope: frozenset[str]) -> ClaimsRequest:
    """The claims and the `acr` values that the request names. Raises `OAuthError`."""
    acr_values: Sequence[str] = (form.get("acr_values") or "").split()
    # OpenID Connect Core §5.5: `claims` is a parameter of OpenID requests. RFC 9470 §5:
    # `acr_values` is one of all requests.
    if "openid" not in scope:
        return parse_claims_request(None, acr_values, client.scope)
    # OpenID Connect Registration §2: the request overrides the registered default.
    acr_values = acr_values or client.metadata.default_acr_values
    return parse_claims_request(form.get("claims"), acr_values, client.scope)


def requested_details(form: Form, scope: frozenset[str]) -> tuple[frozenset[str], Details]:
    """The scope and the details, both without what the other one does not open."""
    text = form.get("authorization_details")
    if text is None:
        return scope, None
    details = parse_authorization_details(text)
    if not details.actions <= scopes.health_actions(scope):
        raise InvalidAuthorizationDetails(
            "authorization_details has an action whose scope is not requested, or not registered"
        )
    return scopes.effective(scope, details)


def _max_age(form: Form, client: Client) -> int | None:
    text = form.get("max_age")
    if text is None:
        return client.metadata.default_max_age
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidRequest("max_age must be a number of seconds", refusal="max_age_malformed")
    return int(text)
