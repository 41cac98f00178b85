"""The rules for the settings of OpenTelemetry."""

import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from quantimodo.app.settings.tree import Settings
from quantimodo.protocol.uris import InvalidUri, parse_uri

_NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x7e]+(?: [\x21-\x7e]+)*")


def check_telemetry(settings: Settings, fault: Callable[[str, str], None]) -> None:
    """Calls `fault` for each broken rule. With the setting off, nothing of the extra is loaded."""
    telemetry = settings.telemetry
    if not telemetry.endpoint:
        return
    try:
        scheme = parse_uri(telemetry.endpoint).scheme
    except InvalidUri as refusal:
        fault("telemetry.endpoint", str(refusal))
        return
    if scheme not in ("https", "http") or "?" in telemetry.endpoint:
        fault("telemetry.endpoint", "must be like http://127.0.0.1:4318")
    if not _is_installed():
        fault("telemetry.endpoint", "needs the extra: pip install 'quantimodo[otel]'")
    try:
        parse_headers(telemetry.headers)
    except ValueError:
        fault("telemetry.headers", "must be like Authorization=Basic abc, separated by commas")


def parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    """The headers in a setting. Raises `ValueError`."""
    headers = [each.strip() for each in text.split(",") if each.strip()]
    if not all(_HEADER.fullmatch(each) for each in headers):
        raise ValueError("not headers")
    return tuple((name, value) for name, _, value in (each.partition("=") for each in headers))


def _is_installed() -> bool:
    try:
        return all(find_spec(name) is not None for name in _NEEDED)
    except (ModuleNotFoundError, ValueError):  # the package above is missing
        return False
