"""Search in the API reference: finds operations and schemas that contain every word of the
query."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from quantimodo.pages.reference.model import DOCS, Field, Group, Schema

LONGEST_QUERY: Final = 100
_MOST_WORDS: Final = 8
_MOST_RESULTS: Final = 30


@dataclass(frozen=True, slots=True)
class Entry:
    """A result: a heading and its address. `method` is "" for a schema."""

    address: str
    method: str
    place: str
    title: str


@dataclass(frozen=True, slots=True)
class Found:
    """The entries of a query, the best first; `more` is the number of those left out."""

    query: str
    entries: Sequence[Entry]
    more: int


class ReferenceSearch:
    """An index of the reference, made once."""

    __slots__ = ("_index",)

    def __init__(self, groups: Sequence[Group], schemas: Mapping[str, Schema]) -> None:
        self._index = [*_operations(groups), *_schemas(schemas)]

    def find(self, query: str) -> Found:
        """The entries that have every word of `query`. A query may be anything: it is cut to
        `LONGEST_QUERY` characters, and its first eight words count."""
        query = "".join(sign for sign in query if sign.isprintable())[:LONGEST_QUERY].strip()
        words = _plain(query).split()[:_MOST_WORDS]
        ranked: list[tuple[int, int, Entry]] = []
        for number, (head, body, entry) in enumerate(self._index):
            if words and all(word in head or word in body for word in words):
                missing = sum(word not in head for word in words)
                ranked.append((missing, number, entry))
        ranked.sort(key=lambda each: each[:2])
        entries = [entry for _, _, entry in ranked[:_MOST_RESULTS]]
        return Found(query, entries, len(ranked) - len(entries))


def _operations(groups: Sequence[Group]) -> Iterator[tuple[str, str, Entry]]:
    for group in groups:
        for operation in (each for main in group.operations for each in main.all):
            head = [operation.id, operation.method, operation.path, operation.summary]
            body = [group.name, operation.text.striptags(), *operation.aliases]
            body += _texts(operation.parameters)
            for response in operation.responses:
                body += [response.status, response.text.striptags(), *_texts(response.fields)]
            entry = Entry(
                operation.address,
                operation.method,
                operation.path,
                operation.summary,
            )
            yield _plain(" ".join(head)), _plain(" ".join(body)), entry


def _schemas(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str, Entry]]:
    for schema in schemas.values():
        body = [schema.text.striptags(), *_texts(schema.fields)]
        entry = Entry(
            f"{DOCS}/schemas/{schema.name}", "", schema.name, _first_sentence(schema.text)
        )
        yield _plain(f"{schema.name} schema"), _plain(" ".join(body)), entry


def _texts(fields: Sequence[Field]) -> Iterator[str]:
    for each in fields:
        yield f"{each.name} {each.text.striptags()} {' '.join(each.choices)}"


def _first_sentence(text: Markup) -> str:
    return text.striptags().partition(". ")[0].rstrip(".") or "Schema"


def _plain(text: str) -> str:
    """Without differences of case and of the forms of characters."""
    return unicodedata.normalize("NFKC", text).casefold()
