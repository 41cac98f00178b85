"""Settings of alerts: thresholds, for `quantimodo doctor` and the administration too."""
# ruff: noqa: RUF009  (`setting` is `dataclasses.field` with a sentence)

from dataclasses import dataclass
from datetime import timedelta

from quantimodo.model.setting_declarations import setting
from quantimodo.ops.health_readings import SUBJECTS

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    email: tuple[str, ...] = setting(
        (), "E-mail addresses that get alerts; several separated by commas in the environment."
    )
    administrators: bool = setting(
        False, "Send alerts to the confirmed addresses of all administrators too."
    )
    webhook: str = setting(
        "",
        "The https address that alerts are posted to. One at a private address must be in"
        " insecure_private_hosts.",
    )
    webhook_secret: str = setting(
        "",
        "The secret that signs these webhooks (Standard Webhooks): whsec_ and 24 to 64 bytes in"
        " base64.",
        secret=True,
    )
    conditions: tuple[str, ...] = setting(
        SUBJECTS,
        "Which conditions are reported; several separated by commas in the environment.",
    )
    interval: timedelta = setting(
        _HOUR,
        "The least time between two reports of a condition that ended and began again.",
        least=_MINUTE,
        most=30 * _DAY,
    )
    backup_age: timedelta = setting(
        2 * _DAY, "How old the last backup may be.", least=_HOUR, most=400 * _DAY
    )
    disk_free: int = setting(
        10,
        "Percent of the disk with the SQLite database that must be free.",
        least=1,
        most=90,
    )
    mail_age: timedelta = setting(
        _HOUR, "How long an e-mail may wait until it is sent.", least=_MINUTE, most=_DAY
    )
    webhook_age: timedelta = setting(
        _HOUR, "How long a webhook may be due until it is sent.", least=_MINUTE, most=_DAY
    )
    provider_failures: int = setting(
        5,
        "How many consecutive requests to a sign-in provider may fail.",
        least=1,
        most=10_000,
    )
    provider_probes: timedelta = setting(
        5 * _MINUTE,
        "How often the public keys of each sign-in provider with OpenID Connect are fetched, so"
        " that an outage is known before a person signs in. 0s: never.",
        least=timedelta(0),
        most=_DAY,
    )
    refused_share: int = setting(
        50,
        "Percent of the token requests of the last 15 minutes that may be refused.",
        least=1,
        most=100,
    )
    refused_least: int = setting(
        100,
        "The least number of refused token requests for which refused_share applies.",
        least=1,
        most=1_000_000,
    )
