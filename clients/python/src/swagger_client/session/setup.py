"""Builds the planner of both kinds of session."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from swagger_client.configuration import Configuration
from swagger_client.session.application import Application, server_of
from swagger_client.session.dpop import new_key, thumbprint
from swagger_client.session.request_plans import Planner
from swagger_client.session.retries import Retries
from swagger_client.session.tokens import Token

PERSONAL_TOKEN = "QM_TOKEN"
PERSONAL_TOKEN_KEY = "QM_TOKEN_KEY"
SERVER = "QM_SERVER"


@dataclass(frozen=True)
class Security:
    """How a session protects its requests and tokens. Raises `ImportError` if `dpop` is set without
    the extra."""

    dpop: bool = False
    par: bool = False
    insecure_http: bool = False

    def __post_init__(self) -> None:
        if self.dpop:
            new_key()


def resources_of(resource: str | Sequence[str] | None) -> tuple[str, ...]:
    """The parameter `resource` of a session as a tuple."""
    if resource is None:
        return ()
    return (resource,) if isinstance(resource, str) else tuple(resource)


def personal_access(
    token: str | None,
    server: str | None,
    key: str | None,
    environment: Mapping[str, str] = os.environ,
) -> tuple[Token, str | None]:
    """A personal token and its server, by default those of the environment. `key`: the private JWK
    to which it is bound; by default that in the file that the environment names, but not for
    another token than that of the environment. Raises `ValueError` without a token or for a file
    without a key, and `ImportError` for a key without the extra."""
    if not token:
        token = environment.get(PERSONAL_TOKEN)
        key = key or personal_key(environment)
    if not token:
        raise ValueError(f"there is no personal token: set {PERSONAL_TOKEN}")
    if key:
        thumbprint(key)
    found = Token(token, dpop_key=key or None)
    return found, server or environment.get(SERVER) or None


def personal_key(environment: Mapping[str, str] = os.environ) -> str | None:
    """The private key in the file that the environment names. Raises `OSError`."""
    path = environment.get(PERSONAL_TOKEN_KEY)
    return Path(path).expanduser().read_text("utf-8") if path else None


def planner_for(
    application: Application,
    configuration: Configuration,
    security: Security,
    *,
    retries: Retries | None,
    leeway: float,
    clock: Callable[[], float],
) -> Planner:
    """Raises `ValueError` for a server that tokens must not be sent to."""
    server = server_of(application.server, insecure_http=security.insecure_http)
    return Planner(
        replace(application, server=server),
        retries=retries or Retries(),
        leeway=leeway,
        timeout=configuration.timeout,
        clock=clock,
        dpop=security.dpop,
        par=security.par,
    )
