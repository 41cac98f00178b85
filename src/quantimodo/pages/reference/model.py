"""The content of the API reference as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

Json = Mapping[str, Any]
DOCS: Final = "/docs"


def paragraphs(text: str) -> Markup:
    """A description of the document: paragraphs, with code between backticks."""
    return Markup("").join(Markup("<p>{}</p>").format(inline(part)) for part in text.split("\n\n"))


def inline(text: str) -> Markup:
    """One paragraph's content."""
    parts = (
        Markup("<code>{}</code>").format(part) if number % 2 else Markup.escape(part)
        for number, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter, or one field of a response; `error.code` is a field inside `error`.

    `schema`: the name of the schema of its value, or "".
    """

    name: str
    kind: str
    required: bool
    deprecated: bool
    text: Markup
    choices: Sequence[str]
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedResponse:
    """The response with one status. `schema`: the name of the schema of its JSON, or ""."""

    status: str
    text: Markup
    media_types: Sequence[str]
    headers: Sequence[tuple[str, Markup]]
    fields: Sequence[Field]
    examples: Sequence[tuple[str, str]]
    schema: str = ""

    @property
    def good(self) -> bool:
        """Whether the request succeeded."""
        return self.status < "400"


@dataclass(frozen=True, slots=True)
class Sample:
    """A request in one language; `name` is that of its example, "" when there is only one."""

    language: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `aliases` are its other paths, `twins` are operations that do the
    same by another method; they are on the page of the operation, which is at `address`.

    `callable`: /docs/try has it. `parameters_of` and `responses_of`: the operation of which this
    one is a twin, if it has the same ones.
    """

    id: str
    address: str
    method: str
    path: str
    summary: str
    text: Markup
    aliases: Sequence[str]
    schemes: Sequence[Markup]
    parameters_in: str
    parameters_schema: str
    parameters: Sequence[Field]
    samples: Sequence[Sample]
    responses: Sequence[DocumentedResponse]
    callable: bool
    twins: Sequence["Operation"] = ()
    parameters_of: "Operation | None" = None
    responses_of: "Operation | None" = None

    @property
    def calls(self) -> Sequence[Sample]:
        """The samples for a terminal, or the address for a browser."""
        return [each for each in self.samples if not each.language]

    @property
    def programs(self) -> Sequence[Sample]:
        """The samples in programming languages."""
        return [each for each in self.samples if each.language]

    @property
    def all(self) -> Sequence["Operation"]:
        """It and its twins."""
        return [self, *self.twins]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations under one heading."""

    name: str
    text: Markup
    operations: Sequence[Operation]

    @property
    def twins(self) -> Sequence[Operation]:
        """The twins of all its operations."""
        return [twin for each in self.operations for twin in each.twins]

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"{DOCS}/{slug(self.name)}"


@dataclass(frozen=True, slots=True)
class Schema:
    """A named JSON Schema of the document; `used_by` are the operations that have it."""

    name: str
    text: Markup
    fields: Sequence[Field]
    used_by: Sequence[Operation]
    json: str


def slug(name: str) -> str:
    """The name of a group in an address."""
    return name.lower().replace(" ", "-")
