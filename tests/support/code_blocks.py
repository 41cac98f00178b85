"""The code blocks of the documents."""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^([ ]*)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One block; `document` is its path from the root of the repository."""

    document: str
    language: str
    text: str

    @property
    def start(self) -> str:
        """Its first line, by which tables name it."""
        return self.text.partition("\n")[0].strip()


def code_blocks(document: str) -> list[CodeBlock]:
    """The blocks of one document, in order."""
    found = _BLOCK.findall((ROOT / document).read_text("utf-8"))
    return [CodeBlock(document, language, dedent(text)) for _, language, text in found]


def all_code_blocks() -> list[CodeBlock]:
    """The blocks of every document."""
    documents = ["README.md", "CONTRIBUTING.md", "clients/python/README.md"]
    documents += [
        path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))
    ]
    return [block for document in documents for block in code_blocks(document)]
