"""Examples of the reference page: each operation as a `curl` command."""

import json
import shlex
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote, urlencode

Json = Mapping[str, Any]
Fields = Any  # by name; for a body that is an array, a list of such

# `curl` is no browser: an operation for browsers is shown as an address.
_FOR_BROWSERS = "303"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


def spelled_json(value: Any) -> str:
    """JSON as the examples show it: indented, with all characters as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def calls(document: Json, method: str, path: str, operation: Json) -> Iterator[tuple[str, str]]:
    """The calls of an operation, each with its name ("" when there is only one).

    None for a form that a browser sends.
    """
    if _FOR_BROWSERS in operation["responses"] and method != "get":
        return
    url = document["servers"][0]["url"] + _filled(path, operation)
    examples = _examples(operation) or {"": {}}
    for name, fields in examples.items():
        label = name.replace("_", " ") if len(examples) > 1 else ""
        yield label, _call(url, method, operation, deepcopy(fields))


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


def _call(url: str, method: str, operation: Json, fields: Fields) -> str:
    if _FOR_BROWSERS in operation["responses"]:
        return f"{url}?{urlencode(fields, quote_via=quote)}"
    command = [_verb(method, fields)]
    schemes = {name for each in operation.get("security", ()) for name in each}
    if "clientBasic" in schemes and "client_secret" in fields:
        command.append(f"-u {fields.pop('client_id')}:{fields.pop('client_secret')}")
    elif "bearer" in schemes and "access_token" not in fields:
        command.append("-H 'Authorization: Bearer ACCESS_TOKEN'")
    elif "operator" in schemes:
        command.append("-H 'Authorization: Bearer METRICS_TOKEN'")
    if _JSON in operation.get("requestBody", {}).get("content", {}) and not _is_form(operation):
        text = json.dumps(fields, ensure_ascii=False)
        command += [f"-H 'Content-Type: {_JSON}'", f"-d {shlex.quote(text)}"]
    else:
        command += [_data(name, value) for name, value in fields.items()]
    return " \\\n  ".join([*command, url])


def _verb(method: str, fields: Fields) -> str:
    if method == "get":
        return "curl -G" if fields else "curl"
    return "curl" if method == "post" else f"curl -X {method.upper()}"


def _is_form(operation: Json) -> bool:
    return _FORM in operation["requestBody"]["content"]


def _data(name: str, value: str) -> str:
    safe = quote(value, safe="") == value
    return f"{'-d' if safe else '--data-urlencode'} {shlex.quote(f'{name}={value}')}"
