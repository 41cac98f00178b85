"""What an application may be registered as (RFC 7591 §2, security.md §5, §11, §15)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.protocol.client_field_row import MOST_REDIRECT_URIS
from quantimodo.protocol.constants import RESPONSE_TYPES
from quantimodo.protocol.grant_types import GRANT_TYPES
from quantimodo.protocol.registration import (
    Registration,
    faults,
    normalise,
    privileges,
)
from quantimodo.protocol.scopes import SCOPES

SOUND = Registration(name="Sleep Diary", redirect_uris=("https://app.example/cb",))


def faulty_fields(**changes: Any) -> set[str]:
    return {fault.field for fault in faults(normalise(replace(SOUND, **changes)))}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "Schlaftagebuch für Ältere"},
        {"name": "日記"},
        {"name": "👩‍⚕️"},
        {"name": "می‌خواهم"},
        {"name": "a" * 100},
        {"description": "one line\nanother\ta"},
        {"homepage_uri": "https://app.example/#about", "policy_uri": "http://localhost:3000/p"},
        {"redirect_uris": tuple(f"https://app.example/{n}" for n in range(50))},
        {"redirect_uris": ("com.example.app:/cb", "http://127.0.0.1/cb"), "public": True},
        {"grant_types": frozenset({"client_credentials"}), "redirect_uris": ()},
        {"grant_types": frozenset({"client_credentials"}), "scope": frozenset()},
        {"grant_types": frozenset(), "response_types": frozenset({"token"})},
        {"grant_types": GRANT_TYPES, "response_types": RESPONSE_TYPES},
    ],
)
def test_a_sound_registration_has_no_fault(changes: dict[str, Any]) -> None:
    if "scope" in changes or changes.get("redirect_uris") == ():
        changes = {"redirect_uris": (), **changes}
    assert faulty_fields(**changes) == set()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("name", {"name": " \t\n"}),
        ("name", {"name": "\u200b"}),
        ("name", {"name": "\u200d"}),
        ("name", {"name": "a" * 101}),
        ("name", {"name": "a\x00b"}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "a\x7fb"}),
        ("name", {"name": "knaB\u202e"}),
        ("name", {"name": "a\u2066b"}),
        ("name", {"name": "a\u200bb"}),
        ("name", {"name": "a\u2028b"}),
        ("name", {"name": "a\ufeffb"}),
        ("name", {"name": "a\ud800b"}),
        ("description", {"description": "a" * 1001}),
        ("description", {"description": "a\x1b[31mb"}),
        ("description", {"description": "a\u202eb"}),
        ("homepage_uri", {"homepage_uri": "http://app.example/"}),
        ("policy_uri", {"policy_uri": "javascript:alert(1)"}),
        ("policy_uri", {"policy_uri": "com.example.app:/policy"}),
        ("tos_uri", {"tos_uri": "/terms"}),
        ("tos_uri", {"tos_uri": "https://user@app.example/"}),
        ("redirect_uris", {"redirect_uris": ()}),
        ("redirect_uris", {"redirect_uris": ("javascript:alert(1)",)}),
        ("redirect_uris", {"redirect_uris": ("https://app.example/", "https://app.example/#x")}),
        (
            "redirect_uris",
            {"redirect_uris": tuple(f"https://app.example/{n}" for n in range(51))},
        ),
        (
            "redirect_uris",
            {
                "redirect_uris": (),
                "grant_types": frozenset({"client_credentials"}),
                "response_types": frozenset({"token"}),
            },
        ),
        ("scope", {"scope": frozenset({"basic", "root"})}),
        ("scope", {"scope": frozenset()}),
        ("scope", {"scope": frozenset({"basic", ""})}),
        ("grant_types", {"grant_types": frozenset({"password", "authorization_code"})}),
        ("grant_types", {"grant_types": frozenset({"authorization_code", ""})}),
        ("grant_types", {"grant_types": frozenset({"refresh_token"})}),
        ("grant_types", {"grant_types": frozenset(), "response_types": frozenset()}),
        ("grant_types", {"grant_types": GRANT_TYPES, "public": True}),
        ("response_types", {"response_types": frozenset()}),
        ("response_types", {"response_types": frozenset({"code", ""})}),
        ("response_types", {"response_types": frozenset({"code", "token id_token"})}),
        ("response_types", {"response_types": frozenset({"code", "password"})}),
        ("resource_server", {"resource_server": True, "public": True}),
        ("token_format", {"token_format": "saml"}),
        (
            "id_token_alg",
            {"id_token_alg": "none", "response_types": frozenset({"code id_token"})},
        ),
        ("id_token_alg", {"id_token_alg": "HS256"}),
    ],
)
def test_an_unsound_registration_names_its_field(field: str, changes: dict[str, Any]) -> None:
    assert field in faulty_fields(**changes)


def test_all_faults_are_reported_together() -> None:
    assert faulty_fields(name="", tos_uri="x", redirect_uris=("x",), scope=frozenset({"x"})) == {
        "name",
        "tos_uri",
        "redirect_uris",
        "scope",
    }


def test_of_several_redirect_uris_the_faulty_one_is_numbered() -> None:
    requested = replace(SOUND, redirect_uris=("https://app.example/", "ftp://app.example/"))
    (fault,) = faults(requested)
    assert fault.message.startswith("number 2 must be https")


def test_too_many_redirect_uris_are_one_fault() -> None:
    requested = replace(SOUND, redirect_uris=("ftp://app.example/",) * (MOST_REDIRECT_URIS + 1))
    assert len(faults(requested)) == 1


def test_an_application_that_uses_no_code_answers_with_none() -> None:
    requested = replace(SOUND, grant_types=frozenset({"client_credentials"}))
    assert normalise(requested).response_types == frozenset()


def test_spaces_and_repeated_addresses_are_removed() -> None:
    requested = normalise(
        replace(
            SOUND,
            name=" Diary ",
            description=" a\r\nb ",
            homepage_uri=" https://app.example/ ",
            redirect_uris=("https://b.example/", "https://a.example/", "https://b.example/"),
        )
    )
    assert (requested.name, requested.description) == ("Diary", "a\nb")
    assert requested.homepage_uri == "https://app.example/"
    assert requested.redirect_uris == ("https://b.example/", "https://a.example/")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("first_party", {"first_party": True}),
        ("resource_server", {"resource_server": True}),
        ("response_types", {"response_types": frozenset({"code", "token"})}),
        ("response_types", {"response_types": frozenset({"id_token"})}),
        ("response_types", {"response_types": frozenset({"code id_token"})}),
    ],
)
def test_a_setting_that_only_the_operator_gives_is_a_privilege(
    field: str, changes: dict[str, Any]
) -> None:
    assert [fault.field for fault in privileges(replace(SOUND, **changes))] == [field]


def test_a_plain_application_asks_for_no_privilege() -> None:
    assert privileges(replace(SOUND, response_types=frozenset({"code", "none"}))) == ()


WORDS = st.text(max_size=120)
REGISTRATIONS = st.builds(
    Registration,
    name=WORDS,
    description=WORDS,
    homepage_uri=WORDS,
    redirect_uris=st.lists(WORDS | st.just("https://app.example/"), max_size=4).map(tuple),
    scope=st.frozensets(st.sampled_from(sorted(SCOPES)) | WORDS, max_size=4),
    grant_types=st.frozensets(st.sampled_from(sorted(GRANT_TYPES)) | WORDS, max_size=4),
    response_types=st.frozensets(st.sampled_from(sorted(RESPONSE_TYPES)) | WORDS, max_size=4),
    public=st.booleans(),
    resource_server=st.booleans(),
)


@given(REGISTRATIONS)
def test_tidying_twice_changes_nothing_more(requested: Registration) -> None:
    assert normalise(normalise(requested)) == normalise(requested)


@given(REGISTRATIONS)
def test_metadata_without_faults_are_safe_to_store_and_to_show(requested: Registration) -> None:
    requested = normalise(requested)
    if faults(requested):
        return
    requested.name.encode()
    assert requested.name.isprintable() or "\u200c" in requested.name or "\u200d" in requested.name
    assert requested.scope <= SCOPES.keys()
    assert requested.grant_types <= GRANT_TYPES
    assert requested.response_types <= RESPONSE_TYPES
    assert not (requested.public and "client_credentials" in requested.grant_types)
    assert requested.redirect_uris or not requested.response_types
