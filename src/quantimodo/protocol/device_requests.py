"""The device authorization request (RFC 8628 §3.1). Pure."""

from typing import Final

from quantimodo.model.clients import Client
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.protocol.authorization import (
    AuthorizationRequest,
    Target,
    requested_claims,
    requested_details,
)
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import RequestedResources, requested_scope

DEVICE_PAGE: Final = "/device"
"""The page on which a person enters the code of a device (RFC 8628 §3.3)."""
DEVICE_CONFIRM: Final = f"{DEVICE_PAGE}/confirm"
DEVICE_DONE: Final = f"{DEVICE_PAGE}/done"
DEVICE_TARGET: Final = Target(DEVICE_DONE, False, "query", None)
"""Where the browser goes when a person has decided about a device: a page of this server."""


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
