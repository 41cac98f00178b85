"""Every text of every page has a translation (issue 16.6): a language that puts translated texts in
brackets finds those that are outside. Names, dates and what people typed are no such texts."""

import re
from calendar import month_name
from collections.abc import Iterator
from typing import Any, Final, cast

import httpx

from quantimodo.measurements.reference_names import CATEGORY_NAMES, UNIT_NAMES
from quantimodo.model.languages import LANGUAGES
from quantimodo.pages.languages import Languages
from quantimodo.pages.portal.example_projects import load_examples
from support.account_services import AccountServices
from support.page_gallery import LONG_NAME, Gallery
from support.plain_browser import Element, PlainPage, document
from support.pseudo_language import SEGMENTED

ORIGIN: Final = "http://127.0.0.1:1"
DATA_ELEMENTS: Final = {"bdi", "code", "pre", "script", "style", "svg", "datalist", "textarea"}
ATTRIBUTES: Final = {"aria-label", "placeholder", "alt", "title"}
NOT_TRANSLATED: Final = {"outbox"}  # of development servers only
NAMES: Final = [
    *("QuantiModo", "Sample", "Down", "Mood Tracker", LONG_NAME, "Task Board", "Sleep Quality"),
    *("Firefox", "Safari", "Windows", "iPhone", "Linux", "python-httpx", "sample", "UTC"),
    *(
        "slept like a stone",
        "Grafana at home",
        "Notebook",
        "Finds what makes you sleep well.",
        "Phone at",
        "Ann",
        "Bob",
    ),
    *("tasks:read = Read your tasks", "2001:db8:1::7"),
    "Sign in with quantimodo from a terminal, with requests",  # a guide, which is in English
    *(each.name for each in LANGUAGES.values()),
    *month_name[1:],
    *("Oct", "Nov", "Dec"),
]
_ADDRESS: Final = re.compile(r"\S*\bexample\.(org|app)\S*")
_WORDS: Final = re.compile(r"[^\W\d_]{2}.*")


def untranslated(html: str, names: list[str]) -> Iterator[str]:
    """The texts outside of brackets, without names."""
    depth = 0

    def outside(text: str) -> str:
        nonlocal depth
        kept = ""
        for sign in text:
            depth += (sign == "⟦") - (sign == "⟧")
            kept += sign if depth == 0 and sign != "⟧" else " "
        return " ".join(kept.split())

    def texts(element: Element) -> Iterator[str]:
        for name in ATTRIBUTES & element.attributes.keys():
            yield outside(element.attributes[name])
        # Errors of the API, codes and commands are in English, and say so.
        if element.tag in DATA_ELEMENTS or element.attributes.get("lang") == "en":
            return
        for child in element.children:
            if isinstance(child, str):
                yield outside(child)
            else:
                yield from texts(child)

    for text in texts(document(html)):
        rest = _ADDRESS.sub(" ", text)
        for name in names:
            rest = rest.replace(name, " ")
        yield from _WORDS.findall(rest)


async def test_no_page_has_a_text_without_a_translation(services: AccountServices) -> None:
    gallery = Gallery(services, ORIGIN, Languages(default=SEGMENTED))
    await gallery.add_data()
    units = (await gallery.site.pages.references.catalogue()).units
    # Guides are in English, and the title of a page cannot say so.
    names = NAMES + [each.title for each in load_examples()]
    names += sorted((f"({each.abbreviated_name})" for each in units), key=len, reverse=True)
    found, seen = dict[str, list[str]](), 0
    transport = httpx.ASGITransport(app=gallery.site.app(), client=("192.0.2.1", 1))
    http = httpx.AsyncClient(transport=transport, base_url=ORIGIN, follow_redirects=True)
    async with http:
        page = PlainPage(http)
        for tour in (gallery.signed_out, gallery.signed_in):
            async for name in tour(cast(Any, page)):
                seen += 1
                if texts := sorted(set(untranslated(page.html, names))):
                    found[name] = texts
    for name in NOT_TRANSLATED:
        assert found.pop(name)
    assert found == {}
    assert seen > 100


async def test_units_and_categories_are_those_of_the_database(services: AccountServices) -> None:
    gallery = Gallery(services, ORIGIN)
    catalogue = await gallery.site.pages.references.catalogue()
    assert {each.name for each in catalogue.units} == {*UNIT_NAMES}
    assert {each.name for each in catalogue.variable_categories} == {*CATEGORY_NAMES}
