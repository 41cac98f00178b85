"""The table of refusals: a stable code for each, with what was expected and how to fix it.

Errors name their row by its code (`OAuthError.refusal`). From the table come `error_uri` in JSON
and in redirects, the part for developers on error pages, the log of an app, and the list in
docs/developer/errors.md (`scripts/refusals`).
"""

from collections.abc import Mapping
from typing import Final

from quantimodo.protocol import (
    refusals_of_clients,
    refusals_of_requests,
    refusals_of_scopes,
    refusals_of_tokens,
)
from quantimodo.protocol.grant_types import TABLE
from quantimodo.protocol.refusal_row import RefusalRow

REFUSALS: Final[Mapping[str, RefusalRow]] = {
    row.code: row
    for rows in (
        refusals_of_clients.ROWS,
        refusals_of_requests.ROWS,
        refusals_of_scopes.ROWS,
        refusals_of_tokens.ROWS,
        *(entry.refusals for entry in TABLE),
    )
    for row in rows
}
GUIDE: Final = "/guides/developer/errors/"
HEADING: Final = "## Every refusal"


def row_of(code: str) -> RefusalRow | None:
    """The row of this code; None for an error that has none."""
    return REFUSALS.get(code)


def public_code(code: str) -> str:
    """The code that the caller gets: not always the one in the log of the app."""
    row = REFUSALS.get(code)
    return code if row is None else row.shown_as or code


def error_uri(issuer: str, code: str) -> str:
    """The address about this refusal (RFC 6749 §5.2); empty for an error that has no row."""
    return f"{issuer}{GUIDE}#{public_code(code)}" if code in REFUSALS else ""


def guide_path(row: RefusalRow) -> str:
    """Where this server shows the guide of the row."""
    page, _, anchor = row.guide.partition("#")
    return f"/guides/developer/{page.removesuffix('.md')}/#{anchor}"


def document_section() -> str:
    """The last section of docs/developer/errors.md."""
    parts = [
        f"{HEADING}\n\nMade by `scripts/refusals` from `src/quantimodo/protocol/refusals.py`: do"
        " not edit by hand. `error_uri` in a response leads to its entry here. The log of the app"
        " in the portal, and `quantimodo clients log`, show the code of each refusal with these"
        " texts."
    ]
    for code in sorted(REFUSALS):
        row = REFUSALS[code]
        lines = [f"### `{code}`\n", f"`{row.error}`. Expected: {row.expected}\n"]
        if row.shown_as:
            lines.append(
                f"A caller gets [`{row.shown_as}`](#{row.shown_as}) instead; only the log of the"
                " app has this code.\n"
            )
        lines.append(f"How to fix it: {row.fix} See the [guide]({row.guide}).")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
