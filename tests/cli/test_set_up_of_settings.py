"""`quantimodo apply` and `export` for sign-in providers and policies, by the files of
docs/operator/set-up-files.md."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from quantimodo.app.settings.policies import is_policy, may_be_stored
from quantimodo.app.settings.reading import BadSettings, load
from quantimodo.app.settings.set_up import changed, exported, parse_entries, unknown_removals
from quantimodo.app.settings.stored import Applied
from quantimodo.app.settings.tree import leaves, provider_leaves
from quantimodo.cli.set_up_files import parse_rows, read_document, resolve_secret
from quantimodo.sandbox.fake_providers import GOOGLE_APP, OIDC_APP
from support.code_blocks import code_blocks
from support.environment import no_authorities
from support.terminal import CommandResult, Terminal
from support.workers import free_port

_BLOCKS = code_blocks("docs/operator/set-up-files.md")
EXAMPLE = next(block.text for block in _BLOCKS if "[policies]" in block.text)
SECRET = "m4rked-provider-secret"
Apply = Callable[..., CommandResult]


@pytest.fixture
def apply(terminal: Terminal) -> Apply:
    """Apply a text as a file, beside which are the secrets of the example."""
    (terminal.folder / "google.secret").write_text(f"{SECRET}\n")
    (terminal.folder / "work.secret").write_text("m4rked-work-secret")

    def run(text: str, *more: str, **settings: str) -> CommandResult:
        (terminal.folder / "set-up.toml").write_text(text)
        return terminal("apply", "set-up.toml", *more, **settings)

    return run


def shown(terminal: Terminal, name: str, **settings: str) -> tuple[str, str]:
    """A setting in force, and where it comes from."""
    found = terminal.does("settings", "show", "--json", **settings).json
    one = found.get(name, {"value": "", "from": "nowhere"})
    return one["value"], one["from"]


def stored(terminal: Terminal) -> list[tuple[Any, ...]]:
    with closing(apsw.Connection(str(terminal.folder / "var" / "quantimodo.db"))) as database:
        return database.execute("SELECT * FROM stored_settings").fetchall()


def test_a_file_is_shown_applied_exported_and_the_second_time_changes_nothing(
    terminal: Terminal, apply: Apply
) -> None:
    dry = apply(EXAMPLE, "--dry-run")
    assert dry.code == 0, dry.err
    assert "add provider google\n" in dry.out
    assert "  client_secret: another one\n" in dry.out
    assert 'add policy tokens.access_lifetime\n  value: "15m"\n' in dry.out
    assert dry.out.endswith("nothing was changed (--dry-run)\n")
    assert "restart" not in dry.err
    assert stored(terminal) == []
    assert shown(terminal, "sign_up") == ("open", "default")

    done = apply(EXAMPLE, "--reason", "a new server")
    assert done.err == "note: restart the server to use these providers and policies\n"
    assert shown(terminal, "sign_up") == ("invited", "set-up file")
    assert shown(terminal, "tokens.access_lifetime") == ("15m", "set-up file")
    assert shown(terminal, "providers.google.client_secret") == ("•••", "set-up file")
    assert shown(terminal, "providers.work.issuer")[0] == "https://login.example.org"
    again = apply(EXAMPLE)
    assert (again.out, again.err) == ("nothing to change\n", "")
    # The same values in another spelling, and without the secrets, which stay.
    same = re.sub(r"client_secret = .*\n", "", EXAMPLE.replace('"15m"', '"900s"'))
    assert apply(same).out == "nothing to change\n"
    exported = terminal.does("export").out
    assert "[providers.google]\nclient_id = " in exported
    assert '[policies]\nsign_up = "invited"\n' in exported
    assert 'tokens.access_lifetime = "15m"\n' in exported
    assert apply(exported).out == "nothing to change\n"
    # Neither the output nor the database has a secret in it.
    plain = "".join(each.out + each.err for each in (dry, done, again)) + exported
    assert "m4rked" not in plain
    assert "m4rked" not in repr(stored(terminal))
    files = [path for path in (terminal.folder / "var").iterdir() if path.is_file()]
    assert not any(b"m4rked" in path.read_bytes() for path in files)

    (terminal.folder / "google.secret").write_text("another-secret")
    changed = apply(EXAMPLE.replace('"15m"', '"20m"'), "--json")
    assert [(each["what"], each["name"]) for each in changed.json] == [
        ("provider", "google"),
        ("policy", "tokens.access_lifetime"),
    ]
    assert "another-secret" not in changed.out
    actions = [json.loads(line) for line in terminal.does("logs", "--actions").out.splitlines()]
    assert [(each["kind"], each["reason"]) for each in actions] == [
        ("settings.change", ""),
        ("settings.change", "a new server"),
    ]
    assert actions[0]["detail"] == "google, tokens.access_lifetime"
    events = [json.loads(line) for line in terminal.does("logs").out.splitlines()]
    assert [each["kind"] for each in events].count("settings.changed") == 2


def test_a_removed_entry_gets_the_default_again(terminal: Terminal, apply: Apply) -> None:
    assert apply(EXAMPLE).code == 0
    gone = '[providers.google]\nremoved = true\n[policies]\nremoved = ["sign_up"]\n'
    assert "remove provider google\nremove policy sign_up\n" in apply(gone).out
    assert shown(terminal, "sign_up") == ("open", "default")
    assert shown(terminal, "providers.google.client_id") == ("", "nowhere")
    assert shown(terminal, "providers.work.kind") == ("oidc", "set-up file")
    assert apply(gone).out == "nothing to change\n"
    assert "google" not in terminal.does("export").out
    # The secret went with it: the provider needs one to come back.
    entry = '[providers.google]\nclient_id = "fake-google-client-id"\n'
    assert "providers.google.client_secret" in apply(entry).err


def test_the_settings_file_and_the_environment_win_and_apply_says_so(
    terminal: Terminal, apply: Apply
) -> None:
    file = terminal.folder / "server.toml"
    titles = '[providers.google]\ntitle = "G"\n[providers.work]\ntitle = "W"\n'
    file.write_text('[tokens]\naccess_lifetime = "5m"\n' + titles)
    given = {"config": str(file), "sign_up": "closed"}
    title = '[providers.google]\ntitle = "Google here"\n'
    done = apply(EXAMPLE.replace("[providers.google]\n", title), **given)
    assert done.code == 0, done.err
    assert done.err.splitlines() == [
        "note: sign_up is overridden: it is set in the environment (QUANTIMODO_SIGN_UP)",
        f"note: tokens.access_lifetime is overridden: it is set in {file}",
        f"note: providers.google.title is overridden: it is set in {file}",
        f"note: providers.work.title is overridden: it is set in {file}",
        "note: restart the server to use these providers and policies",
    ]
    assert shown(terminal, "sign_up", **given) == ("closed", "environment")
    assert shown(terminal, "tokens.access_lifetime", **given) == ("5m", str(file))
    assert shown(terminal, "providers.google.title", **given) == ("G", str(file))
    # What a table of the settings file leaves out, also the kind of the provider, stays.
    assert shown(terminal, "providers.work.title", **given) == ("W", str(file))
    assert shown(terminal, "providers.work.kind", **given) == ("oidc", "set-up file")
    assert shown(terminal, "tokens.access_lifetime") == ("15m", "set-up file")
    # The settings file alone is not complete: what only needs the database does not mind.
    terminal.does("database", "status", **given)
    terminal.does("check", **given)
    # Without the database the fault is that one, not what the settings file leaves out.
    (terminal.folder / "text.db").write_text("Dear diary, " * 100)
    unread = terminal("settings", "show", database="sqlite:///text.db", **given)
    assert (unread.code, unread.out) == (1, "")
    assert unread.err == (
        "error: the database cannot be used: the file is not a database of SQLite\n"
    )
    gone = '[providers.google]\nremoved = true\n[policies]\nremoved = ["sign_up"]\n'
    refused = apply(gone, **given)
    assert (refused.code, refused.out) == (1, ""), "the table in the settings file lacks the rest"
    assert "providers.google.client_id" in refused.err
    kept = apply('[policies]\nremoved = ["sign_up"]\n', **given)
    assert "sign_up is still set in the environment (QUANTIMODO_SIGN_UP)" in kept.err


def test_a_provider_of_which_a_secret_alone_is_stored_is_left_out_of_the_export() -> None:
    """Its other fields are in the settings file; `apply` refuses a table without fields."""
    applied = Applied(
        providers={"google": {}, "work": {"kind": "oidc"}}, secrets={"google": SECRET}
    )
    assert exported(applied) == {"providers.work": {"kind": "oidc"}}


BROKEN = (
    ('client_secret = "file:google.secret"', f'client_secret = "{SECRET}"', "must be a reference"),
    ('"file:google.secret"', '"file:none"', "google.client_secret: the file cannot be read"),
    ('"file:google.secret"', '"env:NO_SUCH_NAME"', "environment variable is not set"),
    ('client_secret = "file:google.secret"\n', "", "providers.google.client_secret"),
    ("client_id", "client_idd", "providers.google.client_idd is no field of a provider"),
    ('issuer = "https', 'issuer = "http', "must be an https address"),
    ('kind = "oidc"', 'kind = "m4rked"', "providers.work.kind must be "),
    ('kind = "oidc"', "kind = 7", "providers.work.kind must be "),
    ('kind = "oidc"', 'kind = "oidc"\npkce = "yes"', "pkce must be true or false"),
    ('kind = "oidc"\n', "", "providers.work.kind"),
    ("[providers.work]", "[providers.Work]", "a name has lower-case letters"),
    ("[providers.work]", "[providers.work]\nremoved = true\n", "removed must be true, and alone"),
    ("[providers.google]", "[[providers]]", "providers must be tables"),
    ("[policies]", "[providers.home]\n[policies]", "providers.home has no fields"),
    ('sign_up = "invited"', 'sign_up = "m4rked"', "policies.sign_up must be open or invited"),
    ('sign_up = "invited"', "sign_upp = true", "policies.sign_upp is not a setting"),
    ('sign_up = "invited"', 'issuer = "https://m4rked.example"', "policies.issuer is no policy"),
    ('sign_up = "invited"', 'database = "sqlite:///m4rked"', "policies.database is no policy"),
    ('sign_up = "invited"', 'secret_key = "m4rked"', "policies.secret_key is no policy"),
    ('sign_up = "invited"', 'smtp.url = "smtp://m4rked"', "policies.smtp.url is no policy"),
    ('sign_up = "invited"', 'removed = "sign_up"', "must be an array of names"),
    (
        'sign_up = "invited"',
        'removed = ["issuer"]',
        "policies.removed, number 1: this is no policy",
    ),
    ('sign_up = "invited"', 'sign_up = "open"\nremoved = ["sign_up"]', "is set and removed"),
    ('"15m"', '"2d"', "policies.tokens.access_lifetime must be from 1s to 1d"),
    ('"15m"', "900", "policies.tokens.access_lifetime must be a duration"),
    ('access_lifetime = "15m"', 'refresh_idle_lifetime = "900d"', "longer than the absolute"),
    ("[policies]", "policies = 7\n[other]", "other is not a table of this file"),
    ("[providers.google]", '[[clients]]\nclient_id = "x"\n[providers.google]', "clients, number 1"),
)


def faults_of(file: Path) -> list[str]:
    """What `apply` would say about this file on a new server."""
    faults: list[str] = []
    document = read_document(file, faults)
    parse_rows(document, faults)
    entries = parse_entries(document, lambda each: resolve_secret(each, file.parent), faults)
    faults += unknown_removals(Applied(), entries)
    if not faults:
        with pytest.raises(BadSettings) as refusal:
            load({}, changed(Applied(), entries).settings())
        faults += refusal.value.faults
    return faults


def test_each_part_of_a_file_can_be_at_fault(tmp_path: Path) -> None:
    (tmp_path / "google.secret").write_text(SECRET)
    (tmp_path / "work.secret").write_text(SECRET)
    for old, new, text in BROKEN:
        assert old in EXAMPLE, old
        file = tmp_path / "broken.toml"
        file.write_text(EXAMPLE.replace(old, new, 1))
        faults = faults_of(file)
        assert any(text in fault for fault in faults), (new, faults)
        assert "m4rked" not in repr(faults)


def test_a_broken_file_changes_nothing(terminal: Terminal, apply: Apply) -> None:
    for old, new, text in BROKEN[::5]:
        refused = apply(EXAMPLE.replace(old, new, 1))
        assert (refused.code, refused.out) == (1, ""), new
        assert text in refused.err, new
        assert "m4rked" not in refused.err
        assert stored(terminal) == [], new
    # A fault of another part, which is found later: the settings are not written either.
    app = '[[clients]]\nclient_id = "app"\nclient_name = "App"\nowner = "none@example.org"\n'
    refused = apply(app + 'token_endpoint_auth_method = "none"\n' + EXAMPLE)
    assert "no account has this e-mail address" in refused.err
    assert stored(terminal) == []


def test_stored_settings_that_are_not_valid_any_more_stop_the_start_until_apply_corrects_them(
    terminal: Terminal, apply: Apply
) -> None:
    """As after an upgrade that has another bound, or has a setting no more."""
    assert apply(EXAMPLE).code == 0
    path = terminal.folder / "var" / "quantimodo.db"
    with closing(apsw.Connection(str(path))) as database:
        (text,) = database.execute("SELECT document FROM stored_settings").fetchone()
        document = json.loads(text)
        document["policies"] |= {"tokens.access_lifetime": "2d", "tokens.gone": True}
        document["policies"] |= {"port": 1}
        database.execute("UPDATE stored_settings SET document = ?", (json.dumps(document),))
    for command in (("serve", "--port", "0"), ("doctor",), ("users", "list"), ("export",)):
        refused = terminal(*command)
        assert (refused.code, refused.out) == (2, ""), command
        assert refused.err.splitlines() == [
            "error: tokens.gone (set-up file) is not a setting of this version",
            "error: port (set-up file) is not a setting of this version",
            "error: tokens.access_lifetime (set-up file) must be from 1s to 1d",
            "error: some settings are stored in the database: to correct or remove them, use"
            " quantimodo apply, as docs/operator/set-up-files.md shows",
        ]
    corrected = '[policies]\nremoved = ["tokens.gone", "port"]\ntokens.access_lifetime = "1h"\n'
    assert apply(corrected).code == 0
    assert shown(terminal, "tokens.access_lifetime") == ("1h", "set-up file")
    terminal.does("users", "list")


def test_secrets_of_another_secret_key_stop_the_start(terminal: Terminal, apply: Apply) -> None:
    assert apply(EXAMPLE).code == 0
    refused = terminal("users", "list", secret_key="B" * 43)
    assert refused.code == 1
    assert "the secret key is not the one that this database was made with" in refused.err
    assert (
        "1 set of provider secrets cannot be decrypted"
        in terminal("check", secret_key="B" * 43).err
    )
    assert terminal.does("check").out == "no fault found\n"
    # The key is lost: the file with all secrets stores them under the new one, one is not enough.
    some = EXAMPLE.replace('client_secret = "file:work.secret"\n', "")
    before = stored(terminal)
    for text in (some, '[policies]\nsign_up = "closed"\n'):
        refused = apply(text, secret_key="B" * 43)
        assert "providers.work.client_secret: the stored one cannot be decrypted" in refused.err
    refused = apply('[policies]\nsign_up = "invited"\n', secret_key="B" * 43)
    assert "the secret key is not the one" in refused.err
    assert stored(terminal) == before
    assert apply(EXAMPLE, secret_key="B" * 43).code == 0
    terminal.does("users", "list", secret_key="B" * 43)


def test_policies_are_not_what_is_of_the_machine() -> None:
    policies = {leaf.name for leaf in leaves() if is_policy(leaf.name)}
    some = {"sign_up", "tokens.access_lifetime", "registration.mode", "limits.reset_per_account"}
    assert some <= policies
    words = re.compile(
        r"(^|[._])(issuer|host|hosts|port|url|urls|file|key|keys|database|workers|proxies|token"
        r"|address|origin|origins|endpoint|smtp|mtls|mcp|telemetry|branding|alerts)$"
        r"|^(smtp|mtls|mcp|telemetry|branding|alerts|connections|reads|keys)\."
    )
    found = {name for name in policies if words.search(name)}
    # Hosts whose applications need no registration are a policy; the others count by an address.
    assert {name for name in found if not name.endswith("_per_address")} == {
        "registration.client_id_metadata_hosts"
    }
    assert not any(leaf.secret for leaf in leaves() if leaf.name in policies)
    assert "removed" not in {name.partition(".")[0] for name in policies}
    fields = [leaf.name for leaf in provider_leaves("work")]
    assert all(may_be_stored(name) for name in fields)
    assert "providers.work.removed" not in fields
    assert not may_be_stored("database")


PROVIDERS = """
[providers.work]
kind = "oidc"
title = "Work"
issuer = "{server}/sandbox/oidc"
client_id = "{oidc}"
client_secret = "file:oidc.secret"

[providers.home]
kind = "oauth2"
title = "Home"
issuer = "{server}/sandbox/google"
client_id = "{google}"
client_secret = "file:google.secret"
scope = "openid email profile"
authorization_endpoint = "{server}/sandbox/google/auth"
token_endpoint = "{server}/sandbox/google/token"
userinfo_endpoint = "{server}/sandbox/google/userinfo"
subject_field = "sub"
name_fields = ["name"]

[providers.linkedin]
issuer = "{server}/sandbox/oidc"
client_id = "{oidc}"
client_secret = "file:oidc.secret"
authorization_endpoint = "{server}/sandbox/oidc/auth"
token_endpoint = "{server}/sandbox/oidc/token"
userinfo_endpoint = "{server}/sandbox/oidc/userinfo"
"""


def test_people_sign_in_through_providers_that_came_by_apply_alone(terminal: Terminal) -> None:
    port = free_port()
    server = f"http://127.0.0.1:{port}"
    terminal.settings["insecure_private_hosts"] = f"127.0.0.1:{port}"
    (terminal.folder / "oidc.secret").write_text(OIDC_APP.secret.reveal())
    (terminal.folder / "google.secret").write_text(GOOGLE_APP.secret.reveal())
    text = PROVIDERS.format(server=server, oidc=OIDC_APP.id, google=GOOGLE_APP.id)
    (terminal.folder / "providers.toml").write_text(text)
    terminal.does("apply", "providers.toml")
    assert terminal.serve("--port", str(port)).url == server
    people = {"work": "verified", "home": "elsewhere", "linkedin": "no-email"}
    for name, person in people.items():
        with httpx.Client(
            base_url=server, trust_env=False, verify=no_authorities(), follow_redirects=True
        ) as browser:
            page = browser.get("/sign-in")
            (to_provider,) = re.findall(rf'href="(/sign-in/with/{name}[^"]*)"', page.text)
            persons = browser.get(unescape(to_provider))
            assert "/sandbox/" in str(persons.url), persons.text
            found = re.search(rf'id="person-{person}" href="([^"]+)"', persons.text)
            assert found is not None
            back = browser.get(unescape(found[1]))
            assert browser.get("/account").url.path == "/account", (name, back.url.path)


def test_a_provider_with_one_half_in_each_file_begins_a_new_server(
    empty_terminal: Terminal,
) -> None:
    terminal = empty_terminal
    (terminal.folder / "google.secret").write_text(SECRET)
    (terminal.folder / "up.toml").write_text(
        '[providers.google]\nclient_secret = "file:google.secret"\n'
    )
    half = {"providers__google__client_id": "web.example.org"}
    refused = terminal("serve", "--port", "0", **half)
    assert refused.code == 2
    assert "providers.google.client_secret" in refused.err
    assert "quantimodo database migrate, then quantimodo apply FILE" in refused.err
    terminal.does("database", "migrate", **half)
    terminal.does("apply", "up.toml", **half)
    assert shown(terminal, "providers.google.client_secret", **half)[1] == "set-up file"
