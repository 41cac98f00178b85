"""Renders the guide of an example as sections of a page: its Markdown without HTML, and its
listings.

`markdown-it` escapes all HTML, and refuses script links. A link to no page of this server becomes
plain text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from quantimodo.pages.portal.example_projects import ExampleProject, file_anchor, guide_address

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
_NOTHING: Final = Markup()
_TERMINAL: Final = frozenset({"sh", "bash", "shell"})


@dataclass(frozen=True, slots=True)
class GuidePiece:
    """Prose as HTML, or a listing to copy; `terminal`: it is for a shell."""

    prose: Markup = _NOTHING
    listing: str = ""
    terminal: bool = False


@dataclass(slots=True)
class GuidePart:
    """A section of the guide; the text before the first heading has no title."""

    title: str = ""
    pieces: list[GuidePiece] = field(default_factory=list)


def guide_parts(project: ExampleProject, text: str, guides: str) -> Sequence[GuidePart]:
    """The sections of a guide. `guides` is the address below which the pages of other examples
    are."""
    targets = {path: f"#{file_anchor(path)}" for path in project.files}
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.children is not None:
            token.children = list(_linked(token.children, targets, guides))
    parts, waiting = [GuidePart()], list[Token]()
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag in ("h1", "h2"):
            _flush(waiting, parts[-1])
            if token.tag == "h2":
                parts.append(GuidePart(tokens[index + 1].content))
        elif token.type == "fence" and token.level == 0:
            _flush(waiting, parts[-1])
            terminal = token.info.strip() in _TERMINAL
            listing = token.content.removesuffix("\n")
            parts[-1].pieces.append(GuidePiece(listing=listing, terminal=terminal))
        elif not _of_title(tokens, index):
            waiting.append(token)
    _flush(waiting, parts[-1])
    return [part for part in parts if part.pieces]


def _of_title(tokens: Sequence[Token], index: int) -> bool:
    """Whether it is the text or the end of a heading that is a title here."""
    titles = ("h1", "h2")
    before = tokens[index - 1] if index else None
    ends = tokens[index].type == "heading_close" and tokens[index].tag in titles
    return ends or (before is not None and before.type == "heading_open" and before.tag in titles)


def _flush(waiting: list[Token], part: GuidePart) -> None:
    if waiting:
        html = _MARKDOWN.renderer.render(waiting, _MARKDOWN.options, {})
        part.pieces.append(GuidePiece(prose=Markup(html)))  # noqa: S704 - its HTML is escaped
        waiting.clear()


def _linked(tokens: Sequence[Token], targets: Mapping[str, str], guides: str) -> Iterator[Token]:
    kept = list[bool]()
    for token in tokens:
        if token.type == "link_open":
            link = str(token.attrs["href"])
            address = targets.get(link) or guide_address(link, guides)
            kept.append(bool(address))
            token.attrs["href"] = address
            if not address:
                continue
        elif token.type == "link_close" and not kept.pop():
            continue
        yield token
