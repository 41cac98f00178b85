"""How many guesses, e-mails and stored requests are allowed, and in which time (security.md §20).

Owns the defaults; `app/settings_limits.py` has the settings, `throttle.py` counts.
"""

from dataclasses import dataclass
from datetime import timedelta

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

    sign_in_per_account: Limit = Limit(10, _QUARTER)
    sign_in_per_device: Limit = Limit(10, _QUARTER)
    sign_in_per_address: Limit = Limit(100, _QUARTER)
    social_per_address: Limit = Limit(100, _QUARTER)
    upstream_logins_per_address: Limit = Limit(200, _QUARTER)
    requests_per_address: Limit = Limit(10_000, _QUARTER)
    pushed_requests_per_app: Limit = Limit(100_000, _QUARTER)
    device_requests_per_address: Limit = Limit(200, _QUARTER)
    device_requests_per_app: Limit = Limit(100_000, _QUARTER)
    user_codes_per_address: Limit = Limit(50, _QUARTER)
    user_codes_per_browser: Limit = Limit(10, _QUARTER)
    sign_up_per_account: Limit = Limit(5, _HOUR)
    sign_up_per_address: Limit = Limit(50, _HOUR)
    new_passwords_per_address: Limit = Limit(100, _QUARTER)
    reset_per_account: Limit = Limit(5, _HOUR)
    reset_per_address: Limit = Limit(50, _HOUR)
    email_codes_per_account: Limit = Limit(5, _HOUR)
    email_code_tries_per_account: Limit = Limit(10, _DAY)
    emails_per_account: Limit = Limit(5, _HOUR)
    registrations_per_address: Limit = Limit(1000, _HOUR)
    registration_changes_per_address: Limit = Limit(1000, _HOUR)
    fetches_per_address: Limit = Limit(1000, _QUARTER)
    security_events_per_address: Limit = Limit(200, _QUARTER)
    proof_per_person: Limit = Limit(10, _QUARTER)
    set_up_codes_per_browser: Limit = Limit(10, _QUARTER)
    second_factor_per_person: Limit = Limit(10, _QUARTER)
    second_factor_per_day: Limit = Limit(50, _DAY)
    sessions_per_person: Limit = Limit(1000, _HOUR)
    changes_per_session: Limit = Limit(1000, _HOUR)
    exports_per_person: Limit = Limit(10, _DAY)
    notices_per_person: Limit = Limit(5, _DAY)
