"""The README of an export: each file, and each of its columns or fields with its unit."""

from collections.abc import Sequence
from datetime import datetime
from textwrap import fill
from typing import Final

from quantimodo.export.parts import FileDescription, Part, iso_time
from quantimodo.i18n.translation import gettext, translated
from quantimodo.model.texts import N_
from quantimodo.model.users import User

_NAME: Final = "README.txt"
_WIDTH: Final = 95  # characters of a line
_PARAGRAPHS: Final = (
    N_(
        "This file describes the others. Text is UTF-8. Times are ISO 8601, in UTC. CSV files"
        " follow RFC 4180; an apostrophe stands before text that a spreadsheet would take for a"
        " formula, and the import removes it. In files whose name ends in .jsonl, each line is one"
        " JSON document. Units are named by their abbreviations, as on the page 'Your data'."
    ),
    N_(
        "The files are written one after the other. What an application records meanwhile may be in"
        " one file and not yet in another. Passwords, keys, codes and tokens are in none of them."
    ),
)


def readme(user: User, issuer: str, at: datetime, descriptions: Sequence[FileDescription]) -> Part:
    """The first file of an export, in the present language."""
    made = (
        (gettext("Account"), user.login_name),
        (gettext("Server"), issuer),
        (gettext("Made at"), iso_time(at)),
    )
    sections = [
        gettext("Export of an account"),
        "\n".join(f"{name}: {value}" for name, value in made),
        *(fill(translated(each), _WIDTH) for each in _PARAGRAPHS),
        *map(_section, descriptions),
    ]
    return Part(_NAME, "\n\n".join(sections).encode() + b"\n")


def _section(file: FileDescription) -> str:
    lines = [f"  {name}: {translated(meaning)}." for name, meaning in file.fields]
    name = translated(file.name)
    return "\n".join([name, "-" * len(name), translated(file.about), *lines])
