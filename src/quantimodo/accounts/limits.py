"""Rate limits on guesses, e-mails and stored requests, and budgets of the bytes that callers may
store (security.md §20). `throttle.py` counts.

Each field is a setting too: its default, and the sentence for the operator.
"""
# ruff: noqa: RUF009  (`setting` is `dataclasses.field` with a sentence)

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from quantimodo.model.budgets import StorageBudget
from quantimodo.model.setting_declarations import setting

_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` attempts in each `window`; one more is refused."""

    count: int
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlePolicy:
    """Per account means: per e-mail address that was typed, whether it has an account or not."""

    sign_in_per_account: Limit = setting(
        Limit(10, _QUARTER), "Sign-ins that may fail for one e-mail address."
    )
    sign_in_per_device: Limit = setting(
        Limit(10, _QUARTER),
        "Sign-ins that may fail in one browser that has signed in to the account before.",
    )
    sign_in_per_address: Limit = setting(
        Limit(100, _QUARTER), "Sign-ins that may fail from one network address."
    )
    social_per_address: Limit = setting(
        Limit(100, _QUARTER), "Sign-ins through providers, from one network address."
    )
    upstream_logins_per_address: Limit = setting(
        Limit(200, _QUARTER),
        "Sign-ins through providers that may be started, and codes and tokens that may be exchanged"
        " for a login JWT, from one network address.",
    )
    requests_per_address: Limit = setting(
        Limit(10_000, _QUARTER),
        "Authorization requests that may wait for a person to sign in or to decide, from one"
        " network address.",
    )
    pushed_requests_per_app: Limit = setting(
        Limit(100_000, _QUARTER),
        "Authorization requests that one confidential app may push (RFC 9126).",
    )
    device_requests_per_address: Limit = setting(
        Limit(200, _QUARTER),
        "Devices of public apps that may request a code (RFC 8628), from one network address.",
    )
    device_requests_per_app: Limit = setting(
        Limit(100_000, _QUARTER),
        "Devices of one confidential app that may request a code (RFC 8628).",
    )
    user_codes_per_address: Limit = setting(
        Limit(50, _QUARTER),
        "Wrong codes of devices that may be entered from one network address.",
    )
    user_codes_per_browser: Limit = setting(
        Limit(10, _QUARTER), "Wrong codes of devices that may be entered in one browser."
    )
    sign_up_per_account: Limit = setting(
        Limit(5, _HOUR), "Sign-ups that may be begun for one e-mail address."
    )
    sign_up_per_address: Limit = setting(
        Limit(50, _HOUR), "Sign-ups that may be begun from one network address."
    )
    new_passwords_per_address: Limit = setting(
        Limit(100, _QUARTER), "New passwords that may be checked from one network address."
    )
    reset_per_account: Limit = setting(
        Limit(5, _HOUR), "Password resets that may be requested for one e-mail address."
    )
    reset_per_address: Limit = setting(
        Limit(50, _HOUR),
        "Password resets that may be requested from one network address, and, counted apart, codes"
        " for a sign-in.",
    )
    email_codes_per_account: Limit = setting(
        Limit(5, _HOUR), "Codes for a sign-in that may be sent to one e-mail address."
    )
    email_code_tries_per_account: Limit = setting(
        Limit(10, _DAY),
        "Wrong codes for a sign-in that may be entered for one e-mail address, and for one code.",
    )
    emails_per_account: Limit = setting(
        Limit(5, _HOUR), "Other mails that signed-in people may cause to one e-mail address."
    )
    emails_per_person: Limit = setting(
        Limit(50, _HOUR),
        "Mails that one person may cause to addresses that are not the confirmed one of the"
        " account.",
    )
    registrations_per_address: Limit = setting(
        Limit(1000, _HOUR), "Apps that may register themselves from one network address."
    )
    registration_changes_per_address: Limit = setting(
        Limit(1000, _HOUR),
        "Requests that read, change or delete a self-registered app, from one network address.",
    )
    fetches_per_address: Limit = setting(
        Limit(1000, _QUARTER),
        "Authorization requests that may make the server fetch a document of an app, from one"
        " network address.",
    )
    security_events_per_address: Limit = setting(
        Limit(200, _QUARTER),
        "Messages to the endpoints for providers' security events that changed nothing, from one"
        " network address.",
    )
    proof_per_person: Limit = setting(
        Limit(10, _QUARTER), "Passwords that one person may try before a change."
    )
    set_up_codes_per_browser: Limit = setting(
        Limit(10, _QUARTER),
        "Codes of a new authenticator app, or new passkeys where a second factor is required, that"
        " may be tried in one browser before they are in use.",
    )
    second_factor_per_person: Limit = setting(
        Limit(10, _QUARTER),
        "Codes and passkeys that may be tried as the second factor in one sign-in, in one browser"
        " that the person has used before, and for one person in all other browsers.",
    )
    second_factor_per_day: Limit = setting(
        Limit(50, _DAY),
        "Codes and passkeys that may be tried as the second factor for one person in browsers that"
        " they have not used before, over a longer time.",
    )
    sessions_per_person: Limit = setting(
        Limit(1000, _HOUR), "Sessions that one person may start from one network address."
    )
    changes_per_session: Limit = setting(
        Limit(1000, _HOUR), "Forms that a signed-in person may send in one browser."
    )
    exports_per_person: Limit = setting(
        Limit(10, _DAY), "Exports of everything that one person may download."
    )
    notices_per_person: Limit = setting(
        Limit(5, _DAY),
        "Mails to one person about sign-ins in new browsers, about applications that they allow,"
        " and about first reads of health data; each kind is counted apart.",
    )


AddressLimit = Literal[
    "social_per_address",
    "upstream_logins_per_address",
    "requests_per_address",
    "device_requests_per_address",
    "user_codes_per_address",
    "new_passwords_per_address",
    "registrations_per_address",
    "registration_changes_per_address",
    "fetches_per_address",
    "security_events_per_address",
]
"""The limits that count by network address alone."""
BrowserLimit = Literal["user_codes_per_browser", "set_up_codes_per_browser"]
"""Those that count by browser alone."""
AppLimit = Literal["pushed_requests_per_app", "device_requests_per_app"]
"""Those that count by confidential app."""


BudgetKind = Literal[
    "authorization_requests",
    "upstream_logins",
    "login_codes",
    "email_tokens",
    "mails",
    "refused_sign_ins",
    "registrations",
    "device_authorizations",
]
"""The kinds of rows that a caller without an account can store."""


def _budget(mebibytes: int, description: str) -> Any:
    return setting(mebibytes * 1_048_576, description, least=1_048_576, most=1_099_511_627_776)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPolicy:
    """Two fields for each kind of row that a caller without an account can store, and for mails
    that people with an account cause: there, the address is that of the recipient."""

    authorization_requests_per_address: int = _budget(
        8, "Bytes of waiting authorization requests from one network address."
    )
    authorization_requests_total: int = _budget(256, "Bytes of all waiting authorization requests.")
    upstream_logins_per_address: int = _budget(
        1, "Bytes of sign-ins under way at providers, from one network address."
    )
    upstream_logins_total: int = _budget(64, "Bytes of all sign-ins under way at providers.")
    login_codes_per_address: int = _budget(1, "Bytes of login codes from one network address.")
    login_codes_total: int = _budget(64, "Bytes of all login codes.")
    email_tokens_per_address: int = _budget(
        1, "Bytes of links in mails that one network address caused."
    )
    email_tokens_total: int = _budget(64, "Bytes of all links in mails.")
    mails_per_address: int = _budget(
        1, "Bytes of queued mails that one network address caused without an account."
    )
    mails_total: int = _budget(
        64, "Bytes of all queued mails that callers without an account caused."
    )
    refused_sign_ins_per_address: int = _budget(
        1, "Bytes of audit events of refused sign-ins from one network address."
    )
    refused_sign_ins_total: int = _budget(64, "Bytes of all audit events of refused sign-ins.")
    registrations_per_address: int = _budget(
        8,
        "Bytes of apps that registered themselves in open mode, with logos, from one network"
        " address.",
    )
    registrations_total: int = _budget(
        256, "Bytes of all apps that registered themselves in open mode, with logos."
    )
    device_authorizations_per_address: int = _budget(
        1, "Bytes of devices that wait for a person, of one network address or confidential app."
    )
    device_authorizations_total: int = _budget(64, "Bytes of all devices that wait for a person.")
    account_mails_per_address: int = _budget(
        1, "Bytes of queued mails to one e-mail address that people with an account caused."
    )
    account_mails_total: int = _budget(
        64, "Bytes of all queued mails that people with an account caused."
    )

    def of(self, kind: BudgetKind | Literal["account_mails"]) -> StorageBudget:
        """The budget of the rows of this kind."""
        return StorageBudget(getattr(self, f"{kind}_per_address"), getattr(self, f"{kind}_total"))
