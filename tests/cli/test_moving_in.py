"""Exports of other servers, as the guides of docs/operator/moving-in.md wrote them.

A Keycloak 26.0, a Django 5.2 with django-allauth, and the tables that Supabase's migrations make
ran for them. All people in them are invented.
"""

from contextlib import closing
from pathlib import Path
from typing import Final

import apsw

from quantimodo.crypto.imported_passwords import matches_imported
from support.terminal import Terminal

FOLDER: Final = Path(__file__).parent / "moving_in"
PROVIDERS: Final = {
    f"PROVIDERS__{name}__{field}": "value"
    for name in ("GITHUB", "X")
    for field in ("CLIENT_ID", "CLIENT_SECRET")
}
CLIENT: Final = """[[clients]]
client_id = "mood"
client_name = "Mood"
redirect_uris = ["https://app.example.org/callback"]
token_endpoint_auth_method = "none"
scope = "openid readmeasurements"
"""
PASSWORDS: Final = {
    "ann@example.org": "old-words-of-ann-1",
    "bob@example.org": "old-words-of-bob-1",
    "cat@example.org": "old-words-of-cat-1",
    **{
        f"{name}@example.org": f"old words of {name}"
        for name in ("pbkdf2_sha256", "argon2", "bcrypt_sha256", "scrypt", "bcrypt")
    },
    "fire@example.org": "user1password",
}


def add(terminal: Terminal, file: str, *more: str) -> int:
    arguments = ("users", "import", str(FOLDER / file), "--trust-emails", "--json", *more)
    done = terminal(*arguments, **PROVIDERS)
    assert done.code == 0, done.err
    return int(done.json["added"])


def test_exports_of_other_servers_are_imported_with_their_passwords(terminal: Terminal) -> None:
    (terminal.folder / "clients.toml").write_text(CLIENT)
    terminal.does("apply", "clients.toml")
    assert add(terminal, "keycloak-26.0.json", "--format", "keycloak", "--consents") == 5
    with closing(apsw.Connection(str(terminal.folder / "var/quantimodo.db"))) as database:
        consents = database.execute("SELECT client_id, scope FROM consents").fetchall()
        assert consents == [("mood", "openid readmeasurements")]
        names = "SELECT provider, subject FROM identities"
        assert database.execute(names).fetchall() == [("github", "583231")]
        database.execute("DELETE FROM identities")  # one account at GitHub is in all three files
        assert add(terminal, "django-5.2.jsonl") == 9
        database.execute("DELETE FROM identities")
        database.execute("DELETE FROM users WHERE email IN ('ann@example.org', 'bob@example.org')")
        assert add(terminal, "supabase.jsonl") == 4
        assert database.execute(f"{names} ORDER BY 1").fetchall() == [
            ("github", "583231"),
            ("x", "tw1"),
        ]
        found = database.execute(
            "SELECT u.email, u.subject, p.hash FROM users u JOIN passwords p ON p.user_id = u.id"
        ).fetchall()
        people = {
            email: (name, disabled is not None, verified is not None)
            for email, name, disabled, verified in database.execute(
                "SELECT email, name, disabled_at, email_verified_at FROM users"
            )
        }
    hashes = {email: (subject, stored) for email, subject, stored in found}
    assert people["cat@example.org"] == ("Cat Example", True, False)
    assert people["argon2@example.org"] == ("Ann argon2", False, False)
    assert people["bcrypt_sha256@example.org"] == ("Ann bcrypt_sha256", False, True)
    assert people["social@example.org"] == ("social", True, False)
    assert people["bob@example.org"] == ("Bob Example", False, False)
    assert people["fire@example.org"] == ("fire", True, True)
    assert "md5@example.org" not in hashes
    # Ann's account of Supabase took the place of the one of Keycloak above.
    assert hashes["ann@example.org"][0] == "11111111-1111-4111-8111-111111111111"
    expected = {**PASSWORDS, "ann@example.org": "old words of ann"}
    del expected["bob@example.org"]
    for email, password in expected.items():
        stored = hashes[email][1]
        assert matches_imported(stored, password.encode()), email
    assert not matches_imported(hashes["cat@example.org"][1], b"old-words-of-cat-2")
