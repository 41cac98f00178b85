"""Extracts the texts of source code and templates, and updates the catalogues.

For `scripts/translations` and tests; the server does not use it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_python
from babel.messages.pofile import read_po, write_po

LOCALES: Final = "i18n/locales"
# The functions whose arguments are texts, with the positions of these arguments, as Babel reads it.
_KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "N_": None,
    "N_plural": (1, 2),
    "counted": (2, 3),
}
_METHODS: Final = [("**/templates/**.html", "jinja2"), ("**.py", f"{__name__}:called_texts")]
_CALL: Final = re.compile(rf"\b(?:{'|'.join(_KEYWORDS)})\s*\(".encode())
_OPTIONS: Final = {
    "**/templates/**.html": {
        "newstyle_gettext": "true",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "silent": "false",
    }
}

MessageId = str | tuple[str, ...] | list[str]


def called_texts(
    file: IO[bytes], keywords: Mapping[str, Any], tags: Collection[str], options: Any
) -> Iterator[Any]:
    """The texts that Babel's `extract_python` finds in a file. Most files have no call of these
    functions, and are not parsed."""
    if _CALL.search(file.read()):
        file.seek(0)
        yield from extract_python(file, keywords, tags, options)


def texts(source: Path) -> Iterator[tuple[str, MessageId]]:
    """Each text under the folder `source`, with its file."""
    found = extract_from_dir(source, _METHODS, _OPTIONS, _KEYWORDS, strip_comment_tags=True)
    for name, _, message, _, _ in found:
        yield name, message


def template_of(source: Path) -> Catalog:
    """A catalogue of all texts, without translations."""
    template = Catalog(fuzzy=False)
    for name, message in texts(source):
        template.add(message, locations=[(name, 0)])
    return template


def update_catalogue(template: Catalog, tag: str, catalogue: bytes) -> bytes:
    """The `.po` file with the texts of `template`, and with those of its translations that are of
    these texts."""
    old = read_po(BytesIO(catalogue), locale=tag)
    new = Catalog(locale=tag, fuzzy=False)
    for each in template:
        if each.id:
            new.add(each.id, _translation(old.get(each.id), each), locations=each.locations)
    written = BytesIO()
    write_po(written, new, width=0, no_location=True, sort_output=True, omit_header=True)
    header = (
        f'msgid ""\nmsgstr ""\n"Language: {tag}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    )
    plural = f'"Plural-Forms: {new.plural_forms}\\n"\n\n'
    return (header + plural).encode() + written.getvalue()


def untranslated(catalogue: bytes) -> list[MessageId]:
    """The texts without a translation, in one of the plural forms or at all."""
    return [each.id for each in read_po(BytesIO(catalogue)) if each.id and not _is_complete(each)]


def _translation(old: Message | None, new: Message) -> Any:
    return "" if old is None or bool(old.pluralizable) != bool(new.pluralizable) else old.string


def _is_complete(message: Message) -> bool:
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(forms)
