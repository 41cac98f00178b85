"""`quantimodo users import`: files, their faults, and what is added."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import bcrypt
import httpx
import pytest

from quantimodo.crypto.imported_passwords import matches_imported
from support.app import form_fields
from support.terminal import CommandResult, Terminal

PASSWORD = "fake-words-of-another-server"
PROVIDERS = {
    "PROVIDERS__GITHUB__CLIENT_ID": "id",
    "PROVIDERS__GITHUB__CLIENT_SECRET": "secret",
}


@pytest.fixture(scope="module")
def hashed() -> str:
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(8)).decode()


def json_lines(folder: Path, *records: Any) -> str:
    text = "".join(f"{json.dumps(each)}\n" for each in records)
    (folder / "people.jsonl").write_text(text)
    return "people.jsonl"


def load(terminal: Terminal, file: str, *more: str) -> CommandResult:
    return terminal("users", "import", file, *more, "--json", **PROVIDERS)


def ann(hashed: str, **changes: Any) -> dict[str, Any]:
    return {
        "subject": "auth0|5f7c8ec7c33c6c004bbafe82",
        "email": "ann@example.org",
        "email_verified": True,
        "name": "Ann Example",
        "password_hash": hashed,
        "created_at": "2021-05-01T12:00:00Z",
        "identities": [{"provider": "github", "subject": "583231"}],
        "consents": [
            {
                "client_id": "mood",
                "scope": "openid readmeasurements",
                "granted_at": "2022-01-01T00:00:00+01:00",
            }
        ],
        **changes,
    }


@pytest.fixture
def with_client(terminal: Terminal) -> Terminal:
    (terminal.folder / "clients.toml").write_text(
        '[[clients]]\nclient_id = "mood"\nclient_name = "Mood"\n'
        'redirect_uris = ["https://app.example.org/callback"]\n'
        'token_endpoint_auth_method = "none"\nscope = "openid readmeasurements"\n'
    )
    terminal.does("apply", "clients.toml")
    return terminal


def test_a_dry_run_adds_no_one_and_an_import_can_be_repeated(
    with_client: Terminal, hashed: str
) -> None:
    bob = {"email": "bob@example.org", **dict.fromkeys(("name", "identities", "created_at"))}
    file = json_lines(with_client.folder, ann(hashed), bob)
    expected = {"added": 2, "present": 0, "conflicts": 0, "dry_run": True}
    assert load(with_client, file, "--dry-run").json == expected
    assert with_client.does("users", "list", "--json").json == []
    assert load(with_client, file).json == {**expected, "dry_run": False}
    people = {each["email"]: each for each in with_client.does("users", "list", "--json").json}
    found = people["ann@example.org"]
    assert found["subject"] == "auth0|5f7c8ec7c33c6c004bbafe82"
    assert (found["name"], found["verified"], found["administrator"]) == (
        "Ann Example",
        False,
        False,
    )
    assert found["created_at"].startswith("2021-05-01")
    assert people["bob@example.org"]["name"] == "bob"
    carl = {"email": "carl@example.org", "email_verified": True, "disabled": True}
    file = json_lines(with_client.folder, ann(hashed, name="Another"), bob, carl)
    again = load(with_client, file, "--trust-emails")
    assert again.json == {"added": 1, "present": 2, "conflicts": 0, "dry_run": False}
    people = {each["email"]: each for each in with_client.does("users", "list", "--json").json}
    assert people["ann@example.org"] == found
    assert (people["carl@example.org"]["verified"], people["carl@example.org"]["disabled"]) == (
        True,
        True,
    )
    stolen = {"email": "eve@example.org", "identities": ann(hashed)["identities"]}
    refused = load(with_client, json_lines(with_client.folder, stolen))
    assert (refused.code, refused.json["conflicts"], refused.json["added"]) == (1, 1, 0)
    assert refused.err.startswith("error: line 1: another account here has its subject")


def test_the_person_signs_in_with_the_old_password(terminal: Terminal, hashed: str) -> None:
    record = {"email": "ann@example.org", "email_verified": True, "password_hash": hashed}
    assert load(terminal, json_lines(terminal.folder, record), "--trust-emails").code == 0
    server = terminal.serve()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as browser:
        for password, status in (("another", 400), (PASSWORD, 303), (PASSWORD, 303)):
            browser.cookies.clear()
            fields = form_fields(browser.get("/sign-in").text)
            fields |= {"username": "ann@example.org", "password": password}
            assert browser.post("/sign-in", data=fields).status_code == status
    server.stop()


FAULTS: tuple[tuple[Any, str], ...] = (
    ([], "is not a JSON object"),
    ({"mail": "m4rked@example.org"}, "a field that is not known"),
    ({"email": 7}, "email: has the wrong type"),
    ({"email": "m4rked"}, "email: is no e-mail address"),
    ({"name": "m4rked"}, "email: a person needs an address or an identity"),
    ({"email": "a@example.org", "email_verified": "true"}, "email_verified: has the wrong type"),
    ({"email": "b@example.org", "password_hash": "m4rked"}, "password_hash: it is of no known"),
    ({"email": "c@example.org", "subject": "m4 rked"}, "subject: must have 1 to 255"),
    ({"email": "d@example.org", "created_at": "m4rked"}, "created_at: must be a past time"),
    ({"email": "e@example.org", "created_at": "2024-05-01T12:00:00"}, "created_at: must be"),
    ({"email": "f@example.org", "created_at": "2999-05-01T12:00:00Z"}, "created_at: must be"),
    ({"email": "g@example.org", "identities": ["m4rked"]}, "identities[0]: must be an object"),
    (
        {"email": "h@example.org", "identities": [{"provider": "m4rked", "subject": "1"}]},
        "identities[0].provider: is no provider in the settings",
    ),
    (
        {"email": "i@example.org", "identities": [{"provider": "github", "subject": ""}]},
        "identities[0].subject: must be the id",
    ),
    (
        {"email": "j@example.org", "consents": [{"client_id": "m4rked", "scope": "openid"}]},
        "consents[0].client_id: no such client",
    ),
    (
        {"email": "k@example.org", "consents": [{"client_id": "mood", "scope": "m4rked"}]},
        "consents[0].scope: must be scopes that the client has",
    ),
    ({"email": "l@example.org", "consents": [{"scope": []}]}, "consents[0]: must be an object"),
    ({"email": "GOOD@example.org"}, "email: an earlier record has the same"),
)


def test_all_faults_of_a_file_are_named_by_line_and_no_one_is_added(with_client: Terminal) -> None:
    good = {"email": "good@example.org"}
    file = json_lines(with_client.folder, good, *(record for record, _ in FAULTS))
    with (with_client.folder / file).open("a") as lines:
        lines.write("{m4rked\n")
    refused = load(with_client, file)
    assert (refused.code, refused.out) == (1, "")
    lines_of_errors = refused.err.splitlines()
    expected = [*(text for _, text in FAULTS), "is not JSON"]
    for number, (line, text) in enumerate(zip(lines_of_errors, expected, strict=False), 2):
        assert line.startswith(f"error: line {number}: {text}"), line
    assert lines_of_errors[-1] == f"error: {len(expected)} faults: nothing was added"
    assert "m4rked" not in refused.err
    assert with_client.does("users", "list", "--json").json == []


def test_a_csv_file_has_a_column_for_each_provider_and_client(
    with_client: Terminal, hashed: str
) -> None:
    text = (
        "email,email_verified,name,password_hash,disabled,identity:github,consent:mood\n"
        f'ann@example.org,true,"Example, Ann",{hashed},,583231,openid readmeasurements\n'
        "bob@example.org,,,,true,,\n"
    )
    (with_client.folder / "people.csv").write_text(text)
    assert load(with_client, "people.csv", "--trust-emails").json["added"] == 2
    people = {each["email"]: each for each in with_client.does("users", "list", "--json").json}
    assert (people["ann@example.org"]["name"], people["ann@example.org"]["verified"]) == (
        "Example, Ann",
        True,
    )
    assert people["bob@example.org"]["disabled"] is True
    broken = (
        ("email,disabled\na@example.org,m4rked\n", "line 2: disabled: must be true or false"),
        ("email,name\na@example.org\n", "line 2: has another number of fields"),
        ('email\n"a@example.org" m4rked\n', "line 2: is not CSV"),
        (b"email\n\xff@example.org\n", "the file is not UTF-8 text"),
    )
    for content, fault in broken:
        octets = content if isinstance(content, bytes) else content.encode()
        (with_client.folder / "people.csv").write_bytes(octets)
        refused = load(with_client, "people.csv")
        assert refused.code == 1
        assert fault in refused.err
        assert "m4rked" not in refused.err
    (with_client.folder / "people.txt").write_text(text)
    assert "give --format" in load(with_client, "people.txt").err


def keycloak(credential: dict[str, Any], secret: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "8d9c3e9c-6f4e-4c43-9a53-0f6f8e6f9f10",
        "createdTimestamp": 1588334400000,
        "username": "ann",
        "enabled": True,
        "emailVerified": True,
        "firstName": "Ann",
        "lastName": "Example",
        "email": "ann@example.org",
        "credentials": [
            {"type": "otp", "secretData": "{}", "credentialData": "{}"},
            {
                "type": "password",
                "secretData": json.dumps(secret),
                "credentialData": json.dumps(credential),
            },
        ],
        "federatedIdentities": [
            {"identityProvider": "github", "userId": "583231", "userName": "ann"}
        ],
        "realmRoles": ["default-roles-example"],
        **changes,
    }


def test_the_realm_file_of_keycloak_with_both_of_its_hashes(terminal: Terminal) -> None:
    salt, value = "c2FsdC1vZi0xNi1ieXRlcw==", "a2V5LW9mLTMyLWJ5dGVzLWtleS1vZi0zMi1ieXRlcyE="
    pbkdf2 = {"hashIterations": 27500, "algorithm": "pbkdf2-sha256", "additionalParameters": {}}
    more = {
        "hashLength": ["32"],
        "memory": ["7168"],
        "type": ["id"],
        "version": ["1.3"],
        "parallelism": ["1"],
    }
    argon2 = {"hashIterations": 5, "algorithm": "argon2", "additionalParameters": more}
    secret = {"value": value, "salt": salt, "additionalParameters": {}}
    second = {"id": "second", "email": "bob@example.org", "federatedIdentities": []}
    users = [keycloak(pbkdf2, secret), keycloak(argon2, secret, **second)]
    (terminal.folder / "realm.json").write_text(json.dumps({"realm": "example", "users": users}))
    added = load(terminal, "realm.json", "--format", "keycloak", "--trust-emails")
    assert added.json == {"added": 2, "present": 0, "conflicts": 0, "dry_run": False}
    found, _ = terminal.does("users", "list", "--json").json
    assert found["subject"] == "8d9c3e9c-6f4e-4c43-9a53-0f6f8e6f9f10"
    assert (found["name"], found["verified"]) == ("Ann Example", True)
    cheap = {**pbkdf2, "hashIterations": 1}
    broken = [keycloak(cheap, secret), "m4rked", {"username": "m4rked"}]
    (terminal.folder / "realm.json").write_text(json.dumps({"users": broken}))
    refused = load(terminal, "realm.json", "--format", "keycloak")
    assert "error: users[0]: password_hash: the iterations of PBKDF2" in refused.err
    assert "error: users[1]: is not a user of Keycloak" in refused.err
    assert "error: users[2]: is not a user of Keycloak" in refused.err
    assert "m4rked" not in refused.err
    for content in ("{}", "m4rked"):
        (terminal.folder / "realm.json").write_text(content)
        assert load(terminal, "realm.json", "--format", "keycloak").code == 1


def test_the_consents_of_keycloak_move_if_the_operator_says_so(with_client: Terminal) -> None:
    consent = {
        "clientId": "mood",
        "grantedClientScopes": ["readmeasurements", "roles", "acr"],
        "createdDate": 1588334400000,
        "lastUpdatedDate": 1640995200000,
    }
    user = {"id": "one", "email": "ann@example.org", "clientConsents": [consent]}
    unknown = {**user, "clientConsents": [{**consent, "clientId": "account-m4rked"}]}
    path = with_client.folder / "realm.json"
    path.write_text(json.dumps({"users": [unknown]}))
    refused = load(with_client, "realm.json", "--format", "keycloak", "--consents")
    assert "users[0]: consents[0].client_id: no such client is registered here" in refused.err
    assert "m4rked" not in refused.err
    ignored = load(with_client, "realm.json", "--format", "keycloak", "--dry-run")
    assert ignored.json["added"] == 1, "without the option they are not read"
    path.write_text(json.dumps({"users": [user]}))
    added = load(with_client, "realm.json", "--format", "keycloak", "--consents")
    assert added.json["added"] == 1, added.err
    with closing(apsw.Connection(str(with_client.folder / "var/quantimodo.db"))) as database:
        found = database.execute("SELECT client_id, scope, granted_at FROM consents").fetchall()
    assert found == [("mood", "openid readmeasurements", 1_640_995_200_000_000)]


def test_service_accounts_of_keycloak_are_no_people(terminal: Terminal) -> None:
    service = {"id": "two", "username": "service-account-x", "serviceAccountClientId": "x"}
    users = [{"id": "one", "email": "ann@example.org"}, service]
    (terminal.folder / "realm.json").write_text(json.dumps({"users": users}))
    assert load(terminal, "realm.json", "--format", "keycloak").json["added"] == 1


SIGNER = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
HASH_CONFIG = f"""hash_config {{
  algorithm: SCRYPT,
  base64_signer_key: {SIGNER},
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}}
"""


def firebase(**changes: Any) -> dict[str, Any]:
    """An account as `firebase auth:export` writes it; hash and salt are those of its utility."""
    return {
        "localId": "Zx81localid",
        "email": "ann@example.org",
        "emailVerified": True,
        "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+V"
        "HjoZilo78198JAdRuid5lQ==",
        "salt": "42xEC+ixf3L2lw==",
        "displayName": "Ann Example",
        "lastSignedInAt": "1700000000000",
        "createdAt": "1588334400000",
        "disabled": False,
        "providerUserInfo": [
            {"providerId": "password", "rawId": "ann@example.org", "email": "ann@example.org"},
            {"providerId": "github.com", "rawId": "583231", "displayName": "Ann"},
        ],
        **changes,
    }


def test_the_export_of_firebase_with_its_hashes(terminal: Terminal) -> None:
    guest = {"localId": "guest", "createdAt": "1588334400000", "providerUserInfo": []}
    file, config = terminal.folder / "users.json", terminal.folder / "hash-config.txt"
    file.write_text(json.dumps({"users": [firebase(), guest]}))
    config.write_text(HASH_CONFIG)
    options = ("--format", "firebase", "--trust-emails")
    without = load(terminal, "users.json", *options)
    assert (without.code, "give --hash-config" in without.err) == (1, True)
    added = load(terminal, "users.json", *options, "--hash-config", "hash-config.txt")
    assert added.json["added"] == 1, added.err
    (found,) = terminal.does("users", "list", "--json").json
    assert (found["subject"], found["name"], found["verified"]) == (
        "Zx81localid",
        "Ann Example",
        True,
    )
    assert found["created_at"].startswith("2020-05-01")
    octets = (terminal.folder / "var/quantimodo.db").read_bytes()
    assert SIGNER[:40].encode() not in octets, "the signer key is stored nowhere"
    with closing(apsw.Connection(str(terminal.folder / "var/quantimodo.db"))) as database:
        ((stored,),) = database.execute("SELECT hash FROM passwords").fetchall()
    assert matches_imported(stored, b"user1password")


def test_a_broken_export_of_firebase_adds_no_one(terminal: Terminal) -> None:
    file, config = terminal.folder / "users.json", terminal.folder / "hash-config.txt"
    options = ("--format", "firebase", "--hash-config", "hash-config.txt")
    broken = [
        firebase(salt="m4rked%%"),
        firebase(passwordHash="m4rked"),
        "m4rked",
        {"email": "m4rked"},
    ]
    file.write_text(json.dumps({"users": broken}))
    for text in ("m4rked", HASH_CONFIG.replace("rounds: 8", "rounds: m4rked")):
        config.write_text(text)
        refused = load(terminal, "users.json", *options)
        assert (refused.code, "the hash parameters must have" in refused.err) == (1, True)
        assert "m4rked" not in refused.err
    config.write_text(HASH_CONFIG)
    refused = load(terminal, "users.json", *options)
    assert refused.err.splitlines() == [
        "error: users[0]: password_hash: its salt or its hash is not in base64",
        "error: users[1]: password_hash: its length is not that of the signer key",
        "error: users[2]: is not a user of Firebase",
        "error: users[3]: is not a user of Firebase",
        "error: 4 faults: nothing was added",
    ]
    assert terminal.does("users", "list", "--json").json == []
