"""`docs/operator/settings.md`, made from the settings themselves."""

from collections.abc import Iterator
from itertools import groupby
from typing import get_args

from quantimodo.app.settings.policies import is_policy
from quantimodo.app.settings.reading import CONFIG, format_value
from quantimodo.app.settings.tree import Leaf, leaves, provider_leaves

_OPENING = f"""# Settings

Made by `quantimodo settings document`: do not edit by hand.

Set each setting in a TOML file, which `{CONFIG}` names, or in the environment, which overrides the
file. Sign-in providers and policies can also be stored in the database by a
[set-up file](set-up-files.md); the TOML file and the environment override them.
All settings have safe defaults; a server on one machine needs none of them. An empty variable
counts as not set. If settings are wrong, the server reports all faults and does not start.
`quantimodo doctor` checks more, and `quantimodo settings show` prints the settings in force.

Durations are written as `10s`, `15m`, `1h`, `30d`; limits as `10 per 15m`.

```toml
issuer = "https://id.example.org"
database = "postgresql://quantimodo@db.example.org/quantimodo"

[tokens]
access_lifetime = "15m"
```

The same in the environment is `QUANTIMODO_ISSUER`, `QUANTIMODO_DATABASE` and
`QUANTIMODO_TOKENS__ACCESS_LIFETIME`.
"""


_PROVIDERS = """## Sign-in through providers (`[providers.NAME]`)

One table for each provider, with a name of lower-case letters, digits, `_` and `-` that is part of
addresses: the one to register with the provider NAME is `ISSUER/api/v2/auth/social/callback/NAME`.
Step by step: [providers](providers.md).

```toml
[providers.google]
client_id = "google-client-id"
client_secret = "google-client-secret"

[providers.work]
kind = "oidc"
title = "Example Inc."
issuer = "https://login.example.org"
client_id = "quantimodo"
client_secret = "work-client-secret"
```

The first of these in the environment is `QUANTIMODO_PROVIDERS__GOOGLE__CLIENT_ID`.
"""


def settings_document() -> str:
    """The whole page, in Markdown."""
    parts = [_OPENING]
    for section, group in groupby(leaves(), key=lambda leaf: leaf.section):
        parts.append("\n".join(_section(section, list(group))) + "\n")
    described = [line for leaf in provider_leaves("NAME") for line in _leaf(leaf)]
    parts.append(_PROVIDERS + "\n".join(described) + "\n")
    return "\n".join(parts)


def _section(title: str, found: list[Leaf]) -> Iterator[str]:
    table = found[0].name.rpartition(".")[0]
    yield f"## {title} (`[{table}]`)" if table else "## The server"
    for leaf in found:
        yield from _leaf(leaf)


def _leaf(leaf: Leaf) -> Iterator[str]:
    yield ""
    yield f"### `{leaf.name}`"
    yield ""
    yield leaf.description
    yield ""
    yield f"- Environment: `{leaf.variable}`"
    yield f"- Default: {_default(leaf)}"
    yield from _limits(leaf)


def _default(leaf: Leaf) -> str:
    text = format_value(leaf.default)
    return f"`{text}`" if text else "not set"


def _limits(leaf: Leaf) -> Iterator[str]:
    choices = [choice for choice in get_args(leaf.kind) if choice and isinstance(choice, str)]
    if choices:
        yield "- One of: " + ", ".join(f"`{choice}`" for choice in choices)
    if leaf.least is not None:
        yield f"- At least: `{format_value(leaf.least)}`"
    if leaf.most is not None:
        yield f"- At most: `{format_value(leaf.most)}`"
    if is_policy(leaf.name):
        yield "- A policy: a [set-up file](set-up-files.md) can set it."
    if leaf.secret:
        yield "- A secret, or holds one: never logged or shown."
