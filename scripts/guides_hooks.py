"""Hooks of MkDocs for the site at /guides: pages from outside docs/, the navigation, and no inline
script.

The server's content security policy allows scripts from its own address only. The hooks move
each inline script of the theme into a file.
"""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
OUTSIDE = {
    "README.md": "getting-started.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "clients/python/README.md": "developer/python-client-reference.md",
}
_LINK = re.compile(r"(\[[^\]]*\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)
_scripts: dict[str, str] = {}


def on_config(config: Any) -> Any:
    """Replace each `folder/` in the navigation with its pages, in the order of its index."""
    config["nav"] = [_expanded(entry) for entry in config["nav"]]
    return config


def _expanded(entry: dict[str, Any]) -> dict[str, Any]:
    ((title, target),) = entry.items()
    if isinstance(target, list):
        return {title: [_expanded(each) for each in target]}
    if not target.endswith("/"):
        return entry
    index = ROOT / "docs" / target / "index.md"
    links = re.findall(r"\]\(([\w-]+\.md)\)", index.read_text("utf-8"))
    rest = sorted(path.name for path in index.parent.glob("*.md") if path.name not in links)
    names = dict.fromkeys(["index.md", *links, *rest])
    return {title: [target + name for name in names]}


def on_files(files: Files, config: Any) -> Files:
    """Add the documents of `OUTSIDE`."""
    for source, page in OUTSIDE.items():
        if (ROOT / source).exists():
            content = (ROOT / source).read_text("utf-8")
            files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links at the pages of the site; a link to another file of the source is plain text."""
    placed = {page: source for source, page in OUTSIDE.items()}
    own = page.file.src_uri
    source = ROOT / placed.get(own, f"docs/{own}")

    def moved(match: re.Match[str]) -> str:
        link = match[2]
        if "://" in link or link.startswith(("/", "mailto:")):
            return match[0]
        target = (source.parent / link).resolve().relative_to(ROOT).as_posix()
        placed_at = OUTSIDE.get(target) or (
            target.removeprefix("docs/") if target.startswith("docs/") else None
        )
        if placed_at and (ROOT / target).is_dir():
            placed_at += "/index.md"
        if placed_at is None or not placed_at.endswith(".md"):
            return f"{match[1][1:-2]} (`{target}` in the source)"
        up = "../" * own.count("/")
        return f"{match[1]}{up}{placed_at}{match[3]}"

    return _LINK.sub(moved, markdown)


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
