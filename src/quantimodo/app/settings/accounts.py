"""The settings of passwords and accounts."""
# ruff: noqa: RUF009  (`_setting` is `dataclasses.field` with a sentence)

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from quantimodo.model.setting_declarations import setting as _setting

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSettings:
    workers: int = _setting(
        2, "How many passwords one worker process checks at once.", least=1, most=64
    )
    waiting: int = _setting(
        16,
        "How many more checks may wait. Beyond that the response is 503 with Retry-After.",
        least=0,
        most=10_000,
    )
    minimum_score: int = _setting(
        3,
        "How strong a new password must be, as zxcvbn scores it: 1 needs more than 10^3 guesses,"
        " 2 more than 10^6, 3 more than 10^8, 4 more than 10^10.",
        least=1,
        most=4,
    )
    breach_ranges: str = _setting(
        "",
        "The address of the ranges of a list of breached passwords, such as"
        " https://ranges.example.org/range/. A new password that is in the list is refused. The"
        " first five hexadecimal digits of its SHA-1 hash leave the server. Empty: off.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    passkeys_per_person: int = _setting(
        20,
        "Passkeys that one person may have. 0: people cannot add any; those that exist still sign"
        " in.",
        least=0,
        most=100,
    )
    personal_tokens_per_person: int = _setting(
        20,
        "Personal tokens that one person may have. 0: people cannot make any; those that exist work"
        " until they expire.",
        least=0,
        most=100,
    )
    second_factor: Literal["off", "optional", "required"] = _setting(
        "optional",
        "Two-step verification, by an authenticator app or passkeys. off: people cannot turn it on;"
        " where it is on, it is still required. required: a person without it turns it on at the"
        " next sign-in.",
    )
    deletion_grace: timedelta = _setting(
        7 * _DAY,
        "How long a person who deletes the account can still keep it. The account is closed at"
        " once, and deleted after that time.",
        least=timedelta(0),
        most=90 * _DAY,
    )
    email_codes: bool = _setting(
        False,
        "Allow sign-ins by a code of six digits that is sent to the confirmed address. A reader of"
        " the mails can then sign in, where no second factor is set up.",
    )
    trusted_browser_lifetime: timedelta = _setting(
        30 * _DAY,
        "How long people can sign in without the second step in a browser that they trust. 0s:"
        " they cannot trust a browser.",
        least=timedelta(0),
        most=90 * _DAY,
    )
    factor_recovery_delay: timedelta = _setting(
        7 * _DAY,
        "After this time a person who lost the second factor and the recovery codes can turn"
        " two-step verification off, unless it is cancelled. 0s: only the operator can.",
        least=timedelta(0),
        most=90 * _DAY,
    )
    second_factor_of_administrators: bool = _setting(
        False,
        "Require two-step verification of administrators (`quantimodo users create --admin`), as"
        " second_factor = required does of everyone.",
    )
    second_factor_of_developers: bool = _setting(
        False,
        "Require two-step verification of people who own an application, and before they register"
        " one.",
    )
