"""A browser without scripts and without a window, with the few methods of a Playwright `Page` that
the gallery uses: a tour of all pages in it takes seconds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin

import httpx

_EMPTY: Final = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_PART: Final = re.compile(
    r"(?P<tag>^[a-z0-9]+)|#(?P<id>[\w-]+)|\.(?P<class>[\w-]+)|\[(?P<has>.+?)\]"
)
_HAS: Final = re.compile(r"(?P<name>[\w-]+)(?:(?P<how>[*$^]?=)['\"]?(?P<value>[^'\"]*)['\"]?)?")


@dataclass(slots=True, eq=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)

    def all(self) -> "Iterator[Element]":
        """It and all within, in the order of the document."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.all()

    def above(self, tag: str) -> "Element | None":
        """The nearest element of this tag that it is in."""
        found = self.parent
        while found is not None and found.tag != tag:
            found = found.parent
        return found

    def text(self) -> str:
        return "".join(each if isinstance(each, str) else each.text() for each in self.children)

    def matches(self, selector: str) -> bool:
        """Of one compound selector: a tag, ids, classes and attributes."""
        for part in _PART.finditer(selector):
            if part["tag"] and self.tag != part["tag"]:
                return False
            if part["id"] and self.attributes.get("id") != part["id"]:
                return False
            if part["class"] and part["class"] not in self.attributes.get("class", "").split():
                return False
            if part["has"] and not self._has(part["has"]):
                return False
        return True

    def _has(self, condition: str) -> bool:
        found = _HAS.fullmatch(condition)
        assert found is not None, condition
        value = self.attributes.get(found["name"])
        if value is None or not found["how"]:
            return value is not None
        compared = {"=": value.__eq__, "$=": value.endswith, "^=": value.startswith}
        return (
            found["value"] in value
            if found["how"] == "*="
            else compared[found["how"]](found["value"])
        )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.present = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.present)
        self.present.children.append(element)
        if tag not in _EMPTY:
            self.present = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        ended: Element | None = self.present if self.present.tag == tag else self.present.above(tag)
        if ended is not None and ended.parent is not None:
            self.present = ended.parent

    def handle_data(self, data: str) -> None:
        self.present.children.append(data)


def document(html: str) -> Element:
    """The root, which has no tag."""
    reader = _Reader()
    reader.feed(html)
    return reader.root


@dataclass(slots=True)
class PlainPage:
    """Like a `Page` whose context it is too."""

    http: httpx.AsyncClient
    root: Element = field(default_factory=lambda: Element("", {}))
    html: str = ""
    url: str = ""

    @property
    def context(self) -> "PlainPage":
        return self

    async def add_cookies(self, cookies: list[dict[str, str]]) -> None:
        for cookie in cookies:
            del self.http.cookies[cookie["name"]]
            self.http.cookies.set(cookie["name"], cookie["value"])

    async def goto(self, path: str, **_: Any) -> None:
        self._show(await self.http.get(path))

    async def content(self) -> str:
        return self.html

    async def wait_for_load_state(self, _: str) -> None:
        return None

    async def fill(self, selector: str, value: str) -> None:
        element = self.one(selector)
        if element.tag == "textarea":
            element.children = [value]
        else:
            element.attributes["value"] = value

    async def check(self, selector: str) -> None:
        element = self.one(selector)
        if element.attributes["type"] == "radio":
            for other in self.root.all():
                if other.attributes.get("name") == element.attributes["name"]:
                    other.attributes.pop("checked", None)
        element.attributes["checked"] = ""

    async def uncheck(self, selector: str) -> None:
        self.one(selector).attributes.pop("checked", None)

    async def click(self, selector: str) -> None:
        element = self.one(selector)
        if element.tag == "a":
            await self.goto(urljoin(self.url, element.attributes["href"]))
        elif element.tag == "summary":
            assert element.parent is not None
            element.parent.attributes["open"] = ""
        else:
            await self._submit(element)

    def one(self, selector: str) -> Element:
        """The first element of a selector; `>> nth=0` says that there are more."""
        parts = selector.removesuffix(" >> nth=0").split()
        for element in self.root.all():
            if element.matches(parts[-1]) and _within(element, parts[:-1]):
                return element
        raise AssertionError(f"{selector} is not on {self.url}")

    async def _submit(self, button: Element) -> None:
        of = button.attributes.get("form")
        form = self.one(f"form#{of}") if of else button.above("form")
        assert form is not None
        fields: dict[str, list[str]] = {}
        for element in self.root.all():
            named = "name" in element.attributes and "disabled" not in element.attributes
            for value in _sent(element, button) if named and element.above("form") is form else ():
                fields.setdefault(element.attributes["name"], []).append(value)
        address = urljoin(self.url, form.attributes.get("action", ""))
        if form.attributes.get("method") == "post":
            self._show(await self.http.post(address, data=fields))
        else:
            self._show(await self.http.get(address, params=fields))

    def _show(self, response: httpx.Response) -> None:
        self.html, self.url = response.text, str(response.url)
        self.root = document(self.html)


def _within(element: Element, above: list[str]) -> bool:
    parent = element.parent
    for selector in reversed(above):
        while parent is not None and not parent.matches(selector):
            parent = parent.parent
        if parent is None:
            return False
        parent = parent.parent
    return True


def _sent(element: Element, button: Element) -> Iterator[str]:
    """The values that a form sends of an element with a name."""
    kind, value = element.attributes.get("type", ""), element.attributes.get("value", "")
    if element.tag == "textarea":
        yield element.text().removeprefix("\n")
    elif element.tag == "select":
        options = [each for each in element.all() if each.tag == "option"]
        chosen = next((each for each in options if "selected" in each.attributes), options[0])
        yield chosen.attributes.get("value", chosen.text())
    elif element.tag == "button" or kind in ("submit", "file"):
        if element is button:
            yield value
    elif element.tag == "input" and (
        kind not in ("radio", "checkbox") or "checked" in element.attributes
    ):
        yield value or ("on" if kind == "checkbox" else "")
