"""Catalogues of translations, each loaded once, at its first use.

A wheel has compiled ones. In a clone they are read from their sources.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import import_module
from importlib.resources import files
from io import BytesIO
from typing import Final

from quantimodo.model.languages import Language

DOMAIN: Final = "quantimodo"


def catalogue(language: Language) -> NullTranslations:
    """The translations to this language. Raises `FileNotFoundError` if there are none."""
    return language.translations or _load(language.tag)


@cache
def _load(tag: str) -> GNUTranslations:
    folder = files("quantimodo.i18n") / "locales" / tag
    compiled = folder / f"{DOMAIN}.mo"
    if compiled.is_file():
        return GNUTranslations(BytesIO(compiled.read_bytes()))
    return GNUTranslations(BytesIO(compile_catalogue((folder / f"{DOMAIN}.po").read_bytes(), tag)))


def compile_catalogue(source: bytes, tag: str) -> bytes:
    """The binary form (`.mo`) of a `.po` file."""
    read, write = import_module("babel.messages.pofile"), import_module("babel.messages.mofile")
    compiled = BytesIO()
    write.write_mo(compiled, read.read_po(BytesIO(source), locale=tag))
    return compiled.getvalue()
