"""The table of client metadata fields, in the order of the form in the portal.

To add a field, add a row here, and an attribute to `model/client_metadata.py` (stored in the
client's document) or to `Client` and `Registration` (a column). The option of the command line,
the field in the portal, the member in registrations and the OpenAPI property follow from the row.
"""

from collections.abc import Mapping
from typing import Final, get_args

from quantimodo.model.clients import IdTokenAlgorithm, TokenFormat
from quantimodo.model.texts import N_
from quantimodo.protocol.client_field_row import (
    LONGEST_NAME,
    ClientField,
    FormField,
    Option,
    Schema,
    check_description,
    check_health_details,
    check_link,
    check_logout_redirect_uris,
    check_logout_uri,
    check_name,
    check_redirect_uris,
)
from quantimodo.protocol.client_metadata_fields import METADATA_FIELDS
from quantimodo.protocol.client_operator_fields import OPERATOR_FIELDS
from quantimodo.protocol.constants import RESPONSE_TYPES
from quantimodo.protocol.grant_types import GRANT_TYPES, IN_PORTAL, TABLE
from quantimodo.protocol.scopes import DECLINABLE, SCOPES
from quantimodo.protocol.security_profiles import PROFILES

FIELDS: Final = (
    ClientField(
        name="name",
        kind="text",
        stored="column",
        wire="client_name",
        check=check_name,
        schema=Schema(description="The name that people see.", example="Mood Tracker"),
        option=Option(name="name", help="The name that people see."),
        form=FormField(
            section="display",
            control="line",
            label=N_("Name"),
            hint=N_("On the page where people decide."),
            optional=False,
            most=LONGEST_NAME,
        ),
    ),
    ClientField(
        name="description",
        kind="text",
        stored="column",
        check=check_description,
        option=Option(name="description", help="The purpose of the application."),
        form=FormField(
            section="display",
            control="area",
            label=N_("Description"),
            hint=N_("What it does, in a sentence or two."),
            rows=2,
        ),
    ),
    ClientField(
        name="homepage_uri",
        kind="text",
        stored="column",
        wire="client_uri",
        check=check_link,
        schema=Schema(description="Its home page.", example="https://app.example.org/"),
        option=Option(name="homepage", help="The https address of its website."),
        form=FormField(section="display", control="url", label=N_("Website")),
    ),
    ClientField(
        name="policy_uri",
        kind="text",
        stored="column",
        wire="policy_uri",
        check=check_link,
        schema=Schema(description="Its privacy policy.", example="https://app.example.org/privacy"),
        option=Option(name="policy", help="The https address of its privacy policy."),
        form=FormField(section="display", control="url", label=N_("Privacy policy")),
    ),
    ClientField(
        name="tos_uri",
        kind="text",
        stored="column",
        wire="tos_uri",
        check=check_link,
        schema=Schema(description="Its terms of use.", example="https://app.example.org/terms"),
        option=Option(name="terms", help="The https address of its terms of use."),
        form=FormField(section="display", control="url", label=N_("Terms of use")),
    ),
    ClientField(
        name="public",
        kind="flag",
        stored="column",
        option=Option(
            name="public",
            flags="--public/--confidential",
            help="A public client cannot keep a secret.",
        ),
        form=FormField(
            section="connection", control="client_type", name="kind", label=N_("Where does it run?")
        ),
    ),
    ClientField(
        name="redirect_uris",
        kind="texts",
        stored="column",
        wire="redirect_uris",
        check=check_redirect_uris,
        schema=Schema(
            description="The addresses to which browsers may return.",
            example=["https://app.example.org/callback"],
            required=True,
        ),
        option=Option(
            name="redirect_uri",
            help="An address to which browsers return after consent. Repeat for several.",
        ),
        form=FormField(
            section="connection",
            control="area",
            label=N_("Redirect URIs"),
            hint=N_(
                "Where people come back to, one on each line. https, or http for 127.0.0.1 and"
                " localhost, or a scheme of your app such as org.example.app:/callback. None for"
                " an application that only acts as itself."
            ),
            code=True,
            optional=False,
        ),
    ),
    ClientField(
        name="scope",
        kind="words",
        stored="column",
        wire="scope",
        choices=tuple(sorted(SCOPES)),
        schema=Schema(
            description="Space-separated scopes that it may request. Default: those about the"
            " person, without measurements.",
            example="openid profile readmeasurements",
        ),
        option=Option(name="scope", help="Space-separated scopes. Default: all."),
        form=FormField(section="scope", control="scopes", label=N_("Scopes")),
    ),
    ClientField(
        name="optional_scope",
        kind="texts",
        wire="optional_scope",
        choices=DECLINABLE,
        schema=Schema(
            description="The scopes that a person may decline; the others are needed. A setting of"
            " this server; none by default.",
            example=["phone", "writemeasurements"],
        ),
        option=Option(
            name="optional_scope",
            help="A scope that a person may decline. Repeat for several; the others are needed.",
        ),
        form=FormField(section="scope", control="optional_scopes", label=N_("Optional")),
    ),
    ClientField(
        name="required_authorization_details",
        kind="objects",
        wire="required_authorization_details",
        check=check_health_details,
        schema=Schema(
            description="The health data that the app cannot do without, as in"
            " `authorization_details` (RFC 9396). A person may decline other data that it requests."
            " A setting of this server; nothing by default.",
            example=[{"type": "health_measurements", "actions": ["read"], "categories": ["Sleep"]}],
        ),
        option=Option(
            name="required_authorization_details",
            help="The health data that it cannot do without: JSON as in authorization_details.",
        ),
        form=FormField(
            section="health",
            control="area",
            label=N_("Required health data"),
            hint=N_(
                "What your application cannot do without, as JSON like the parameter"
                " authorization_details. People choose of the rest; without it they choose of all."
            ),
            rows=2,
            code=True,
        ),
    ),
    ClientField(
        name="post_logout_redirect_uris",
        kind="texts",
        wire="post_logout_redirect_uris",
        check=check_logout_redirect_uris,
        schema=Schema(
            description="The addresses to which browsers may return after a logout.",
            example=["https://app.example.org/signed-out"],
        ),
        option=Option(
            name="post_logout_redirect_uri",
            help="An address to which browsers may return after a logout. Repeat for several.",
        ),
        form=FormField(
            section="logout",
            control="area",
            label=N_("Addresses after signing out"),
            hint=N_("Where people may come back to, one on each line."),
            rows=2,
            code=True,
        ),
    ),
    ClientField(
        name="backchannel_logout_uri",
        kind="text",
        wire="backchannel_logout_uri",
        check=check_logout_uri,
        schema=Schema(
            description="The address that receives logout tokens (Back-Channel Logout 1.0).",
            example="https://app.example.org/backchannel-logout",
        ),
        option=Option(
            name="backchannel_logout_uri",
            help="The address that receives a logout token when a session ends.",
        ),
        form=FormField(
            section="logout",
            control="url",
            label=N_("Back-channel logout"),
            hint=N_(
                "The address of your server that receives a notification when a person signs out."
            ),
        ),
    ),
    ClientField(
        name="frontchannel_logout_uri",
        kind="text",
        wire="frontchannel_logout_uri",
        check=check_logout_uri,
        schema=Schema(
            description="The page that browsers load at a logout (Front-Channel Logout 1.0).",
            example="https://app.example.org/frontchannel-logout",
        ),
        option=Option(
            name="frontchannel_logout_uri",
            help="The page that the browser loads when the session ends.",
        ),
        form=FormField(
            section="logout",
            control="url",
            label=N_("Front-channel logout"),
            hint=N_("What the person's browser loads then; at the host of a redirect URI."),
        ),
    ),
    ClientField(
        name="grant_types",
        kind="names",
        stored="column",
        wire="grant_types",
        choices=tuple(sorted(GRANT_TYPES)),
        schema=Schema(
            description="Default: `authorization_code`.",
            example=["authorization_code", "refresh_token"],
        ),
        option=Option(
            name="grant_type",
            help=f"One of {', '.join(entry.name for entry in TABLE)}. Repeat for several.",
        ),
        form=FormField(
            section="connection",
            control="grants",
            label=N_("Without a redirect"),
            hint=N_("Sign-in by redirects follows from the redirect URIs."),
            options=IN_PORTAL,
        ),
    ),
    ClientField(
        name="reviewed",
        kind="flag",
        option=Option(
            name="reviewed",
            flags="--reviewed/--not-reviewed",
            help="Show people that you reviewed it.",
        ),
    ),
    *OPERATOR_FIELDS,
    ClientField(
        name="response_types",
        kind="names",
        stored="column",
        wire="response_types",
        choices=tuple(sorted(RESPONSE_TYPES)),
        schema=Schema(description="Default: `code`.", example=["code"]),
        option=Option(
            name="response_type", help='Such as "code" or "id_token token". Repeat for several.'
        ),
    ),
    ClientField(
        name="profile",
        kind="text",
        wire="profile",
        choices=tuple(PROFILES),
        schema=Schema(
            description="The security profile that it meets: `legacy`, `oauth21`, `fapi2` (FAPI 2.0"
            " Security Profile) or `fapi2_message_signing`. Other requests are refused. A setting"
            " of this server; `legacy` by default.",
            example="fapi2",
        ),
        option=Option(
            name="profile",
            help=f"The security profile that it has to meet: {', '.join(PROFILES)}.",
        ),
        form=FormField(
            section="advanced",
            control="choice",
            label=N_("Security profile"),
            hint=N_(
                "Requests that do not meet it are refused. Each profile includes the ones before"
                " it."
            ),
            optional=False,
            options=tuple((name, each.title) for name, each in PROFILES.items()),
        ),
    ),
    ClientField(
        name="strict",
        kind="flag",
        stored="column",
        option=Option(
            name="strict",
            flags="--strict/--no-strict",
            help="Always require PKCE, and refuse the request forms of 2016.",
        ),
        form=FormField(
            section="advanced",
            control="check",
            label=N_("Strict"),
            text=N_("Strict"),
            hint=N_(
                "Requires PKCE, and refuses secrets and tokens in addresses, which clients of"
                " 2016 still send."
            ),
        ),
    ),
    ClientField(
        name="require_pushed_authorization_requests",
        kind="flag",
        wire="require_pushed_authorization_requests",
        schema=Schema(
            description="Whether it pushes every authorization request (RFC 9126); others are"
            " refused.",
            example=True,
        ),
        option=Option(
            name="require_pushed_requests",
            flags="--require-pushed-requests/--no-require-pushed-requests",
            help="Accept only authorization requests that it pushed (RFC 9126).",
        ),
        form=FormField(
            section="advanced",
            control="check",
            label=N_("Pushed requests"),
            text=N_("Require pushed authorization requests"),
            hint=N_(
                "The app sends each request to this server first, and the browser carries only"
                " its request_uri."
            ),
        ),
    ),
    ClientField(
        name="first_party",
        kind="flag",
        stored="column",
        option=Option(
            name="first_party",
            flags="--first-party/--third-party",
            help="A first-party application needs no consent.",
        ),
    ),
    ClientField(
        name="resource_server",
        kind="flag",
        stored="column",
        option=Option(
            name="resource_server",
            flags="--resource-server/--no-resource-server",
            help="Allow it to introspect all tokens.",
        ),
    ),
    ClientField(
        name="token_format",
        kind="text",
        stored="column",
        choices=tuple(sorted(get_args(TokenFormat))),
        option=Option(name="token_format", help="The format of its access tokens: opaque or jwt."),
    ),
    ClientField(
        name="id_token_alg",
        kind="text",
        stored="column",
        wire="id_token_signed_response_alg",
        choices=tuple(sorted(get_args(IdTokenAlgorithm))),
        schema=Schema(description="Default: `RS256`.", example="ES256"),
        option=Option(
            name="id_token_alg",
            help="The algorithm of its ID tokens: RS256, ES256, PS256, EdDSA or none.",
        ),
    ),
    ClientField(
        name="include_claims_in_id_token",
        kind="flag",
        wire="include_claims_in_id_token",
        schema=Schema(
            description="Whether its ID tokens include the claims of `profile`, `email`, `address`"
            " and `phone`. A setting of this server; false by default.",
            example=True,
        ),
        option=Option(
            name="claims_in_id_token",
            flags="--claims-in-id-token/--no-claims-in-id-token",
            help="Include the claims of profile, email, address and phone in its ID tokens.",
        ),
        form=FormField(
            section="advanced",
            control="check",
            name="claims",
            label=N_("Claims in the ID token"),
            text=N_("Claims in the ID token"),
            hint=N_(
                "Adds name, e-mail address and similar claims to the ID token, as far as the"
                " scopes allow them. For libraries that do not call userinfo, such as Auth.js;"
                " see the documentation."
            ),
        ),
    ),
    *METADATA_FIELDS,
)
BY_NAME: Final[Mapping[str, ClientField]] = {field.name: field for field in FIELDS}
SETTINGS: Final = tuple(field.name for field in FIELDS if not field.wire and field.name != "public")
"""Fields without a member in RFC 7591. `public` follows from `token_endpoint_auth_method`."""
