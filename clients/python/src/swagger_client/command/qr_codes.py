"""QR codes in a terminal, with the extra `qr`."""

from __future__ import annotations

from importlib import import_module
from io import StringIO


def qr_code(text: str) -> str | None:
    """The QR code of a text, as lines of half blocks for a terminal; None without the extra."""
    try:
        segno = import_module("segno")
    except ImportError:
        return None
    lines = StringIO()
    segno.make_qr(text, error="l").terminal(out=lines, border=2, compact=True)
    return lines.getvalue().rstrip("\n")
