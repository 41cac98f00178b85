"""Text files that the command line names."""

from pathlib import Path
from typing import Final

import typer

_LARGEST: Final = 16 * 1024 * 1024


def read_text(file: Path) -> str:
    """The text of a file in UTF-8, at most 16 MiB. Raises `typer.BadParameter`, which ends the
    command with one line and exit code 2."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as fault:
        raise typer.BadParameter(f"{file} cannot be read: {fault.strerror}") from None
    if len(data) > _LARGEST:
        raise typer.BadParameter(f"{file} has more than {_LARGEST:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not UTF-8 text") from None
