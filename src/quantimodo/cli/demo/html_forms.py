"""Reads the forms of an HTML page as a browser does. Pure."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class HtmlForm:
    """The address of the form, its values, and its submit buttons by id."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def pressed(self, button: str) -> dict[str, str]:
        """The values that are sent when this button is pressed."""
        name, value = self.buttons[button]
        return {**self.values, name: value}


class HtmlPage(HTMLParser):
    """A page's title and forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.title = ""
        self.forms: list[HtmlForm] = []
        self._form: HtmlForm | None = None
        self._in_title = False
        self.feed(text)
        self.close()
        self.title = " ".join(self.title.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "title" and not self.title:
            self._in_title = True
        elif tag == "form":
            self._form = HtmlForm(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and tag in ("input", "button"):
            _add(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def _add(form: HtmlForm, tag: str, given: dict[str, str]) -> None:
    name, value = given.get("name", ""), given.get("value", "")
    kind = given.get("type", "submit" if tag == "button" else "text").lower()
    if kind == "submit":
        form.buttons[given.get("id", "")] = (name, value)
    elif name and kind not in ("checkbox", "radio", "button", "reset", "file"):
        form.values[name] = value
        form.kinds[name] = kind
