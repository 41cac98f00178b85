"""What the security profile of an application requires of its requests. Pure.

The requirements are rows of the table in `security_profiles.py`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation, sender_constraint
from quantimodo.protocol.errors import InvalidRequest, InvalidRequestObject
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profiles import profile_of

_SIGNED_RESPONSES: Final = frozenset({"jwt", "query.jwt", "fragment.jwt", "form_post.jwt"})
SIGNED: Final = "signed request"
"""What is stored with a pushed request that was a signed object. No parameter has this name: an
endpoint reads those that it knows."""
_HOUR: Final = timedelta(minutes=60)
_SKEW: Final = timedelta(seconds=60)


def needs_push(client: Client) -> bool:
    """Whether its authorization requests are refused unless it pushed them (RFC 9126 §6, FAPI 2.0
    §5.3.2.2 (3))."""
    registered = client.metadata.require_pushed_authorization_requests
    return registered or profile_of(client).pushed_requests


def pushed_lifetime(client: Client, lifetime: timedelta) -> timedelta:
    """How long a pushed request of this client can be used."""
    return min(lifetime, profile_of(client).longest_pushed or lifetime)


def needs_signature(client: Client) -> bool:
    """Whether its authorization requests are refused unless they are signed request objects
    (RFC 9101 §10.5, FAPI 2.0 Message Signing §5.3.1 (1))."""
    return client.metadata.require_signed_request_object or profile_of(client).signed_requests


def check_signed(form: Form, client: Client) -> None:
    """An authorization request before its request object is read. Raises `InvalidRequest`."""
    by_reference = form.get("request_uri") is not None
    if needs_signature(client) and form.get("request") is None and not by_reference:
        raise InvalidRequest(
            "the app has to sign its requests: send a request object", refusal="request_not_signed"
        )


def mark_signed(pushed: Form, form: Form, client: Client) -> Form:
    """The request with a mark if it was pushed signed, for `check_still_signed`."""
    unsigned = client.metadata.request_object_signing_alg == "none"
    if pushed.get("request") is None or unsigned:
        return form
    return Form.of_pairs([*form.items(), (SIGNED, "yes")])


def check_still_signed(form: Form, client: Client) -> None:
    """A pushed request at the authorization endpoint, by what its client has to do now (RFC 9126
    §4, §7.4). Raises `InvalidRequest`."""
    if needs_signature(client) and form.get(SIGNED) is None:
        raise InvalidRequest(
            "the app has to sign its requests: push a request object", refusal="request_not_signed"
        )


def check_parameters(form: Form, client: Client) -> None:
    """An authorization request with the parameters of its request object. Raises
    `InvalidRequest`."""
    profile = profile_of(client)
    if profile.redirect_uri_sent and form.get("redirect_uri") is None:
        raise InvalidRequest(
            "the app's security profile requires redirect_uri in each request",
            refusal="profile_not_met",
        )
    # FAPI 2.0 Message Signing §5.4.1
    if profile.signed_responses and form.get("response_mode") not in _SIGNED_RESPONSES:
        raise InvalidRequest(
            "the app's security profile requires the response_mode jwt", refusal="profile_not_met"
        )


def check_sender_constraint(client: Client, confirmation: Confirmation | None) -> None:
    """A token request. Raises `InvalidRequest` if its tokens would be bound to no key (FAPI 2.0
    §5.3.2.1 (4))."""
    if profile_of(client).sender_constrained and sender_constraint(confirmation) == "none":
        raise InvalidRequest(
            "the app's security profile requires tokens that are bound to a key: send a DPoP"
            " proof, or the client certificate",
            refusal="profile_not_met",
        )


def check_request_object(
    claims: Mapping[str, Any], client: Client, times: Mapping[str, float | None], now: datetime
) -> None:
    """The times of a request object, and that it names this server. Raises
    `InvalidRequestObject`."""
    profile, moment = profile_of(client), now.timestamp()
    # FAPI 2.0 §5.3.2.1 (13); `nbf` is checked for all applications.
    issued, ahead = times["iat"] or 0, profile.most_ahead
    if ahead is not None and issued >= moment + ahead.total_seconds():
        raise InvalidRequestObject("iat of the request object is ahead")
    if not profile.bounded_objects:
        return
    # FAPI 2.0 Message Signing §5.3.1 (2), (3), (4)
    begins, expires = times["nbf"], times["exp"]
    if "aud" not in claims or begins is None or expires is None:
        raise InvalidRequestObject("the request object must have aud, nbf and exp")
    if begins < moment - (_HOUR + _SKEW).total_seconds():
        raise InvalidRequestObject("nbf of the request object is more than 60 minutes past")
    if expires - begins > _HOUR.total_seconds():
        raise InvalidRequestObject("exp of the request object is more than 60 minutes after nbf")
