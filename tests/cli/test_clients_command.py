"""`quantimodo clients`."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage
from quantimodo.storage.open import open_stores
from support.terminal import Terminal

CALLBACK = "https://app.example.org/cb"


def created(terminal: Terminal, *more: str) -> dict[str, object]:
    response = terminal.does(
        "clients", "create", "--name", "Diary", "--redirect-uri", CALLBACK, *more, "--json"
    )
    fields: dict[str, object] = response.json
    return fields


def test_create_prints_id_and_secret(terminal: Terminal) -> None:
    fields = created(terminal)
    assert re.fullmatch(r"[a-z2-7]{16}", str(fields["client_id"]))
    assert re.fullmatch(r"qms_[A-Za-z0-9_-]{43}", str(fields["client_secret"]))
    assert fields["redirect_uris"] == [CALLBACK]
    assert fields["grant_types"] == ["authorization_code", "refresh_token"]
    assert fields["response_types"] == ["code"]
    assert fields["token_format"] == "opaque"


def test_every_option_of_create_is_stored(terminal: Terminal) -> None:
    terminal.does("users", "create", "--email", "ada@example.org", "--name", "Ada")
    fields = created(
        terminal,
        *("--redirect-uri", "com.example.app:/cb"),
        *("--scope", "basic openid"),
        *("--grant-type", "authorization_code", "--grant-type", "client_credentials"),
        *("--response-type", "code", "--response-type", "none"),
        *("--strict", "--first-party", "--resource-server"),
        *("--token-format", "jwt", "--id-token-alg", "ES256", "--claims-in-id-token"),
        *("--description", "Keeps it", "--homepage", "https://app.example.org/"),
        *("--policy", "https://app.example.org/p", "--terms", "https://app.example.org/t"),
        *("--post-logout-redirect-uri", "https://app.example.org/bye"),
        *("--backchannel-logout-uri", "https://app.example.org/back"),
        *("--frontchannel-logout-uri", "https://app.example.org/front"),
        *("--owner", "ada@example.org"),
    )
    shown = terminal.does("clients", "show", str(fields["client_id"]), "--json").json
    assert shown == {name: value for name, value in fields.items() if name != "client_secret"}
    assert shown["redirect_uris"] == [CALLBACK, "com.example.app:/cb"]
    assert shown["scope"] == "basic openid"
    assert shown["post_logout_redirect_uris"] == ["https://app.example.org/bye"]
    assert shown["backchannel_logout_uri"] == "https://app.example.org/back"
    assert shown["frontchannel_logout_uri"] == "https://app.example.org/front"
    assert shown["grant_types"] == ["authorization_code", "client_credentials"]
    assert shown["response_types"] == ["code", "none"]
    assert (shown["strict"], shown["first_party"], shown["resource_server"]) == (True,) * 3
    assert (shown["token_format"], shown["id_token_alg"]) == ("jwt", "ES256")
    assert shown["include_claims_in_id_token"] is True
    assert shown["owner_id"] == 1


def test_a_public_app_has_no_secret(terminal: Terminal) -> None:
    fields = created(terminal, "--public")
    assert fields["public"] is True
    assert fields["client_secret"] is None


def test_implicit_response_types_need_their_flag(terminal: Terminal) -> None:
    assert created(terminal)["response_types"] == ["code"]
    assert "id_token token" in str(created(terminal, "--implicit")["response_types"])


def test_a_client_credentials_app_needs_no_redirect_uri(terminal: Terminal) -> None:
    response = terminal.does(
        "clients", "create", "--name", "Job", "--grant-type", "client_credentials", "--json"
    )
    assert response.json["response_types"] == []


def test_without_json_the_secret_is_printed_with_a_warning(terminal: Terminal) -> None:
    response = terminal.does("clients", "create", "--name", "Diary", "--redirect-uri", CALLBACK)
    assert re.search(r"client_secret +qms_", response.out)
    assert "never shown again" in response.err


def test_each_error_of_a_registration_is_one_line(terminal: Terminal) -> None:
    response = terminal(
        "clients",
        "create",
        *("--name", "a\u202eb", "--redirect-uri", "http://marked.example/", "--scope", "root"),
    )
    assert (response.code, response.out) == (1, "")
    assert [line.split(":")[1].strip() for line in response.err.splitlines()] == [
        "name",
        "redirect_uris",
        "scope",
    ]
    assert "marked" not in response.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("clients", "create"),
        ("clients", "create", "--name", "x", "--nonsense"),
        ("clients", "nonsense"),
        ("clients", "show"),
        ("clients", "rotate-secret", "x", "--overlap", "soon"),
        ("nonsense",),
    ],
)
def test_a_usage_error_exits_with_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    response = terminal(*arguments)
    assert (response.code, response.out) == (2, "")
    assert response.err


def test_list_show_and_delete(terminal: Terminal) -> None:
    one, other = created(terminal), created(terminal, "--public")
    listed = terminal.does("clients", "list", "--json")
    assert {each["client_id"] for each in listed.json} == {one["client_id"], other["client_id"]}
    assert "secret" not in listed.out
    assert str(one["client_id"]) in terminal.does("clients", "list").out
    terminal.does("clients", "delete", str(one["client_id"]))
    assert [each["client_id"] for each in terminal.does("clients", "list", "--json").json] == [
        other["client_id"]
    ]
    gone = terminal("clients", "show", str(one["client_id"]))
    assert (gone.code, gone.out) == (1, "")
    assert gone.err.startswith("error: there is no app with this client_id")


def test_rotate_secret_creates_another_secret(terminal: Terminal) -> None:
    fields = created(terminal)
    client_id = str(fields["client_id"])
    rotated = terminal.does("clients", "rotate-secret", client_id, "--overlap", "1h", "--json")
    assert rotated.json["client_secret"] not in (None, fields["client_secret"])
    too_long = terminal("clients", "rotate-secret", client_id, "--overlap", "31d")
    assert too_long.code == 1
    public = created(terminal, "--public")
    assert terminal("clients", "rotate-secret", str(public["client_id"])).code == 1


def test_edit_changes_the_given_options_only(terminal: Terminal) -> None:
    fields = created(terminal, "--strict", "--implicit")
    client_id = str(fields.pop("client_id"))
    fields.pop("client_secret")
    edited = terminal.does("clients", "edit", client_id, "--name", "Diary 2", "--json").json
    assert edited == {**fields, "client_id": client_id, "name": "Diary 2"}
    edited = terminal.does(
        "clients", "edit", client_id, "--no-strict", "--no-implicit", "--first-party", "--json"
    ).json
    assert (edited["strict"], edited["first_party"]) == (False, True)
    assert edited["response_types"] == ["code"]


def test_a_logo_must_be_an_image(terminal: Terminal, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_text("no picture")
    response = terminal(
        *("clients", "create", "--name", "x", "--redirect-uri", CALLBACK, "--logo", str(logo))
    )
    assert (response.code, response.out) == (1, "")
    assert "PNG, JPEG or WebP" in response.err


def test_an_owner_must_exist(terminal: Terminal) -> None:
    response = terminal(
        *("clients", "create", "--name", "x", "--redirect-uri", CALLBACK),
        *("--owner", "unknown@example.org"),
    )
    assert response.code == 1
    assert response.err == "error: no account has this e-mail address\n"


def test_a_disabled_app_is_refused_until_it_is_enabled(terminal: Terminal) -> None:
    server = terminal.serve()
    fields = created(terminal, "--grant-type", "client_credentials")
    client_id, secret = str(fields["client_id"]), str(fields["client_secret"])

    def status() -> int:
        token = {"grant_type": "client_credentials", "client_id": client_id}
        url = f"{server.url}/api/v2/oauth2/access_token"
        return httpx.post(url, data={**token, "client_secret": secret}).status_code

    assert status() == 200
    assert terminal.does("clients", "disable", client_id, "--json").json["disabled_at"]
    assert status() == 401
    assert terminal.does("clients", "enable", client_id, "--json").json["disabled_at"] is None
    assert status() == 200
    assert terminal("clients", "disable", "unknown").code == 1


def test_claims_in_the_id_token_are_switched_on_and_off(terminal: Terminal) -> None:
    client_id = str(created(terminal)["client_id"])

    def edited(*options: str) -> object:
        response = terminal.does("clients", "edit", client_id, *options, "--json")
        return response.json["include_claims_in_id_token"]

    assert edited("--name", "Diary 2") is False
    assert edited("--claims-in-id-token") is True
    assert edited("--name", "Diary 3") is True
    assert edited("--no-claims-in-id-token") is False


def test_an_imported_app_keeps_its_metadata_and_gets_a_new_id(terminal: Terminal) -> None:
    document = {
        "client_id": "id-of-the-file",
        "client_secret": "fake-secret-of-the-file",
        "client_name": "Diary",
        "redirect_uris": [CALLBACK],
        "include_claims_in_id_token": True,
    }
    (terminal.folder / "app.json").write_text(json.dumps(document))
    found = terminal.does("clients", "import", "app.json", "--json").json
    assert found["include_claims_in_id_token"] is True
    # docs/operator/conformance.md: the server chooses both.
    assert re.fullmatch(r"[a-z2-7]{16}", found["client_id"])
    assert found["client_secret"].startswith("qms_")


async def add_refusal(terminal: Terminal, refusal: ClientRefusal) -> None:
    """What a server writes after a refused request."""
    stores = await open_stores(f"sqlite:///{terminal.folder / 'var' / 'quantimodo.db'}")
    day = ClientDay(client_id=refusal.client_id, day=refusal.at.date(), tokens=7, refusals=1)
    usage = [
        ClientUsage(
            client_id=refusal.client_id,
            day=day.day,
            endpoint="token",
            code=code,
            number=number,
        )
        for code, number in (("", 8), (refusal.code, 1))
    ]
    await stores.client_log.add_to_client_log([refusal], [day], 500, usage)
    await stores.close()


def test_the_log_of_an_application_has_its_refusals_and_how_to_fix_them(
    terminal: Terminal,
) -> None:
    client_id = str(created(terminal)["client_id"])
    received = ("parameters: client_id, client_secret, grant_type",)
    added = ClientRefusal(
        client_id=client_id,
        at=datetime.now(UTC),
        endpoint="token",
        code="client_secret_wrong",
        incident="0123456789ab",
        received=received,
    )
    asyncio.run(add_refusal(terminal, added))
    shown = terminal.does("clients", "log", client_id, "--json").json
    (refusal,) = shown["refusals"]
    assert (refusal["endpoint"], refusal["code"]) == ("token", "client_secret_wrong")
    assert refusal["received"] == list(received)
    assert f"quantimodo clients rotate-secret {client_id}" in refusal["fix"]
    assert [(day["tokens"], day["refusals"]) for day in shown["days"]] == [(7, 1)]
    used = [(each["endpoint"], each["code"], each["requests"]) for each in shown["usage"]]
    assert used == [("token", None, 8), ("token", "client_secret_wrong", 1)]
    text = terminal.does("clients", "log", client_id).out
    assert "0123456789ab" in text
    assert refusal["fix"] in text
    none = terminal.does("clients", "log", client_id, "--endpoint", "authorize", "--json").json
    assert none["refusals"] == []
    gone = terminal("clients", "log", "unknown")
    assert gone.code == 1
    assert gone.err.startswith("error: there is no app with this client_id")


def test_limits_and_the_domain_behind_an_application_are_set_with_a_reason(
    terminal: Terminal,
) -> None:
    create = ("clients", "create", "--name", "Mood", "--redirect-uri", "https://app.example.org/cb")
    client_id = terminal.does(*create, "--scope", "basic", "--json").json["client_id"]
    limits = ("clients", "limit", client_id, "--json")
    assert terminal.does(*limits).json["tokens_per_minute"] == 0
    changed = terminal.does(*limits, "--tokens-per-minute", "9", "--reason", "load test").json
    assert (changed["tokens_per_minute"], changed["requests_per_minute"]) == (9, 0)
    assert terminal.does(*limits, "--requests-per-minute", "5").json["tokens_per_minute"] == 9
    assert terminal("clients", "limit", client_id, "--tokens-per-minute", "-1").code == 2
    assert terminal("clients", "limit", "none", "--tokens-per-minute", "1").code == 1
    verify = ("clients", "verify", client_id)
    terminal.does(*verify, "--domain", "example.org", "--reason", "TXT record seen")
    shown = terminal.does("clients", "show", client_id, "--json").json
    assert shown["verified_domain"] == "example.org"
    assert terminal(*verify, "--domain", "elsewhere.example").code == 1
    assert terminal(*verify).code == 2
    terminal.does(*verify, "--end")
    assert terminal.does("clients", "show", client_id, "--json").json["verified_domain"] == ""
    actions = [json.loads(line) for line in terminal.does("logs", "--actions").out.splitlines()]
    assert {(each["kind"], each["reason"]) for each in actions} == {
        ("client.limit", "load test"),
        ("client.limit", ""),
        ("client.verify", "TXT record seen"),
        ("client.unverify", ""),
    }


def test_a_change_of_fields_is_recorded_with_its_reason(terminal: Terminal) -> None:
    client_id = created(terminal)["client_id"]
    edit = ("clients", "edit", str(client_id), "--reviewed", "--reason", "read its policy")
    terminal.does(*edit, "--json")
    api = "https://tasks.example.org/"
    terminal.does("resources", "add", api, "--name", "Tasks", "--scope", "tasks:read = Read")
    terminal.does("resources", "change", api, "--not-reviewed", "--reason", "new owner")
    actions = [json.loads(line) for line in terminal.does("logs", "--actions").out.splitlines()]
    assert {(each["kind"], each["detail"], each["reason"]) for each in actions} == {
        ("client.edit", "Diary", "read its policy"),
        ("resource.change", api, "new owner"),
    }
