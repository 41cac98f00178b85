"""The device authorization grant (RFC 8628): its request, its errors with the rows of its refusals,
and its user codes. Pure."""

from collections.abc import Sequence
from typing import Final

from quantimodo.model.clients import Client
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.protocol.authorization import (
    AuthorizationRequest,
    Target,
    requested_claims,
    requested_details,
)
from quantimodo.protocol.errors import AccessDenied, OAuthError
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.refusal_row import RefusalRow
from quantimodo.protocol.resources import RequestedResources, requested_scope

DEVICE_PAGE: Final = "/device"
"""The page on which a person enters the code of a device (RFC 8628 §3.3)."""
DEVICE_CONFIRM: Final = f"{DEVICE_PAGE}/confirm"
DEVICE_DONE: Final = f"{DEVICE_PAGE}/done"
DEVICE_TARGET: Final = Target(DEVICE_DONE, False, "query", None)
"""Where the browser goes when a person has decided about a device: a page of this server."""

USER_CODE_ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628 §6.1: twenty consonants. Without vowels no words appear, and without digits none looks
like another character. Eight of them are 34.5 bits."""
USER_CODE_LENGTH: Final = 8
_GROUP: Final = 4
_LONGEST_TYPED: Final = 64  # of what is typed, before it is refused
USER_CODE_RANDOM_BYTES: Final = 16  # so many more bits than 34.5 that every code is equally likely

_GUIDE: Final = "device-grant.md#device-authorization-grant"
REFUSALS: Final[Sequence[RefusalRow]] = (
    RefusalRow(
        "device_code_not_valid",
        "invalid_grant",
        "A device code of this app that was not revoked.",
        "Request a new device code.",
        _GUIDE,
    ),
    RefusalRow(
        "device_code_used",
        "invalid_grant",
        "A device code that was not used before.",
        "Store the tokens of the first response, and stop polling.",
        _GUIDE,
    ),
    RefusalRow(
        "device_code_expired",
        "expired_token",
        "A device code that has not expired.",
        "Request a new device code, and show the new user code.",
        _GUIDE,
    ),
    RefusalRow(
        "authorization_pending",
        "authorization_pending",
        "A person who has decided.",
        "Poll again after the interval.",
        _GUIDE,
        ordinary=True,
    ),
    RefusalRow(
        "slow_down",
        "slow_down",
        "The interval between two polls, 5 seconds longer from now on.",
        "Wait longer between two polls.",
        _GUIDE,
        ordinary=True,
    ),
)
"""The rows of its refusals."""


class DeviceRefused(AccessDenied):
    """The person refused the device (RFC 8628 §3.5). Of the token endpoint: status 400."""

    status = 400


class AuthorizationPending(OAuthError):
    """RFC 8628 §3.5."""

    code = "authorization_pending"
    default_refusal = "authorization_pending"


class SlowDown(OAuthError):
    """RFC 8628 §3.5."""

    code = "slow_down"
    default_refusal = "slow_down"


class ExpiredToken(OAuthError):
    """RFC 8628 §3.5."""

    code = "expired_token"
    default_refusal = "device_code_expired"


def validate_device(
    form: Form, client: Client, resources: RequestedResources, device: DeviceAuthorization | None
) -> AuthorizationRequest:
    """A device authorization request (RFC 8628 §3.1): it has no redirect URI, and its code reaches
    the device only. `device` is None before it is stored. Raises an `OAuthError`."""
    scope = requested_scope(form.get("scope"), client, form.all("resource"), resources)
    claims = requested_claims(form, client, scope)
    scope, details = requested_details(form, scope)
    return AuthorizationRequest(
        client=client,
        target=DEVICE_TARGET,
        response_type=frozenset(),
        scope=scope,
        nonce=None,
        challenge=None,
        prompt=frozenset(),
        max_age=None,
        login_hint=None,
        claims=claims,
        details=details,
        resources=resources.foreign,
        polled=None if device is None else device.polled_code,
        states_details=form.get("authorization_details") is not None,
    )


def user_code_from_random(random: bytes) -> str:
    """The code that these `USER_CODE_RANDOM_BYTES` bytes give."""
    number, characters = int.from_bytes(random, "big"), []
    for _ in range(USER_CODE_LENGTH):
        number, index = divmod(number, len(USER_CODE_ALPHABET))
        characters.append(USER_CODE_ALPHABET[index])
    return "".join(characters)


def format_user_code(code: str) -> str:
    """The code in two groups, as devices show it."""
    return f"{code[:_GROUP]}-{code[_GROUP:]}"


def parse_user_code(text: str) -> str | None:
    """The code that a person typed, whatever the case, spaces and hyphens; None for a text that is
    no code."""
    if len(text) > _LONGEST_TYPED:
        return None
    characters = "".join(each for each in text.upper() if each.isalnum())
    valid = len(characters) == USER_CODE_LENGTH and set(characters) <= set(USER_CODE_ALPHABET)
    return characters if valid else None
