"""What the documents say is true: links lead somewhere, examples parse, and every setting, command
and address that they name exists."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from quantimodo.app.settings.reading import CONFIG, BadSettings, load
from quantimodo.app.settings.tree import leaves, provider_leaves
from quantimodo.cli.main import command_line
from support.app import METRICS_TOKEN, AppHarness, OpenHarness
from support.checks import not_empty

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "clients" / "python" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]

_FENCE = re.compile(r"^([ ]*)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"QUANTIMODO_[A-Z_]*[A-Z]")
_OURS = re.compile(
    r"(?:https://id\.example\.org|http://127\.0\.0\.1:8000|\$server|\{SERVER\})(/[\w./-]*)"
)
_PATH = re.compile(r"(?:(?:GET|POST) )?(/[\w./-]*)(?:\?\S*)?")
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
_OF_THE_MACHINE = ("/etc/", "/opt/", "/var/", "/usr/", "/somewhere/")
_AUDIENCE = "/api"  # the `aud` of JWT access tokens: a name, and no address
_OPERATORS = frozenset({"|", "||", "&&", ";", ">", ">>", "<", "(", ")"})

GUIDES = sorted(ROOT.glob("examples/*/README.md"))


def _name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=_name_of)


def _fences(document: Path, *languages: str) -> list[str]:
    found = _FENCE.findall(document.read_text("utf-8"))
    return [text for _, language, text in found if language in languages]


def _prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text("utf-8"))


def _spans(document: Path) -> list[str]:
    return [" ".join(span.split()) for span in _SPAN.findall(_prose(document))]


@cache
def _anchors(document: Path) -> frozenset[str]:
    headings = _HEADING.findall(_prose(document))
    kept = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in headings)
    return frozenset(heading.strip().replace(" ", "-") for heading in kept)


@pytest.mark.parametrize("document", [*DOCUMENTS, *GUIDES], ids=_name_of)
def test_each_table_has_a_head(document: Path) -> None:
    """An empty line ends a table, so the rows below it would be shown as text."""
    lines = [line.strip() for line in _prose(document).split("\n")]
    firsts = [
        n
        for n, line in enumerate(lines)
        if line.startswith("|") and not (n and lines[n - 1].startswith("|"))
    ]
    headless = [lines[n] for n in firsts if not re.fullmatch(r"[|:\s-]+", lines[n + 1])]
    assert headless == []


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = [link for link in _local_links(document) if not _leads_somewhere(document, link)]
    assert broken == []


def _local_links(document: Path) -> list[str]:
    return [link for link in _LINK.findall(_prose(document)) if "://" not in link]


def _leads_somewhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    return target.exists() and (not anchor or anchor in _anchors(target))


@each_document
def test_every_document_can_be_reached_from_the_readme(document: Path) -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        current = waiting.pop()
        if current in reached or current.suffix != ".md":
            continue
        reached.add(current)
        links = [link.partition("#")[0] for link in _LINK.findall(_prose(current))]
        waiting += [
            (current.parent / link).resolve() for link in links if link and "://" not in link
        ]
    assert document in reached


def test_every_example_parses() -> None:
    for text in not_empty(text for each in DOCUMENTS for text in _fences(each, "json")):
        assert isinstance(json.loads(text), dict | list)
    for text in not_empty(text for each in DOCUMENTS for text in _fences(each, "python")):
        assert ast.parse(text).body


def test_every_configuration_can_be_used(tmp_path: Path) -> None:
    for text in not_empty(text for each in DOCUMENTS for text in _fences(each, "toml")):
        path = tmp_path / "quantimodo.toml"
        path.write_text(text, "utf-8")
        try:
            load({CONFIG: str(path)})
        except BadSettings as refusal:
            pytest.fail(f"{refusal}\n{text}")


@each_document
def test_every_setting_that_is_named_exists(document: Path) -> None:
    known = leaves()
    variables = {leaf.variable for leaf in known} | {CONFIG}
    unknown = set(_VARIABLE.findall(document.read_text("utf-8"))) - variables
    assert {variable for variable in unknown if not _is_of_a_provider(variable)} == set()
    sections = "|".join({leaf.name.partition(".")[0] for leaf in known if "." in leaf.name})
    dotted = re.compile(rf"(?:{sections})\.(?!py$|json$|md$)[a-z_]+")
    named = {span for span in _spans(document) if dotted.fullmatch(span)}
    assert named <= {leaf.name for leaf in known}


def _is_of_a_provider(variable: str) -> bool:
    match = re.fullmatch(r"QUANTIMODO_PROVIDERS__([A-Z]+)__[A-Z_]+", variable)
    found = provider_leaves(match[1].lower()) if match else ()
    return variable in {leaf.variable for leaf in found}


def test_every_command_that_is_named_exists() -> None:
    program: Any = typer.main.get_command(command_line())
    documents = (*DOCUMENTS, *GUIDES)
    for arguments in not_empty(each for document in documents for each in _commands(document)):
        command, rest = program, list(arguments)
        while getattr(command, "commands", None) and rest and not rest[0].startswith("-"):
            assert rest[0] in command.commands, arguments
            command = command.commands[rest.pop(0)]
        known = {"--help"}
        for parameter in command.params:
            known |= {*parameter.opts, *parameter.secondary_opts}
        given = {word for word in rest if word.startswith("-")}
        assert given <= known, arguments


def _commands(document: Path) -> Iterator[list[str]]:
    """The arguments of every `quantimodo …` that a reader may type."""
    for text in _fences(document, "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            if "quantimodo" in line and not line.lstrip().startswith("#"):
                yield from _simple_commands(line)
    for span in _spans(document):
        if span.startswith("quantimodo "):
            yield from _simple_commands(span)


def _simple_commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in _OPERATORS:
            words.append(word)
            continue
        while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in ("sudo", "env", "-u")):
            del words[: 2 if words[0] == "-u" else 1]
        if words and (words[0] == "quantimodo" or words[0].endswith("/bin/quantimodo")):
            yield words[1:]
        words = []


def _addresses(document: Path) -> set[str]:
    text = document.read_text("utf-8")
    found = {path.rstrip(".") for path in _OURS.findall(text)}
    for span in _spans(document):
        if (match := _PATH.fullmatch(span)) and not span.startswith(_OF_THE_MACHINE):
            found.add(match[1])
    return found - {"", _AUDIENCE}


async def test_every_address_that_is_named_is_served(open_harness: OpenHarness) -> None:
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    settings = {"issuer": "http://localhost:8000", "development": "true", "mcp__enabled": "true"}
    async with open_harness(**settings) as harness:
        browser = harness.browser()
        missing = {
            f"{document.relative_to(ROOT)}: {path}"
            for document in DOCUMENTS
            for path in _addresses(document)
            if (await browser.get(path, headers=headers)).status_code == 404
        }
    assert not missing


async def test_an_address_that_is_not_served_would_be_noticed(harness: AppHarness) -> None:
    assert (await harness.browser().get("/no-such-page")).status_code == 404


def test_examples_name_no_hosts_but_examples() -> None:
    hosts = re.compile(r"[a-z]+://(?:[^\s/@\"'`]*@)?([\w.-]+)")
    named = [
        (document.name, host.rstrip("."))
        for document in DOCUMENTS
        for host in hosts.findall(document.read_text("utf-8"))
    ]
    for document, host in not_empty(named):
        ours = host in ("127.0.0.1", "localhost", "quantimodo", "host", "HOST")
        assert ours or re.fullmatch(r"([\w-]+\.)*example(\.org)?", host), (document, host)
