"""The container, the compose files and the unit name what exists, and have no more rights than the
server needs.

No container is built here: docs/operator/containers.md says what was run.
"""

import configparser
import json
import re
import shlex
import signal
import tomllib
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from quantimodo.app.settings.reading import CONFIG, load_settings
from quantimodo.app.settings.tree import leaves
from quantimodo.cli.main import command_line

ROOT = Path(__file__).parents[2]
COMPOSE = ("deploy/compose.sqlite.yaml", "deploy/compose.postgres.yaml")
STATE = "/var/lib/quantimodo"
SECRET = re.compile(r"(?i)password|secret|token|api_?key|BEGIN [A-Z ]*PRIVATE")


@cache
def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions of the last image, and those before it."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


def final() -> list[tuple[str, str]]:
    last = max(number for number, (name, _) in enumerate(instructions()) if name == "FROM")
    return instructions()[last:]


def argument(name: str) -> str:
    (value,) = [value for each, value in final() if each == name]
    return value


def environment() -> dict[str, str]:
    pairs = [word.partition("=") for word in shlex.split(argument("ENV"))]
    return {name: value for name, _, value in pairs}


def commands() -> set[str]:
    program: Any = typer.main.get_command(command_line())
    return set(program.commands)


@cache
def services(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())
    return found


def unit(text: str) -> dict[str, list[str]]:
    """Each key of the section [Service] with its values, of which there may be several."""
    parser = configparser.ConfigParser(
        dict_type=dict, strict=False, interpolation=None, delimiters=("=",)
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    assert set(parser) >= {"Unit", "Service", "Install"}
    section = text.partition("[Service]")[2].partition("\n[")[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_image_runs_as_a_user_without_rights() -> None:
    assert argument("USER") == "10001:10001"
    made = " ".join(value for name, value in final() if name == "RUN")
    assert "useradd" in made
    assert "--uid 10001" in made
    names = [name for name, _ in final()]
    assert names.index("USER") > max(
        number for number, name in enumerate(names) if name in ("RUN", "COPY")
    ), "files of the image belong to root"
    assert argument("VOLUME") == argument("WORKDIR") == STATE


def test_the_entry_point_is_a_command_of_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (entry,) = json.loads(argument("ENTRYPOINT"))
    assert entry in project["scripts"]
    (command,) = json.loads(argument("CMD"))
    assert command in commands()
    # SIGTERM, which `quantimodo serve` handles, reaches it: the program is process 1, not a shell.
    assert argument("STOPSIGNAL") == "SIGTERM"


def test_the_settings_of_the_image_are_settings_and_no_secrets() -> None:
    given = environment()
    variables = {name for name in given if name.startswith("QUANTIMODO_")}
    assert variables <= {leaf.variable for leaf in leaves()}
    assert (
        load_settings({**given, "QUANTIMODO_ISSUER": "https://id.example.org"}).host
        == given["QUANTIMODO_HOST"]
    )
    for name in ("QUANTIMODO_DATABASE", "QUANTIMODO_SECRET_FILE"):
        assert STATE in given[name]
    for name, value in instructions():
        if name in ("ARG", "ENV"):
            words = [word.replace("secret.key", "") for word in shlex.split(value)]
            assert not [w for w in words if SECRET.search(w.removeprefix("QUANTIMODO_SECRET_FILE"))]


def test_the_build_copies_files_that_exist_and_are_not_ignored() -> None:
    rules = (ROOT / ".containerignore").read_text().split("\n")
    assert rules == (ROOT / "Containerfile.dockerignore").read_text().split("\n")
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    copied = set()
    for name, value in instructions():
        if name == "COPY" and not value.startswith("--from"):
            *sources, _ = value.split()
            copied |= set(sources)
    assert copied == kept
    assert all((ROOT / each).exists() for each in copied)


def test_no_file_names_the_host_of_a_registry() -> None:
    images = [value.partition("=")[2] for name, value in instructions() if name == "ARG"]
    for file in COMPOSE:
        images += [service["image"] for service in services(file)["services"].values()]
    for image in images:
        assert re.fullmatch(r"[a-z]+(:[a-z0-9.-]+)?", image), image


@pytest.mark.parametrize("file", COMPOSE)
def test_a_compose_file_starts_the_server_with_a_read_only_root(file: str) -> None:
    document = services(file)
    server, caddy = document["services"]["quantimodo"], document["services"]["caddy"]
    for service in (server, caddy):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    for service in document["services"].values():
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["restart"] == "unless-stopped"
    # The proxy alone is reachable from outside.
    published = [name for name, service in document["services"].items() if "ports" in service]
    assert published == ["caddy"]
    assert any(volume.endswith(f":{STATE}") for volume in server["volumes"])
    assert any(place.startswith("/tmp") for place in server["tmpfs"])
    assert (ROOT / file).parent.joinpath(server["build"]["context"]).resolve() == ROOT
    assert (ROOT / server["build"]["dockerfile"]).is_file()
    named = {
        volume.partition(":")[0] for s in document["services"].values() for volume in s["volumes"]
    }
    assert {each for each in named if not each.startswith("./")} == set(document["volumes"])
    secrets = {name for s in document["services"].values() for name in s.get("secrets", [])}
    assert secrets == set(document["secrets"])


@pytest.mark.parametrize("file", COMPOSE)
def test_the_settings_of_a_compose_file_can_be_used(file: str, tmp_path: Path) -> None:
    document = services(file)
    server = document["services"]["quantimodo"]
    settings = tmp_path / "quantimodo.toml"
    settings.write_text("[smtp]\nurl = 'smtp://mail.example.org'\nfrom_address = 'a@example.org'\n")
    given = {
        name: re.sub(r"\$\{PUBLIC_HOSTNAME:\?[^}]*\}", "id.example.org", value)
        for name, value in {**environment(), **server["environment"]}.items()
    }
    loaded = load_settings({**given, CONFIG: str(settings)})
    assert loaded.issuer == "https://id.example.org"
    (network,) = document["networks"]["default"]["ipam"]["config"]
    assert [str(each) for each in loaded.trusted_proxies] == [network["subnet"]]
    assert ip_network(network["subnet"]).is_private
    seconds = int(server["stop_grace_period"].removesuffix("s"))
    assert seconds > loaded.graceful_stop.total_seconds()
    # No secret in an environment variable: processes and `inspect` show these.
    assert (
        "@postgres:" not in given["QUANTIMODO_DATABASE"]
        or "passfile=/run/secrets/" in (given["QUANTIMODO_DATABASE"])
    )


@pytest.mark.parametrize("file", COMPOSE)
def test_the_health_check_requests_an_address_that_is_served(file: str) -> None:
    called = services(file)["services"]["quantimodo"]["healthcheck"]["test"]
    assert called == ["CMD", *json.loads(argument("HEALTHCHECK").partition("CMD ")[2])]
    assert "/health/ready" in called[-1]
    assert "QUANTIMODO_PORT" in environment()
    compile(called[-1], file, "exec")
    caddy = (ROOT / "deploy" / "Caddyfile").read_text()
    assert "reverse_proxy quantimodo:8000" in caddy


def test_the_unit_has_no_more_rights_than_the_server_needs() -> None:
    text = (ROOT / "deploy" / "quantimodo.service").read_text()
    # The page shows the same file.
    assert text in (ROOT / "docs" / "operator" / "install.md").read_text()
    service = unit(text)
    assert service["User"] == ["quantimodo"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["ProtectSystem"] == ["strict"]
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "MemoryDenyWriteExecute"):
        assert service[name] == ["yes"]
    program, command = service["ExecStart"][0].split()
    assert program.endswith("/bin/quantimodo")
    assert command in commands()
    patience = load_settings({"QUANTIMODO_DEVELOPMENT": "true"}).graceful_stop
    assert int(service["TimeoutStopSec"][0]) > patience.total_seconds()
    # A unit that is stopped while it starts has not failed.
    assert service["SuccessExitStatus"] == [str(128 + signal.SIGTERM)]
