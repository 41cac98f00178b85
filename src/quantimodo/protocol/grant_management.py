"""Grant Management for OAuth 2.0: what a request may do with a grant that an application manages.
Pure.

A managed grant has a public id. A merge or a replacement stores another grant with the same public
id, and ends the one before.
"""

from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple, get_args

from quantimodo.model.clients import Client
from quantimodo.model.tokens import ClaimsRequest, Grant
from quantimodo.protocol.consents import restricted_members
from quantimodo.protocol.errors import InvalidRequest, UnauthorizedClient
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import plain_names, split_by_resource
from quantimodo.protocol.scopes import Scope, format_scope
from quantimodo.protocol.security_profiles import profile_of

Kind = Literal["create", "merge", "replace"]
Requirement = Literal["none", "fapi2", "all"]
"""Which applications have to say in each request what it does with a grant: those with a FAPI 2.0
profile, or all."""
ACTIONS: Final = ("query", "revoke", *get_args(Kind))
"""What discovery lists (Grant Management §7.1)."""
QUERY: Final = "grant_management_query"
REVOKE: Final = "grant_management_revoke"
SCOPES: Final[Scope] = frozenset({QUERY, REVOKE})
"""Scopes of an application's own tokens, for the grants that it manages (Grant Management §6.1). No
authorization request has them."""
_LONGEST_ID: Final = 64
_FAPI: Final = frozenset({"fapi2", "fapi2_message_signing"})


class GrantAction(NamedTuple):
    """What a request does with a grant. `grant_id` is the public id, None to create one; `before`
    is the grant that it names, once that is known."""

    kind: Kind
    grant_id: str | None = None
    before: Grant | None = None


def parse_action(form: Form, client: Client, words: frozenset[str]) -> GrantAction | None:
    """The action of an authorization request with these words of `response_type`; None without
    one. Raises `InvalidRequest` or `UnauthorizedClient`."""
    given, grant_id = form.get("grant_management_action"), form.get("grant_id")
    if given is None:
        if grant_id is not None:
            raise InvalidRequest(
                "grant_id needs grant_management_action merge or replace",
                refusal="grant_action_malformed",
            )
        return None
    for kind in get_args(Kind):
        if kind == given:
            break
    else:
        raise InvalidRequest(
            "grant_management_action must be create, merge or replace",
            refusal="grant_action_malformed",
        )
    # Grant Management §5.1: confidential clients only.
    if client.public:
        raise UnauthorizedClient(
            "a public app cannot manage grants", refusal="public_client_not_allowed"
        )
    if "code" not in words or "token" in words:
        raise InvalidRequest(
            "grant_management_action needs a code and no token in the response",
            refusal="grant_action_malformed",
        )
    if kind == "create":
        if grant_id is not None:
            raise InvalidRequest(
                "grant_management_action create takes no grant_id", refusal="grant_action_malformed"
            )
    elif not grant_id or len(grant_id) > _LONGEST_ID:
        raise InvalidRequest(
            "grant_management_action merge and replace need a grant_id",
            refusal="grant_action_malformed",
        )
    return GrantAction(kind, grant_id)


def check_required(form: Form, client: Client, requirement: Requirement) -> None:
    """An authorization request, pushed or not. Raises `InvalidRequest` if it has no action and
    needs one (Grant Management §7.1)."""
    if form.get("grant_management_action") is not None or requirement == "none":
        return
    if requirement == "all" or profile_of(client).name in _FAPI:
        raise InvalidRequest(
            "grant_management_action is required on this server", refusal="grant_action_missing"
        )


def lost_scopes(before: Grant, requested: Scope) -> Scope:
    """The scopes of the grant that a replacement by this request no longer has."""
    return before.scope - requested


def describe_grant(grant: Grant) -> dict[str, Any]:
    """What the grant allows (Grant Management §6.4), without times."""
    own, foreign = split_by_resource(grant.scope)
    details: dict[str, Any] = {}
    text = format_scope(own)
    if grant.details is not None:
        restricted = restricted_members(own, grant.details)
        text = restricted["scope"]
        details["authorization_details"] = restricted["authorization_details"]
    scopes: list[dict[str, Any]] = [{"scope": text}] if text else []
    for audience in sorted(foreign):
        names = format_scope(plain_names(foreign[audience]))
        scopes.append({"scope": names, "resource": [audience.identifier]})
    return {"scopes": scopes, "claims": _names(grant.claims_request), **details}


def _names(claims: ClaimsRequest | None) -> list[str]:
    names: Iterable[str] = () if claims is None else claims.id_token | claims.userinfo
    return sorted(names)
