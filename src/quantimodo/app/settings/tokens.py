"""The settings of codes, tokens and authorization requests."""
# ruff: noqa: RUF009  (`_setting` is `dataclasses.field` with a sentence)

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from quantimodo.model.setting_declarations import setting as _setting

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def _sign_in_age(operation: str) -> Any:
    """The age of the sign-in that a sensitive operation by an app needs (`StepUpRule.max_age`)."""
    return _setting(
        0 * _SECOND,
        f"How old a person's sign-in may be for an app to {operation}. 0s: any age. Later"
        " the response requires a new sign-in (RFC 9470). A personal token is as old as its"
        " creation.",
        least=0 * _SECOND,
        most=365 * _DAY,
    )


def _sign_in_level(operation: str) -> Any:
    """The level of the sign-in that such an operation needs (`StepUpRule.acr`)."""
    return _setting(
        "",
        f"The `acr` that a person's sign-in needs for an app to {operation}: `3` for a second"
        " factor or a passkey, empty for any sign-in. Personal tokens never meet `3`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    access_lifetime: timedelta = _setting(
        _HOUR, "How long an access token is valid.", least=_SECOND, most=_DAY
    )
    id_token_lifetime: timedelta = _setting(
        _HOUR, "How long an ID token is valid.", least=_SECOND, most=_DAY
    )
    code_lifetime: timedelta = _setting(
        _MINUTE, "How long an authorization code can be redeemed.", least=_SECOND, most=_MINUTE
    )
    pushed_request_lifetime: timedelta = _setting(
        90 * _SECOND,
        "How long the request_uri of a pushed authorization request (RFC 9126) can be used.",
        least=5 * _SECOND,
        most=10 * _MINUTE,
    )
    device_code_lifetime: timedelta = _setting(
        15 * _MINUTE,
        "How long a device waits for a person (RFC 8628).",
        least=_MINUTE,
        most=_HOUR,
    )
    require_pushed_requests: bool = _setting(
        False, "Refuse authorization requests that were not pushed (RFC 9126)."
    )
    require_grant_management: Literal["none", "fapi2", "all"] = _setting(
        "none",
        "Refuse authorization requests without `grant_management_action`: of no app, of apps with a"
        " FAPI 2.0 profile, or of all. Public apps cannot manage grants, so `all` refuses them."
        " Discovery says `grant_management_action_required` with `all`.",
    )
    exchange: bool = _setting(
        False,
        "Allow apps with the grant type of token exchange (RFC 8693) to exchange an access token"
        " for one of another registered API.",
    )
    refresh_idle_lifetime: timedelta = _setting(
        30 * _DAY,
        "A refresh token that is not used for this long expires.",
        least=_SECOND,
        most=3650 * _DAY,
    )
    refresh_absolute_lifetime: timedelta = _setting(
        180 * _DAY,
        "An app has to ask the person again after this time, however often it refreshed.",
        least=_SECOND,
        most=3650 * _DAY,
    )
    refresh_reuse_grace: timedelta = _setting(
        10 * _SECOND,
        "How long a used refresh token returns its successor although the successor was used too,"
        " so that two tabs do not sign a person out. Later, its use revokes the authorization."
        " While the successor is unused, the old token returns it at any time.",
        least=0 * _SECOND,
        most=_MINUTE,
    )
    deletion_max_age: timedelta = _sign_in_age("delete a measurement of theirs")
    deletion_acr: Literal["", "3"] = _sign_in_level("delete a measurement of theirs")
    export_max_age: timedelta = _sign_in_age("read all of their measurements as CSV")
    export_acr: Literal["", "3"] = _sign_in_level("read all of their measurements as CSV")
