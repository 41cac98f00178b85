"""How `quantimodo demo` tells what goes over the wire: requests and answers, no secret whole."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from quantimodo.cli.forms import HtmlPage

_OURS = re.compile(r"(qm[a-z]_[A-Za-z0-9_-]{5})[A-Za-z0-9_-]+")
_SIGNED = re.compile(r"(eyJ[A-Za-z0-9_-]{5})[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HIDDEN_FIELDS = frozenset({"password", "csrf", "code_verifier"})
_MOST_LINES = 30


def shortened(text: str) -> str:
    """The text with every token and secret of ours cut to its beginning."""
    return _SIGNED.sub(r"\1…", _OURS.sub(r"\1…", text))


@dataclass(frozen=True, slots=True)
class DemoOutput:
    """Says lines; knows nothing of terminals."""

    say: Callable[[str], None]

    def step(self, number: int, what: str) -> None:
        self.say("")
        self.say(f"{number}. {what}")

    def note(self, text: str) -> None:
        self.say(f"     {shortened(text)}")

    def request(self, request: httpx.Request, form: Mapping[str, str] | None) -> None:
        parts = urlsplit(str(request.url))
        self.say(f"   > {request.method} {parts.scheme}://{parts.netloc}{parts.path}")
        authorization = request.headers.get("authorization", "")
        if authorization.startswith("Bearer "):
            self.say(f"     Authorization: {shortened(authorization)}")
        elif authorization.startswith("Basic "):
            self.say("     Authorization: Basic (client_id and client_secret)")
        for name, value in [*parse_qsl(parts.query), *(form or {}).items()]:
            self.say(f"     {name} = {'•••' if name in _HIDDEN_FIELDS else shortened(value)}")

    def answer(self, answer: httpx.Response) -> None:
        self.say(f"   < {answer.status_code} {answer.reason_phrase}")
        for line in _lines(answer):
            self.say(f"     {shortened(line)}")


def _lines(answer: httpx.Response) -> Iterator[str]:
    if challenge := answer.headers.get("www-authenticate"):
        yield f"WWW-Authenticate: {challenge}"
    if location := answer.headers.get("location"):
        yield f"Location: {location}"
    kind = answer.headers.get("content-type", "")
    if kind.startswith("application/json") and as_object(answer):
        lines = json.dumps(as_object(answer), indent=2, ensure_ascii=False).splitlines()
        yield from lines[:_MOST_LINES]
        if len(lines) > _MOST_LINES:
            yield f"… and {len(lines) - _MOST_LINES} lines more"
    elif kind.startswith("text/html") and answer.content and not location:
        yield f"a page: {HtmlPage(answer.text).title}"


def as_object(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; an empty one when it is none."""
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
