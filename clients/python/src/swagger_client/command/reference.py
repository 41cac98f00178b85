"""`quantimodo-client units` and `categories`: the reference data of the server."""

from __future__ import annotations

import json
from argparse import Namespace

from swagger_client.command.environment import CliEnvironment
from swagger_client.session import OAuthSession


def list_units(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    """All units: short name, name, category."""
    units = session.units()
    if options.json:
        env.print_result(json.dumps(units, indent=2, ensure_ascii=False))
        return
    for unit in units:
        env.print_result(f"{unit.abbreviated_name:10} {unit.name} ({unit.category})")


def list_categories(session: OAuthSession, options: Namespace, env: CliEnvironment) -> None:
    """All categories of variables."""
    categories = session.variable_categories()
    if options.json:
        env.print_result(json.dumps(categories, indent=2, ensure_ascii=False))
        return
    for category in categories:
        env.print_result(category.name)
