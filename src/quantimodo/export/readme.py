"""The README of an export: each file, and each of its columns or fields with its unit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from quantimodo.export.parts import FileDescription, Part, iso_time
from quantimodo.model.users import User

_NAME: Final = "README.txt"
_HEAD: Final = """Export of an account

Account:  {login_name}
Server:   {issuer}
Made at:  {at}

This file describes the others. Text is UTF-8. Times are ISO 8601, in UTC. CSV files follow RFC
4180; an apostrophe stands before text that a spreadsheet would take for a formula, and the import
removes it. In files whose name ends in .jsonl, each line is one JSON document. Units are named by
their abbreviations, as on the page "Your data".

The files are written one after the other. What an application records meanwhile may be in one file
and not yet in another. Passwords, keys, codes and tokens are in none of them.
"""


def readme(user: User, issuer: str, at: datetime, descriptions: Sequence[FileDescription]) -> Part:
    """The first file of an export."""
    head = _HEAD.format(login_name=user.login_name, issuer=issuer, at=iso_time(at))
    return Part(_NAME, "\n".join([head, *map(_section, descriptions)]).encode())


def _section(file: FileDescription) -> str:
    lines = [f"  {name}: {meaning}." for name, meaning in file.fields]
    return "\n".join([file.name, "-" * len(file.name), file.about, *lines, ""])
