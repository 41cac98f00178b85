"""Formats an example request of the API reference: for a terminal, in Python and in JavaScript."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRequest:
    """One request. `fields` are those of the query of a GET request, and of the form of others;
    `json` is a body. `browser`: a browser opens it, and programs do not."""

    method: str
    url: str
    browser: bool
    basic: tuple[str, str] | None
    token: str
    json: Any
    fields: Mapping[str, str]
    gives_json: bool

    @property
    def address(self) -> str:
        """The whole address of a GET request."""
        if not self.fields:
            return self.url
        return f"{self.url}?{urlencode(self.fields, quote_via=quote)}"

    @property
    def body(self) -> bool:
        """Whether there is a JSON body."""
        return self.json is not None


def curl(request: ExampleRequest) -> str:
    """The request as a command."""
    command = [_verb(request)]
    if request.basic:
        command.append(f"-u {':'.join(request.basic)}")
    if request.token:
        command.append(f"-H 'Authorization: Bearer {request.token}'")
    if request.body:
        text = json.dumps(request.json, ensure_ascii=False)
        command += [f"-H 'Content-Type: {_JSON}'", f"-d {shlex.quote(text)}"]
    command += [_data(name, value) for name, value in request.fields.items()]
    return " \\\n  ".join([*command, request.url])


def python(request: ExampleRequest) -> str:
    """The request in Python, with the library requests."""
    lines = [f"    {_text(request.url)},"]
    if request.basic:
        lines.append(f"    auth=({', '.join(_text(each) for each in request.basic)}),")
    if request.token:
        lines.append(f'    headers={{"Authorization": "Bearer {request.token}"}},')
    if request.body:
        lines.append(f"    json={_python(request.json, '    ')},")
    if request.fields:
        kind = "params" if request.method == "GET" else "data"
        lines.append(f"    {kind}={_python(request.fields, '    ')},")
    result = "response.json()" if request.gives_json else "response.text"
    return "\n".join(
        [
            "import requests",
            "",
            f"response = requests.{request.method.lower()}(",
            *lines,
            "    timeout=10,",
            ")",
            "response.raise_for_status()",
            f"print({result})",
        ]
    )


def javascript(request: ExampleRequest) -> str:
    """The request in JavaScript, by `fetch`, for a module."""
    get = request.method == "GET"
    options = list(_options(request))
    if get and not options:
        call = [f"const response = await fetch({_text(request.address)});"]
    else:
        address = request.address if get else request.url
        call = [f"const response = await fetch({_text(address)}, {{", *options, "});"]
    result = "response.json()" if request.gives_json else "response.text()"
    return "\n".join(
        [
            *call,
            "if (!response.ok) throw new Error(await response.text());",
            f"console.log(await {result});",
        ]
    )


def _options(request: ExampleRequest) -> Iterator[str]:
    if request.method != "GET":
        yield f"  method: {_text(request.method)},"
    headers = []
    if request.basic:
        headers.append(f'    Authorization: "Basic " + btoa({_text(":".join(request.basic))}),')
    if request.token:
        headers.append(f'    Authorization: "Bearer {request.token}",')
    if request.body:
        headers.append(f'    "Content-Type": "{_JSON}",')
    if headers:
        yield from ["  headers: {", *headers, "  },"]
    if request.body:
        yield f"  body: JSON.stringify({_indented(request.json)}),"
    elif request.fields and request.method != "GET":
        yield f"  body: new URLSearchParams({_indented(request.fields)}),"


def _verb(request: ExampleRequest) -> str:
    if request.method == "GET":
        return "curl -G" if request.fields else "curl"
    return "curl" if request.method == "POST" else f"curl -X {request.method}"


def _data(name: str, value: str) -> str:
    safe = quote(value, safe="") == value
    return f"{'-d' if safe else '--data-urlencode'} {shlex.quote(f'{name}={value}')}"


def _text(value: str) -> str:
    """A string in JavaScript, and in Python."""
    return json.dumps(value, ensure_ascii=False)


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n  ")


def _python(value: Any, margin: str) -> str:
    """A value as Python writes it."""
    inner = margin + "    "
    if isinstance(value, Mapping):
        items = [f"{inner}{_text(key)}: {_python(each, inner)}," for key, each in value.items()]
        return "\n".join(["{", *items, margin + "}"]) if items else "{}"
    if isinstance(value, list):
        items = [f"{inner}{_python(each, inner)}," for each in value]
        return "\n".join(["[", *items, margin + "]"]) if items else "[]"
    return _text(value) if isinstance(value, str) else repr(value)
