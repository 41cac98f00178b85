"""Citations in code, tests and documents: `DOCUMENT §SECTION`, with several sections or one.

docs/reference/index.md describes the form; docs/reference/standards.md lists the standards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
_SUFFIXES = {".py", ".md", ".sql", ".html", ".txt", ".js", ".css", ".sh", ".toml", ".lua", ".java"}
_FOLDERS = ("src", "tests", "clients", "bench", "docs", "scripts")
_SKIPPED = {"node_modules", "__pycache__", "data", "results", "build", "dist", "guides"}

SECTION = r"§(?:R?\d+[a-z]?|[A-Z])(?:\.\d+)*(?!\d)"
_SEVERAL = rf"{SECTION}(?:(?:,| and|, and| to|;|/)? ?{SECTION})*"
_SPLIT_STRING = re.compile(r'"\s*\n\s*f?"')
_INDENTED = re.compile(r"\s*\n[ \t]*(?:#|--|\*|//)?[ \t]*")
_HEADING = re.compile(r"^#{2,4} (R?\d+[a-z]?(?:\.\d+)*)\.? ", re.MULTILINE)
_ROW = re.compile(r"^\| (R\d+) \|", re.MULTILINE)
_STANDARD = re.compile(r"^\| ([A-Z][^|]*?) \| (?!---)", re.MULTILINE)
_RFC = re.compile(r"\bRFC ?\d+(?:bis)?\b")


@dataclass(frozen=True, slots=True)
class Citation:
    """One document and the sections that a text cites of it; no section: the whole document."""

    document: str
    sections: tuple[str, ...]


@cache
def sections(document: str) -> frozenset[str]:
    """The numbers of all headings and numbered rows of a document in docs/reference/."""
    text = (REFERENCE / document).read_text("utf-8")
    return frozenset(_HEADING.findall(text)) | frozenset(_ROW.findall(text))


@cache
def documents() -> frozenset[str]:
    """The numbered documents in docs/reference/."""
    names = (path.name for path in REFERENCE.glob("*.md"))
    return frozenset(name for name in names if sections(name))


@cache
def standards() -> frozenset[str]:
    """The names in the first column of docs/reference/standards.md."""
    text = (REFERENCE / "standards.md").read_text("utf-8")
    return frozenset(_STANDARD.findall(text)) - {"Cited as"}


@cache
def _citation() -> re.Pattern[str]:
    names = sorted(documents() | standards(), key=len, reverse=True)
    known = "|".join(re.escape(name) for name in names)
    return re.compile(rf"(?<![\w-])({known}),? ({_SEVERAL})")


def faults(text: str, own: str | None = None) -> Iterator[str]:
    """What is wrong with the citations of a text. `own`: the name of the document in
    docs/reference/ that the text is; its sections may be cited without the name."""
    joined = _INDENTED.sub(" ", _SPLIT_STRING.sub("", text))
    spans = []
    for match in _citation().finditer(joined):
        spans.append(match.span())
        yield from _unknown(Citation(match[1], tuple(re.findall(SECTION, match[2]))))
    for match in re.finditer("§", joined):
        if any(start <= match.start() < end for start, end in spans):
            continue
        around = joined[max(0, match.start() - 40) : match.end() + 20]
        if own is None:
            yield f"a section sign without a known document before it: {around!r}"
            continue
        alone = re.match(SECTION, joined[match.start() :])
        yield from _unknown(Citation(own, (alone[0],))) if alone else (around,)
    for name in documents():
        for match in re.finditer(rf"(?<![\w/-]){re.escape(name)}(?! §)(?![)#\x22]|`\))", joined):
            yield f"{name} is cited without a section: {joined[match.start() :][:40]!r}"
    for rfc in set(_RFC.findall(joined)) - standards():
        yield f"{rfc} is not in docs/reference/standards.md"


def _unknown(citation: Citation) -> Iterator[str]:
    if citation.document in documents():
        for section in citation.sections:
            if section.removeprefix("§") not in sections(citation.document):
                yield f"{citation.document} has no {section}"


def citing_files() -> list[Path]:
    """Every file of ours that may cite something."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
    for folder in _FOLDERS:
        found += [
            path
            for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in _SUFFIXES and not _SKIPPED & set(path.relative_to(ROOT).parts)
        ]
    return [path for path in found if path.is_file()]
