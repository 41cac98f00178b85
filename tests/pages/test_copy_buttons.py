"""A text to copy has a button where scripts run, and is selected by one click where none run."""

import re
from collections.abc import Iterator
from pathlib import Path

import quantimodo.pages
from quantimodo.pages.renderer import PAGES_OF_SCRIPTS

TEMPLATES = Path(quantimodo.pages.__file__).parent / "templates"


def test_each_page_with_a_text_to_copy_has_the_script_and_no_other_page() -> None:
    with_text = {page.name for page in TEMPLATES.glob("*.html") if _copies(page)}
    with_text -= {"reference_layout.html"}  # a frame; of its pages one has texts to copy
    assert set(PAGES_OF_SCRIPTS["copy.js"]) == with_text | {"reference_operation.html"}


def _copies(template: Path) -> bool:
    """Whether the template or a part that it imports has texts with a copy button."""
    return any("data-copy" in each.read_text() for each in _with_parts(template))


def _with_parts(template: Path) -> Iterator[Path]:
    yield template
    for name in re.findall(r'{% from "(parts/[^"]+)"', template.read_text()):
        yield from _with_parts(TEMPLATES / name)
