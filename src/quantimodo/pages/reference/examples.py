"""The example requests of the API reference, from the examples of the OpenAPI document.

Owns the choice of requests; `reference/languages.py` formats them.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from quantimodo.pages.reference.languages import ExampleRequest, curl, javascript, python
from quantimodo.pages.reference.model import Json, Sample

Fields = Any  # by name; for a body that is an array, a list of such

# `curl` is no browser: an operation for browsers is shown as an address.
_FOR_BROWSERS = "303"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_TOKENS = {"bearer": "ACCESS_TOKEN", "operator": "METRICS_TOKEN"}


def format_json(value: Any) -> str:
    """JSON as the examples show it: indented, with all characters as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def samples(document: Json, method: str, path: str, operation: Json) -> Iterator[Sample]:
    """The requests of an operation: all for a terminal, then the first in each language.

    None for a form that a browser sends, and only addresses for what a browser opens.
    """
    if _FOR_BROWSERS in operation["responses"] and method != "get":
        return
    url = document["servers"][0]["url"] + _filled(path, operation)
    examples = _examples(operation) or {"": {}}
    requests = [_request(url, method, operation, deepcopy(fields)) for fields in examples.values()]
    for name, request in zip(examples, requests, strict=True):
        label = name.replace("_", " ") if len(examples) > 1 else ""
        yield Sample("", label, request.address if request.browser else curl(request))
    if not requests[0].browser:
        yield Sample("Python", "", python(requests[0]))
        yield Sample("JavaScript", "", javascript(requests[0]))


def _filled(path: str, operation: Json) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            example = quote(str(parameter["schema"]["examples"][0]), safe="")
            path = path.replace(f"{{{parameter['name']}}}", example)
    return path


def _examples(operation: Json) -> dict[str, Fields]:
    """The example requests: fields by the name of the example."""
    if "requestBody" in operation:
        (content, *_) = operation["requestBody"]["content"].values()
        return {name: example["value"] for name, example in content["examples"].items()}
    found: dict[str, Fields] = {}
    for parameter in operation.get("parameters", ()):
        for name, example in parameter.get("examples", {}).items():
            found.setdefault(name, {})[parameter["name"]] = example["value"]
    return found


def _request(url: str, method: str, operation: Json, fields: Fields) -> ExampleRequest:
    schemes = {name for each in operation.get("security", ()) for name in each}
    basic: tuple[str, str] | None = None
    token = ""
    if "clientBasic" in schemes and "client_secret" in fields:
        basic = fields.pop("client_id"), fields.pop("client_secret")
    elif "access_token" not in fields:
        token = next((_TOKENS[name] for name in _TOKENS if name in schemes), "")
    content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
    as_json = _JSON in content and _FORM not in content
    return ExampleRequest(
        method=method.upper(),
        url=url,
        browser=_FOR_BROWSERS in operation["responses"],
        basic=basic,
        token=token,
        json=fields if as_json else None,
        fields={} if as_json else fields,
        gives_json=any(
            _JSON in response.get("content", {})
            for status, response in operation["responses"].items()
            if status < "300"
        ),
    )
