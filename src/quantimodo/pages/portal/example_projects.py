"""The projects of `examples/`: their descriptions, their files, and an application's values in
them.

Imports the standard library only, because the build hooks of the wheel and of the guides use it
too.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urljoin, urlsplit

Checked = Literal["run", "compiled", "written"]

ISSUER: Final = "http://127.0.0.1:8000"
CLIENT_ID: Final = "your-client-id"
CLIENT_SECRET: Final = "your-client-secret"
GROUPS: Final = (*("Shell", "Python", "JavaScript", "Go", "Java", "Proxies", "Agents", "Mobile"),)
"""In the order in which they are listed."""
CHECKED: Final[Mapping[Checked, str]] = {
    "run": "Tests run it against this server.",
    "compiled": "Tests compile it. No test runs it.",
    "written": "No test compiles or runs it.",
}
_LANGUAGES: Final = {
    **{"py": "python", "sh": "sh", "js": "js", "mjs": "js", "jsx": "jsx", "ts": "ts", "tsx": "tsx"},
    **{"go": "go", "java": "java", "kt": "kotlin", "kts": "kotlin", "swift": "swift"},
    **{"dart": "dart", "html": "html", "css": "css", "json": "json", "toml": "toml"},
    **{"xml": "xml", "yml": "yaml", "yaml": "yaml", "properties": "properties", "cfg": "ini"},
    **{"conf": "apacheconf", "plist": "xml", "md": "md"},
}
_DOCUMENT: Final = re.compile(r"\.\./\.\./docs/(?P<page>[\w/-]+)\.md(?P<anchor>(?:#[\w-]+)?)")
_OTHER_EXAMPLE: Final = re.compile(r"\.\./(?P<name>[\w-]+)/README\.md")
_LINK: Final = re.compile(r"(?<=\]\()\.\./[^)\s]+(?=\))")
_LEFT_OUT: Final = frozenset(
    {
        *("__pycache__", "node_modules", "dist", "build", "target", "out", "vendor", "coverage"),
        *("tokens.json", "db.sqlite3", "next-env.d.ts"),
    }
)
_SHOWN_THOUGH_HIDDEN: Final = frozenset({".env.example", ".gitignore"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleValues:
    """The values that replace the placeholders. `secret`: None leaves its placeholder."""

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: Sequence[str]
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleProject:
    """One project. `kind` is a kind of application of the registration form; `redirect_uri` and
    `post_logout_redirect_uri` are empty where people do not come back to it; `jwt`: it needs JWT
    access tokens; `check` is the test file, or why there is none."""

    name: str
    folder: Path
    title: str
    summary: str
    group: str
    kind: str
    files: tuple[str, ...]
    run: tuple[str, ...]
    checked: Checked
    check: str
    scopes: tuple[str, ...] = ()
    redirect_uri: str = ""
    post_logout_redirect_uri: str = ""
    jwt: bool = False

    def paths(self) -> Sequence[str]:
        """All files that belong to the project, in the order of their names: nothing that a
        build, a package manager or a run made."""
        found = []
        for folder, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if _belongs(name)]
            found += [
                Path(folder, name).relative_to(self.folder).as_posix()
                for name in names
                if _belongs(name) and name != "example.toml"
            ]
        return sorted(found)

    def text(self, path: str) -> str:
        """A file as it is in the repository."""
        return (self.folder / path).read_text("utf-8")

    def filled(self, text: str, values: ExampleValues) -> str:
        """The text with the values in the places of the placeholders."""
        places = {
            ISSUER: values.issuer,
            CLIENT_ID: values.client_id,
            self.redirect_uri: values.redirect_uri,
            self.post_logout_redirect_uri: moved(self.post_logout_redirect_uri, values),
            _origin(self.redirect_uri): _origin(values.redirect_uri),
            " ".join(self.scopes): " ".join(values.scopes),
            CLIENT_SECRET: CLIENT_SECRET if values.secret is None else values.secret,
        }
        # One pass, the longest first: a value is never read as a placeholder.
        known = sorted(filter(None, places), key=len, reverse=True)
        return re.sub("|".join(map(re.escape, known)), lambda match: places[match[0]], text)

    def filled_files(self, values: ExampleValues) -> dict[str, bytes]:
        """All files with the values, and `.env` made from `.env.example` where there is one. Links
        of the guide lead to the pages of the issuer."""
        contents = {path: self._filled_bytes(path, values) for path in self.paths()}
        guide = contents["README.md"].decode()
        guides = f"{values.issuer}/guides/examples"
        contents["README.md"] = _LINK.sub(
            lambda match: urljoin(values.issuer, guide_address(match[0], guides)), guide
        ).encode()
        if ".env.example" in contents:
            contents[".env"] = contents[".env.example"]
        return contents

    def _filled_bytes(self, path: str, values: ExampleValues) -> bytes:
        content = (self.folder / path).read_bytes()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return content
        return self.filled(text, values).encode()


def guide_address(link: str, examples: str) -> str:
    """Where a relative link of a guide leads on a server: a page below `/guides`, or the page of
    another example below the address `examples`; empty for any other link."""
    found = _DOCUMENT.fullmatch(link)
    if found:
        page = found["page"].removesuffix("index")
        return f"/guides/{page}{'/' if page and not page.endswith('/') else ''}{found['anchor']}"
    other = _OTHER_EXAMPLE.fullmatch(link)
    return f"{examples}/{other['name']}" if other else ""


def moved(address: str, values: ExampleValues) -> str:
    """An address of the project at the host to which the redirect URI of the values leads."""
    if not address:
        return ""
    return _origin(values.redirect_uri) + address.removeprefix(_origin(address))


def file_anchor(path: str) -> str:
    """The id of the listing of a file on a page."""
    return "file-" + re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def language_of(path: str) -> str:
    """The language of a file, as highlighters name it; `text` for an unknown one."""
    name = path.rpartition("/")[2]
    return _LANGUAGES.get(name.rpartition(".")[2].lower(), "text") if "." in name[1:] else "text"


def example_folder() -> Path:
    """`examples/` in the package, as a wheel has it, or in the clone."""
    package = Path(__file__).parents[2]
    shipped = package / "examples"
    return shipped if shipped.is_dir() else package.parents[1] / "examples"


def load_examples(folder: Path | None = None) -> Sequence[ExampleProject]:
    """The projects by group and title; none if the folder is missing. Raises `ValueError` for a
    file `example.toml` that is not valid."""
    files = (folder or example_folder()).glob("*/example.toml")
    projects = [_project(file) for file in files]
    return sorted(projects, key=lambda each: (GROUPS.index(each.group), each.title))


def _project(file: Path) -> ExampleProject:
    read: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in read.items()
    }
    try:
        project = ExampleProject(name=file.parent.name, folder=file.parent, **values)
    except TypeError as error:
        raise ValueError(f"{file}: {error}") from error
    if project.group not in GROUPS or project.checked not in get_args(Checked):
        raise ValueError(f"{file}: unknown group or checked")
    return project


def _belongs(name: str) -> bool:
    if name.startswith("."):
        return name in _SHOWN_THOUGH_HIDDEN
    return name not in _LEFT_OUT and not name.endswith((".pyc", ".log"))


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
