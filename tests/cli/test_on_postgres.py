"""The commands on PostgreSQL: nothing is migrated by the way, nothing is made up."""

import pytest

from support.terminal import Terminal

KEY = "A" * 43


@pytest.mark.postgres
def test_a_postgresql_database_is_migrated_when_told_and_then_used(
    empty_terminal: Terminal, empty_postgres_url: str
) -> None:
    terminal = empty_terminal
    terminal.settings = {"database": empty_postgres_url, "secret_key": KEY}
    refused = terminal("clients", "list")
    assert (refused.code, refused.out) == (1, "")
    assert "quantimodo database migrate" in refused.err
    assert "applied 0001 first_schema" in terminal.does("database", "migrate").out
    assert terminal.does("database", "status", "--json").json["engine"] == "PostgreSQL"
    # The shared test server runs without fsync, for speed: that is to be told.
    checked = terminal("database", "check")
    assert (checked.code, checked.out) == (1, "")
    assert checked.err == "error: fsync is off: a power failure can destroy the database\n"
    created = terminal.does(
        *("clients", "create", "--name", "Job", "--grant-type", "client_credentials", "--json")
    ).json
    server = terminal.serve()
    assert server.get().json()["issuer"] == server.url
    listed = terminal.does("clients", "list", "--json").json
    assert [each["client_id"] for each in listed] == [created["client_id"]]
    findings = terminal("doctor", "--json").json
    assert {"state": "ok", "what": "keys", "text": "active: ES256, RS256, PS256, EdDSA"} in findings
