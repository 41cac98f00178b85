"""The site of docs/ as it is served at /guides, without the rest of the server."""

import subprocess
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from quantimodo.pages.guides import ADDRESS, Guides
from support.environment import shipped_renderer

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "quantimodo" / "guides"


def build_guides() -> Path:
    """Builds the site if it is not current; its folder."""
    subprocess.run([str(ROOT / "scripts" / "guides")], check=True, timeout=120)
    return FOLDER


def guides_application(folder: Path) -> Starlette:
    """A server of the site in `folder` alone."""
    guides = Guides(shipped_renderer(), folder)
    routes = [Route(ADDRESS, guides.show), Route(f"{ADDRESS}/{{path:path}}", guides.show)]
    application = Starlette(routes=routes)
    application.router.redirect_slashes = False
    return application


@dataclass
class Reader(HTMLParser):
    """The parts of a page that a content security policy and a reader depend on."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    inline: list[str] = field(default_factory=list)
    _script: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {value for name, value in attrs if name in ("id", "name") and value}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        loaded = values.get("href") if tag == "link" else values.get("src")
        if loaded:
            self.loaded.append(loaded)
        # A block of JSON is data: it is not executed, and no policy applies to it.
        self._script = tag == "script" and not loaded and values.get("type") != "application/json"
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        if tag in ("style", "base"):
            self.inline.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)


def read_page(text: str) -> Reader:
    """Parses one page."""
    reader = Reader()
    reader.feed(text)
    return reader
