"""Builds the planner of both kinds of session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from swagger_client.configuration import Configuration
from swagger_client.session.application import Application, server_of
from swagger_client.session.request_plans import Planner
from swagger_client.session.retries import Retries


def planner_for(
    application: Application,
    configuration: Configuration,
    *,
    retries: Retries | None,
    leeway: float,
    insecure_http: bool,
    clock: Callable[[], float],
) -> Planner:
    """Raises `ValueError` for a server that tokens must not be sent to."""
    server = server_of(application.server, insecure_http=insecure_http)
    return Planner(
        replace(application, server=server),
        retries=retries or Retries(),
        leeway=leeway,
        timeout=configuration.timeout,
        clock=clock,
    )
