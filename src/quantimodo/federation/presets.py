"""Providers that need a client id and a secret only: their other settings are here, as data.

A preset is a policy without a client id and secret. A setting of the operator overrides it. No
preset lets an e-mail address link to an account by itself: that is for the operator, by
`email_counts`, `authoritative`. Each row is from the provider's public documentation;
docs/operator/providers-presets.md names it.
"""
# ruff: noqa: S106  (addresses of token endpoints are no passwords)

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final, Literal

from quantimodo.federation.contract import ProviderPolicy

# fmt: off
Preset = Literal[
    "gitlab", "linkedin", "slack", "discord", "twitch", "spotify", "strava", "garmin", "withings",
    "oura",
]
# fmt: on

_ROWS: Final = (
    ProviderPolicy(
        name="gitlab",
        kind="oidc",
        client_id="",
        title="GitLab",
        issuer="https://gitlab.com",
    ),
    ProviderPolicy(
        name="slack",
        kind="oidc",
        client_id="",
        title="Slack",
        issuer="https://slack.com",
        client_authentication="client_secret_post",
    ),
    # Its ID tokens have no nonce, so the profile comes from its userinfo endpoint.
    ProviderPolicy(
        name="linkedin",
        kind="oauth2",
        client_id="",
        title="LinkedIn",
        issuer="https://www.linkedin.com/oauth",
        authorization_endpoint="https://www.linkedin.com/oauth/v2/authorization",
        token_endpoint="https://www.linkedin.com/oauth/v2/accessToken",
        userinfo_endpoint="https://api.linkedin.com/v2/userinfo",
        scope="openid profile email",
        pkce=False,  # it accepts a PKCE verifier from native clients only
        subject_field="sub",
        name_fields=("name", "given_name + family_name"),
        email_field="email",
        email_verified_field="email_verified",
    ),
    ProviderPolicy(
        name="discord",
        kind="oauth2",
        client_id="",
        title="Discord",
        issuer="https://discord.com",
        authorization_endpoint="https://discord.com/oauth2/authorize",
        token_endpoint="https://discord.com/api/oauth2/token",
        userinfo_endpoint="https://discord.com/api/v10/users/@me",
        scope="identify email",
        fresh_parameters=("prompt=consent",),
        subject_field="id",
        name_fields=("global_name", "username"),
        email_field="email",
        email_verified_field="verified",
    ),
    ProviderPolicy(
        name="twitch",
        kind="oauth2",
        client_id="",
        title="Twitch",
        issuer="https://id.twitch.tv/oauth2",
        authorization_endpoint="https://id.twitch.tv/oauth2/authorize",
        token_endpoint="https://id.twitch.tv/oauth2/token",
        userinfo_endpoint="https://api.twitch.tv/helix/users",
        userinfo_headers=("Authorization: Bearer {access_token}", "Client-Id: {client_id}"),
        scope="user:read:email",
        fresh_parameters=("force_verify=true",),
        subject_field="data[0].id",
        name_fields=("data[0].display_name", "data[0].login"),
        email_field="data[0].email",
    ),
    ProviderPolicy(
        name="spotify",
        kind="oauth2",
        client_id="",
        title="Spotify",
        issuer="https://accounts.spotify.com",
        authorization_endpoint="https://accounts.spotify.com/authorize",
        token_endpoint="https://accounts.spotify.com/api/token",
        userinfo_endpoint="https://api.spotify.com/v1/me",
        client_authentication="client_secret_basic",
        scope="user-read-email",
        fresh_parameters=("show_dialog=true",),
        subject_field="id",
        name_fields=("display_name",),
        email_field="email",
    ),
    ProviderPolicy(
        name="strava",
        kind="oauth2",
        client_id="",
        title="Strava",
        issuer="https://www.strava.com",
        authorization_endpoint="https://www.strava.com/oauth/authorize",
        token_endpoint="https://www.strava.com/oauth/token",
        userinfo_endpoint="https://www.strava.com/api/v3/athlete",
        scope="read",
        fresh_parameters=("approval_prompt=force",),
        subject_field="id",
        name_fields=("firstname + lastname", "username"),
    ),
    # It has no scopes: permissions are part of the registration at the provider.
    ProviderPolicy(
        name="garmin",
        kind="oauth2",
        client_id="",
        title="Garmin Connect",
        issuer="https://connect.garmin.com",
        authorization_endpoint="https://connect.garmin.com/oauth2Confirm",
        token_endpoint="https://diauth.garmin.com/di-oauth2-service/oauth/token",
        userinfo_endpoint="https://apis.garmin.com/wellness-api/rest/user/id",
        subject_field="userId",
    ),
    # The tokens are in `body`, with the account's id.
    ProviderPolicy(
        name="withings",
        kind="oauth2",
        client_id="",
        title="Withings",
        issuer="https://account.withings.com",
        authorization_endpoint="https://account.withings.com/oauth2_user/authorize2",
        token_endpoint="https://wbsapi.withings.net/v2/oauth2",
        token_parameters=("action=requesttoken",),
        token_field="body",
        scope="user.info",
        subject_field="userid",
    ),
    ProviderPolicy(
        name="oura",
        kind="oauth2",
        client_id="",
        title="Oura",
        issuer="https://cloud.ouraring.com",
        authorization_endpoint="https://cloud.ouraring.com/oauth/authorize",
        token_endpoint="https://api.ouraring.com/oauth/token",
        userinfo_endpoint="https://api.ouraring.com/v2/usercollection/personal_info",
        scope="email personal",
        subject_field="id",
        email_field="email",
    ),
)
PRESETS: Final[Mapping[str, ProviderPolicy]] = {row.name: row for row in _ROWS}

_UNSET: Final = ProviderPolicy(name="", kind="oauth2", client_id="")
_OWN: Final = frozenset({"name", "kind", "client_id", "client_secret"})


def with_preset(given: ProviderPolicy, preset: ProviderPolicy) -> ProviderPolicy:
    """The policy of an operator, with the values of the preset where the operator set none."""
    names = [each.name for each in fields(given) if each.name not in _OWN]
    unset = [name for name in names if getattr(given, name) == getattr(_UNSET, name)]
    return replace(given, **{name: getattr(preset, name) for name in unset})
