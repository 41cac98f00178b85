"""The rules of consents: what a request gets, when the person is asked again, and how a decision
combines with an earlier consent. Pure."""

from dataclasses import replace
from typing import Any, Final

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.consent_details import (
    ACTIONS,
    NOTHING,
    ConsentDetails,
    Details,
    covers,
    explicit,
    intersection,
    union,
    within,
)
from quantimodo.model.consents import Consent, ConsentChoice
from quantimodo.model.tokens import Grant
from quantimodo.protocol.consent_details import (
    from_json,
    from_json_or_none,
    json_objects,
    parse_authorization_details,
    to_json,
)
from quantimodo.protocol.errors import InvalidAuthorizationDetails
from quantimodo.protocol.resources import plain_names, split_by_resource
from quantimodo.protocol.scopes import Scope, effective, format_scope, health_actions

MOST_REQUESTED_NAMES: Final = 500
"""Categories and variables in the requests that a consent has on record."""
MOST_SCOPES: Final = 500
"""Scopes of a consent. Those of registered APIs that are gone are among them."""


class InvalidChoice(Exception):
    """A choice that cannot be stored; `text` is for the person."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def is_decided(consent: Consent, scope: Scope, details: Details) -> bool:
    """Whether the person decided about all of this before, whatever the decision was."""
    return scope <= consent.requested_scope and _covers_scope(
        consent.requested_details, details, scope
    )


def allowed_part(consent: Consent, scope: Scope, details: Details) -> tuple[Scope, Details]:
    """The part of a request that the consent allows."""
    return effective(scope & consent.scope, intersection(details, consent.details))


def narrow_details(
    scope: Scope, granted_details: str | None, requested: str | None
) -> tuple[Scope, str | None]:
    """The part of a grant that a token request names by `authorization_details` (RFC 9396 §6), as
    the scope and the details of its access token; None for the details of the grant. Raises
    `InvalidAuthorizationDetails` for more than was granted."""
    if requested is None:
        return scope, None
    details, actions = parse_authorization_details(requested), health_actions(scope)
    allowed = explicit(from_json_or_none(granted_details), actions)
    if not details.actions <= actions or not covers(allowed, details):
        raise InvalidAuthorizationDetails(
            "authorization_details exceed what was granted",
            refusal="authorization_details_exceed_grant",
        )
    opened, restricting = effective(scope, details)
    return opened, to_json(explicit(restricting, health_actions(opened)))


def restricted_members(scope: Scope, details: str) -> dict[str, Any]:
    """The members of a response about access with details (RFC 9396 §7, §9.2): the details, and
    the scope without what they do not open (RFC 6749 §5.1)."""
    parsed = from_json(details)
    opened, _ = effective(scope, parsed)
    return {
        "scope": format_scope(plain_names(opened)),
        "authorization_details": json_objects(parsed),
    }


def required_details(metadata: ClientMetadata, requested: Details) -> ConsentDetails:
    """What the person cannot leave out of the requested details."""
    if not metadata.required_authorization_details:
        return NOTHING
    required = parse_authorization_details(metadata.required_authorization_details)
    return explicit(intersection(requested, required), ACTIONS)


def allows_grant(consent: Consent, grant: Grant) -> bool:
    """Whether the consent allows all of the grant, and ends no earlier."""
    ends_later = consent.expires_at is None or grant.expires_at <= consent.expires_at
    return ends_later and is_within(consent, grant.scope, from_json_or_none(grant.details))


def is_within(consent: Consent, scope: Scope, details: Details) -> bool:
    """Whether the consent allows all of this."""
    return scope <= consent.scope and _covers_scope(consent.details, details, scope)


def apply_choice(
    requested: Consent,
    choice: ConsentChoice,
    required: Scope,
    required_data: ConsentDetails = NOTHING,
) -> Consent:
    """The requested consent, restricted to the person's choice. `required_data`: what it must have
    of the health data that its scope opens. Raises `InvalidChoice`."""
    if not choice.scope <= requested.requested_scope:
        raise InvalidChoice("The app did not request all of this.")
    if not required <= choice.scope:
        raise InvalidChoice("The app cannot work without what it marked as required.")
    if choice.expires_at is not None and choice.expires_at <= requested.updated_at:
        raise InvalidChoice("Choose an end that is later than now.")
    details = intersection(requested.requested_details, choice.details)
    if not covers(details, required_data.of_actions(health_actions(choice.scope))):
        raise InvalidChoice("The app cannot work without what it marked as required.")
    scope, details = effective(choice.scope, details)
    if not scope:
        raise InvalidChoice("Choose something to allow, or cancel.")
    return replace(
        requested,
        scope=scope,
        details=details,
        expires_at=choice.expires_at,
        declined_scope=requested.requested_scope - scope,
    )


def merge_consents(before: Consent | None, given: Consent, *, decided: bool) -> Consent:
    """The earlier consent with a new one.

    `decided`: the person decided on all that `given` has as requested, so it replaces what was
    allowed of that. Otherwise it adds only what was not requested before.
    """
    if before is None or before.has_ended(given.updated_at):
        return given
    if len(before.requested_scope | given.requested_scope) > MOST_SCOPES:
        before = _without_apis(before)
    old = health_actions(before.requested_scope)
    new = health_actions(given.requested_scope)
    scope = (before.scope - given.declined_scope) | given.scope
    kept = explicit(before.details, health_actions(before.scope) - (new if decided else set()))
    added = explicit(given.details, health_actions(given.scope) - (set() if decided else old))
    allowed = union(kept, added)
    if not decided:
        scope -= before.declined_scope
    requested_scope = before.requested_scope | given.requested_scope
    requested_now = explicit(given.requested_details, new)
    requested = union(explicit(before.requested_details, old), requested_now)
    if requested.number_of_names > MOST_REQUESTED_NAMES:
        # The person is asked again about earlier requests for what is not allowed.
        requested = union(allowed, requested_now)
    scope, details = effective(scope, allowed)
    return replace(
        given,
        scope=scope,
        details=details,
        granted_at=before.granted_at,
        expires_at=given.expires_at if decided else before.expires_at,
        declined_scope=requested_scope - scope,
        requested_details=within(requested, health_actions(requested_scope)),
    )


def is_narrower(after: Consent, before: Consent) -> bool:
    """Whether `after` allows nothing that `before` does not allow, and ends no later."""
    ends_earlier = before.expires_at is None or (
        after.expires_at is not None and after.expires_at <= before.expires_at
    )
    return ends_earlier and is_within(before, after.scope, after.details)


def _without_apis(consent: Consent) -> Consent:
    """The consent to scopes of this server. The person is asked again about registered APIs."""
    return replace(
        consent,
        scope=split_by_resource(consent.scope)[0],
        declined_scope=split_by_resource(consent.declined_scope)[0],
    )


def _covers_scope(allowed: Details, requested: Details, scope: Scope) -> bool:
    """Whether `allowed` has all of `requested` that the scope opens."""
    if allowed is None:
        return True
    actions = health_actions(scope)
    return covers(explicit(allowed, actions), explicit(requested, actions))
