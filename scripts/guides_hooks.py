"""Hooks of MkDocs for the site at /guides: pages from outside docs/, the navigation, and no inline
script.

The server's content security policy allows scripts from its own address only. The hooks move
each inline script of the theme into a file.
"""

import hashlib
import re
import shutil
import sys
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from quantimodo.pages.portal.example_projects import (  # noqa: E402
    CHECKED,
    ExampleProject,
    file_anchor,
    language_of,
    load_examples,
)

EXAMPLES: Final = {each.name: each for each in load_examples(ROOT / "examples")}
OUTSIDE = {
    **{f"examples/{name}/README.md": f"examples/{name}.md" for name in EXAMPLES},
    "README.md": "getting-started.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "clients/python/README.md": "developer/python-client-reference.md",
}
_LINK = re.compile(r"(\[[^\]]*\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)
_scripts: dict[str, str] = {}
# Pages for those who change the server: the search lists them after those for its users.
_LAST_IN_SEARCH: Final = ("decisions/", "architecture", "contributing", "changelog")


def on_config(config: Any) -> Any:
    """Replace each `folder/` in the navigation with its pages, in the order of its index."""
    config["nav"] = [_expanded(entry) for entry in config["nav"]]
    return config


def _expanded(entry: dict[str, Any]) -> dict[str, Any]:
    ((title, target),) = entry.items()
    if isinstance(target, list):
        return {title: [_expanded(each) for each in target]}
    if target == "examples/":
        return {title: ["examples/index.md", *(f"examples/{name}.md" for name in EXAMPLES)]}
    if not target.endswith("/"):
        return entry
    index = ROOT / "docs" / target / "index.md"
    links = re.findall(r"\]\(([\w-]+\.md)\)", index.read_text("utf-8"))
    rest = sorted(path.name for path in index.parent.glob("*.md") if path.name not in links)
    names = dict.fromkeys(["index.md", *links, *rest])
    return {title: [target + name for name in names]}


def on_files(files: Files, config: Any) -> Files:
    """Add the documents of `OUTSIDE`, and the list of the examples."""
    files.append(File.generated(config, "examples/index.md", content=list_of_examples()))
    for source, page in OUTSIDE.items():
        if (ROOT / source).exists():
            content = (ROOT / source).read_text("utf-8")
            files.append(File.generated(config, page, content=content))
    return files


def list_of_examples() -> str:
    """The page with all projects of `examples/`, by group."""
    lines = [
        "# Examples",
        "",
        "Each is a small complete project. In the developer portal, the tab *Guides* of your"
        " application shows them with its client id and redirect URI, and as a ZIP file.",
    ]
    for group, projects in groupby(EXAMPLES.values(), key=lambda each: each.group):
        lines += ["", f"## {group}", "", "| Example | What it is | Tests |", "| --- | --- | --- |"]
        lines += [
            f"| [{each.title}]({each.name}.md) | {each.summary} | {CHECKED[each.checked]} |"
            for each in projects
        ]
    return "\n".join(lines) + "\n"


def _files_of(project: ExampleProject) -> str:
    """The section with the files that the guide shows."""
    lines = [
        "",
        "## Files",
        "",
        f"All files are in the folder `examples/{project.name}` of the source.",
        "",
    ]
    for path in project.files:
        text = project.text(path).rstrip("\n")
        fence = "~~~~~~"
        lines += [f"### `{path}` {{: #{file_anchor(path)} }}", ""]
        lines += [f"{fence}{language_of(path)}", text, fence, ""]
    return "\n".join(lines)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links at the pages of the site; a link to another file of the source is plain text. An
    example has its files at the end."""
    placed = {page: source for source, page in OUTSIDE.items()}
    own = page.file.src_uri
    if own.startswith(_LAST_IN_SEARCH):
        page.meta["search"] = {"boost": 0.1}
    source = ROOT / placed.get(own, f"docs/{own}")
    example = EXAMPLES.get(source.parent.name) if own.startswith("examples/") else None

    def moved(match: re.Match[str]) -> str:
        link = match[2]
        if "://" in link or link.startswith(("/", "mailto:")):
            return match[0]
        if own == "examples/index.md":
            return match[0]
        if example is not None and link in example.files:
            return f"{match[1]}#{file_anchor(link)})"
        target = (source.parent / link).resolve().relative_to(ROOT).as_posix()
        placed_at = {**OUTSIDE, "examples": "examples/index.md"}.get(target) or (
            target.removeprefix("docs/") if target.startswith("docs/") else None
        )
        if placed_at and not placed_at.endswith(".md") and (ROOT / target).is_dir():
            placed_at += "/index.md"
        if placed_at is None or not placed_at.endswith(".md"):
            return f"{match[1][1:-2]} (`{target}` in the source)"
        up = "../" * own.count("/")
        return f"{match[1]}{up}{placed_at}{match[3]}"

    linked = _LINK.sub(moved, markdown)
    return linked if example is None else linked + _files_of(example)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Move inline scripts into files."""
    return _without_inline_scripts(output, "../" * page.url.count("/"))


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The same for pages such as 404.html, whose addresses are absolute."""
    return _without_inline_scripts(output_content, "/guides/")


def _without_inline_scripts(html: str, base: str) -> str:
    def moved(match: re.Match[str]) -> str:
        name = f"assets/inline/{hashlib.sha256(match[1].encode()).hexdigest()[:16]}.js"
        _scripts[name] = match[1]
        return f'<script src="{base}{name}"></script>'

    return _INLINE.sub(moved, html)


def on_post_build(config: Any) -> None:
    """Write the files of the moved scripts; delete what no page loads: source maps and the
    language data of the search, which English does not need."""
    scripts = Path(config["site_dir"], "assets", "javascripts")
    shutil.rmtree(scripts / "lunr", ignore_errors=True)
    for path in Path(config["site_dir"]).rglob("*.map"):
        path.unlink()
    for name, text in _scripts.items():
        path = Path(config["site_dir"], name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
