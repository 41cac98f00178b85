"""The rules for the settings of alerts."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from quantimodo.accounts.addresses import email_address
from quantimodo.accounts.errors import InvalidInput
from quantimodo.app.settings.tree import Settings
from quantimodo.ops.health_readings import SUBJECTS
from quantimodo.protocol.uris import InvalidUri, parse_uri

_PREFIX: Final = "whsec_"


def check_alerts(settings: Settings, fault: Callable[[str, str], None]) -> None:
    """Calls `fault` for each broken rule."""
    alerts = settings.alerts
    try:
        for address in alerts.email:
            email_address(address)
    except InvalidInput:
        fault("alerts.email", "must be e-mail addresses")
    if not set(alerts.conditions) <= set(SUBJECTS):
        fault("alerts.conditions", f"must be some of {', '.join(SUBJECTS)}")
    if alerts.webhook:
        _check_address(alerts.webhook, settings.insecure_private_hosts, fault)
    if alerts.webhook and not _is_secret(alerts.webhook_secret):
        fault("alerts.webhook_secret", "must be whsec_ and 24 to 64 bytes in base64")


def _check_address(
    url: str, open_hosts: tuple[str, ...], fault: Callable[[str, str], None]
) -> None:
    try:
        uri = parse_uri(url)
    except InvalidUri as refusal:
        fault("alerts.webhook", str(refusal))
        return
    plain = uri.scheme == "http" and urlsplit(url).netloc in open_hosts
    if uri.scheme != "https" and not plain:
        fault("alerts.webhook", "must be an https address, or one of insecure_private_hosts")


def _is_secret(text: str) -> bool:
    try:
        key = b64decode(text.removeprefix(_PREFIX), validate=True)
    except (NotBase64, ValueError):
        return False
    return text.startswith(_PREFIX) and 24 <= len(key) <= 64
