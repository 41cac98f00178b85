"""`quantimodo-client units` and `categories`: what the server knows, for whoever records."""

from __future__ import annotations

import json
from argparse import Namespace

from swagger_client.command.environment import CliEnvironment
from swagger_client.session import OAuthSession


def list_units(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    """All units: short name, name, category."""
    units = session.units()
    if asked.json:
        around.say(json.dumps(units, indent=2, ensure_ascii=False))
        return
    for unit in units:
        around.say(f"{unit.abbreviated_name:10} {unit.name} ({unit.category})")


def list_categories(session: OAuthSession, asked: Namespace, around: CliEnvironment) -> None:
    """All categories of variables."""
    categories = session.variable_categories()
    if asked.json:
        around.say(json.dumps(categories, indent=2, ensure_ascii=False))
        return
    for category in categories:
        around.say(category.name)
