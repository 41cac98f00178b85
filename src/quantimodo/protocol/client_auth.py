"""Reads client credentials (RFC 6749 §2.3) without checking them.

`clients/authentication.py` compares them with the registered ones.
"""

import binascii
from typing import Literal, NamedTuple
from urllib.parse import unquote_plus

from quantimodo.model.secrets import Secret
from quantimodo.protocol.client_assertion import TYPE
from quantimodo.protocol.errors import InvalidClient, InvalidRequest
from quantimodo.protocol.parameters import Form

PARAMETERS = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})
"""What `parse_credentials` reads of a form (RFC 6749 §2.3.1, RFC 7521 §4.2)."""

Method = Literal["client_secret_basic", "client_secret_post", "none", "assertion"]


class Credentials(NamedTuple):
    """Presented credentials. `secret` is None for method `none`. When `client_id` is empty, the
    `assertion` names the client."""

    client_id: str
    secret: Secret | None
    method: Method
    assertion: Secret | None = None


def parse_credentials(authorization: str | None, form: Form) -> Credentials:
    """The one set of credentials in a request.

    Raises `InvalidRequest` for more than one method, `InvalidClient` for none or a broken one.
    """
    secret = form.get("client_secret")
    scheme, _, encoded = (authorization or "").partition(" ")
    # v2-api.md §1: clients of 2016 send a Bearer header everywhere; here it is ignored.
    if scheme.lower() != "basic":
        if scheme and scheme.lower() != "bearer":
            raise InvalidClient(
                "this authentication scheme is not supported",
                challenged=True,
                refusal="client_authentication_malformed",
            )
        if form.get("client_assertion") is not None:
            return _parse_assertion(form)
        client_id = form.get("client_id")
        if client_id is None:
            raise InvalidClient(
                "the client did not say who it is: client_id is missing",
                refusal="client_id_missing",
            )
        if secret is None:
            return Credentials(client_id, None, "none")
        return Credentials(client_id, Secret(secret), "client_secret_post")
    # RFC 6749 §2.3: not more than one method in a request.
    if secret is not None or form.get("client_assertion") is not None:
        raise InvalidRequest(
            "the client authenticates in more than one way", refusal="client_authentication_twice"
        )
    credentials = _parse_basic(encoded)
    if form.get("client_id") not in (None, credentials.client_id):
        raise InvalidRequest(
            "client_id differs from the one in the Authorization header",
            refusal="client_id_differs",
        )
    return credentials


def _parse_assertion(form: Form) -> Credentials:
    # RFC 6749 §2.3: not more than one method in a request.
    if form.get("client_secret") is not None:
        raise InvalidRequest(
            "the client authenticates in more than one way", refusal="client_authentication_twice"
        )
    # RFC 7521 §4.2
    if form.get("client_assertion_type") != TYPE:
        raise InvalidClient(
            "client_assertion_type is missing or not supported",
            refusal="client_assertion_type_wrong",
        )
    assertion = Secret(form.required("client_assertion"))
    return Credentials(form.get("client_id") or "", None, "assertion", assertion)


def _parse_basic(encoded: str) -> Credentials:
    try:
        text = binascii.a2b_base64(encoded, strict_mode=True).decode("utf-8")
    except (binascii.Error, ValueError):
        text = ""
    client_id, colon, secret = text.partition(":")
    # RFC 6749 §2.3.1: both halves are form-urlencoded before they are joined.
    if "%" in text or "+" in text:
        client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not colon or not client_id or not (client_id + secret).isprintable():
        raise InvalidClient(
            "the Basic credentials are malformed",
            challenged=True,
            refusal="client_authentication_malformed",
        )
    return Credentials(client_id, Secret(secret), "client_secret_basic")
