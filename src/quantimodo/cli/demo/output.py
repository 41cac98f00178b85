"""How `quantimodo demo` prints the requests and responses, with shortened secrets."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from quantimodo.cli.demo.html_forms import HtmlPage
from quantimodo.model.texts import number_of

_OURS = re.compile(r"(qm[a-z]_[A-Za-z0-9_-]{5})[A-Za-z0-9_-]+")
_SIGNED = re.compile(r"(eyJ[A-Za-z0-9_-]{5})[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HIDDEN_FIELDS = frozenset({"password", "csrf", "code_verifier"})
_MOST_LINES = 30


def shortened(text: str) -> str:
    """The text with each token and secret of this server shortened to its beginning."""
    return _SIGNED.sub(r"\1…", _OURS.sub(r"\1…", text))


@dataclass(frozen=True, slots=True)
class DemoOutput:
    """Passes each line to a function that prints it."""

    say: Callable[[str], None]

    def step(self, number: int, title: str) -> None:
        """Begin a step, with its number."""
        self.say("")
        self.say(f"{number}. {title}")

    def note(self, text: str) -> None:
        """Print a sentence about the step."""
        self.say(f"     {shortened(text)}")

    def request(self, request: httpx.Request, form: Mapping[str, str] | None) -> None:
        """Print a request, without its secrets."""
        parts = urlsplit(str(request.url))
        self.say(f"   > {request.method} {parts.scheme}://{parts.netloc}{parts.path}")
        authorization = request.headers.get("authorization", "")
        if authorization.startswith("Bearer "):
            self.say(f"     Authorization: {shortened(authorization)}")
        elif authorization.startswith("Basic "):
            self.say("     Authorization: Basic (client_id and client_secret)")
        for name, value in [*parse_qsl(parts.query), *(form or {}).items()]:
            self.say(f"     {name} = {'•••' if name in _HIDDEN_FIELDS else shortened(value)}")

    def response(self, response: httpx.Response) -> None:
        """Print a response, without its secrets."""
        self.say(f"   < {response.status_code} {response.reason_phrase}")
        for line in _lines(response):
            self.say(f"     {shortened(line)}")


def _lines(response: httpx.Response) -> Iterator[str]:
    if challenge := response.headers.get("www-authenticate"):
        yield f"WWW-Authenticate: {challenge}"
    if location := response.headers.get("location"):
        yield f"Location: {location}"
    kind = response.headers.get("content-type", "")
    if kind.startswith("application/json") and as_object(response):
        lines = json.dumps(as_object(response), indent=2, ensure_ascii=False).splitlines()
        yield from lines[:_MOST_LINES]
        if len(lines) > _MOST_LINES:
            yield f"… and {number_of(len(lines) - _MOST_LINES, 'line')} more"
    elif kind.startswith("text/html") and response.content and not location:
        yield f"a page: {HtmlPage(response.text).title}"


def as_object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a response; an empty one when the body is none."""
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
