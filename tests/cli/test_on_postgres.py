"""The commands on PostgreSQL: they migrate only on request, and create no secret key."""

import asyncio

import asyncpg
import pytest

from support.terminal import Terminal

KEY = "A" * 43


@pytest.mark.postgres
def test_a_postgresql_database_is_migrated_on_request_and_then_used(
    empty_terminal: Terminal, empty_postgres_url: str
) -> None:
    terminal = empty_terminal
    terminal.settings = {"database": empty_postgres_url, "secret_key": KEY}
    refused = terminal("clients", "list")
    assert (refused.code, refused.out) == (1, "")
    assert "quantimodo database migrate" in refused.err
    assert "applied 0001 initial_schema" in terminal.does("database", "migrate").out
    assert terminal.does("database", "status", "--json").json["engine"] == "PostgreSQL"
    # The shared test server runs without fsync, for speed: the check must report that.
    checked = terminal("database", "check")
    assert (checked.code, checked.out) == (1, "")
    assert checked.err == "error: fsync is off: a power failure can destroy the database\n"
    created = terminal.does(
        *("clients", "create", "--name", "Job", "--grant-type", "client_credentials", "--json")
    ).json
    # Every server on the database has the policies of a set-up file.
    (terminal.folder / "policies.toml").write_text('[policies]\nregistration.mode = "open"\n')
    terminal.does("apply", "policies.toml")
    server = terminal.serve()
    assert "registration_endpoint" in server.get().json()
    assert server.get().json()["issuer"] == server.url
    listed = terminal.does("clients", "list", "--json").json
    assert {each["client_id"] for each in listed} == {created["client_id"], "demo"}
    findings = terminal("doctor", "--json").json
    assert {"state": "ok", "what": "keys", "text": "active: ES256, RS256, PS256, EdDSA"} in findings


@pytest.mark.postgres
@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("database", "migrate"), ("doctor",)]
)
def test_a_database_made_before_the_first_release_is_refused_with_one_line(
    empty_terminal: Terminal, empty_postgres_url: str, command: tuple[str, ...]
) -> None:
    terminal = empty_terminal
    terminal.settings = {"database": empty_postgres_url, "secret_key": KEY}
    terminal.does("database", "migrate")
    asyncio.run(_rename_first_migration(empty_postgres_url))
    response = terminal(*command)
    assert response.code == 1
    (line,) = [
        each for each in (response.out + response.err).splitlines() if "first release" in each
    ]
    assert "move it away" in line
    assert "quantimodo database migrate" in line


async def _rename_first_migration(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "UPDATE schema_migrations SET name = 'first_schema' WHERE number = 1"
        )
    finally:
        await connection.close()
