"""Refusals of what a request asks for: scopes, health data, APIs, managed grants."""

from collections.abc import Sequence
from typing import Final

from quantimodo.protocol.refusal_row import RefusalRow

_SCOPES: Final = "scopes.md#scopes"
_DETAILS: Final = "scopes.md#a-part-of-the-health-data-authorization_details"
_RESOURCES: Final = "resources.md#request-tokens"
_GRANTS: Final = "grants.md#create-merge-replace"

ROWS: Final[Sequence[RefusalRow]] = (
    RefusalRow(
        "scope_unknown",
        "invalid_scope",
        "Scopes of this server, or of the APIs that the request names.",
        "Compare the spelling with the guide, and name each API by `resource`.",
        _SCOPES,
    ),
    RefusalRow(
        "scope_not_registered",
        "invalid_scope",
        "At least one scope that the app is registered for.",
        "Add the scopes in the portal (Scopes), or by"
        " `quantimodo clients edit CLIENT_ID --scope NAMES`, separated by spaces.",
        _SCOPES,
    ),
    RefusalRow(
        "scope_exceeds_grant",
        "invalid_scope",
        "At most the scopes that the person granted.",
        "Leave `scope` out, or send the person to the authorize endpoint for more.",
        "refresh.md#fewer-scopes",
    ),
    RefusalRow(
        "scope_too_long",
        "invalid_scope",
        "Fewer scopes in one request.",
        "Request what the app needs now, and more later.",
        _SCOPES,
    ),
    RefusalRow(
        "authorization_details_invalid",
        "invalid_authorization_details",
        "`authorization_details` of a type of this server, with actions whose scopes are"
        " requested and registered.",
        "Correct the member that the description names.",
        _DETAILS,
    ),
    RefusalRow(
        "authorization_details_exceed_grant",
        "invalid_authorization_details",
        "At most the details that the person granted.",
        "Leave `authorization_details` out, or send the person to the authorize endpoint.",
        _DETAILS,
    ),
    RefusalRow(
        "resource_malformed",
        "invalid_target",
        "`resource` is an absolute URI without a fragment.",
        "Copy the identifier of the API from its page in the portal.",
        _RESOURCES,
    ),
    RefusalRow(
        "resource_unknown",
        "invalid_target",
        "The identifier of an API that is registered here.",
        "Register the API in the portal (APIs), or copy its identifier from there.",
        "resources.md#register-an-api",
    ),
    RefusalRow(
        "resource_not_allowed",
        "invalid_target",
        "An API that allows this app.",
        "The owner of the API adds the client id of the app to it in the portal (APIs).",
        "resources.md#register-an-api",
    ),
    RefusalRow(
        "resource_not_granted",
        "invalid_target",
        "An API for which the person allowed the app.",
        "Name the API by `resource` in the authorization request, too.",
        _RESOURCES,
    ),
    RefusalRow(
        "resource_ambiguous",
        "invalid_target",
        "One `resource`, because an access token is for one API.",
        "Send one request for each API.",
        _RESOURCES,
    ),
    RefusalRow(
        "grant_action_malformed",
        "invalid_request",
        "`grant_management_action` is `create`, or `merge` or `replace` with a `grant_id`, and the"
        " response has a code.",
        "Correct the two parameters, or leave both out.",
        _GRANTS,
    ),
    RefusalRow(
        "grant_action_missing",
        "invalid_request",
        "`grant_management_action`, which this server requires of the app.",
        "Send `grant_management_action=create`, or `merge` or `replace` with a `grant_id`.",
        _GRANTS,
    ),
    RefusalRow(
        "grant_id_unknown",
        "invalid_grant_id",
        "A `grant_id` of this app and person that has not ended.",
        "Use `grant_management_action=create`.",
        _GRANTS,
    ),
)
