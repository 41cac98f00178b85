"""What may be registered for signing out (RP-Initiated Logout §3.1, Front-Channel Logout
§2, Back-Channel Logout §2.2)."""

import pytest

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.protocol.client_field_row import MOST_REDIRECT_URIS
from quantimodo.protocol.registration import Registration, faults, normalise

APP = "https://app.example.org"


def requested(**metadata: object) -> Registration:
    return Registration(
        name="Mood Tracker",
        redirect_uris=(f"{APP}/callback",),
        metadata=ClientMetadata(**metadata),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "metadata",
    [
        {"post_logout_redirect_uris": (f"{APP}/bye?x=1", "org.example.app:/bye")},
        {"post_logout_redirect_uris": ("http://127.0.0.1:3000/bye",)},
        {"backchannel_logout_uri": "https://machine.example.org/logout"},
        {"frontchannel_logout_uri": f"{APP}/logout"},
    ],
)
def test_good_addresses_are_taken(metadata: dict[str, object]) -> None:
    assert faults(requested(**metadata)) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("post_logout_redirect_uris", ("javascript:alert(1)",)),
        ("post_logout_redirect_uris", (f"{APP}/bye#x",)),
        ("post_logout_redirect_uris", ("http://app.example.org/bye",)),
        ("post_logout_redirect_uris", ("/bye",)),
        ("post_logout_redirect_uris", tuple(f"{APP}/{n}" for n in range(MOST_REDIRECT_URIS + 1))),
        ("backchannel_logout_uri", f"{APP}/logout#x"),
        ("backchannel_logout_uri", "http://app.example.org/logout"),
        ("backchannel_logout_uri", "org.example.app:/logout"),
        ("frontchannel_logout_uri", "https://another.example.org/logout"),
        ("frontchannel_logout_uri", "https://app.example.org:8443/logout"),
        ("frontchannel_logout_uri", "https://app.example.org@evil.example/logout"),
    ],
)
def test_others_are_refused_with_their_field(field: str, value: object) -> None:
    assert {fault.field for fault in faults(requested(**{field: value}))} == {field}


def test_a_doubled_address_is_one() -> None:
    twice = requested(post_logout_redirect_uris=(f"{APP}/bye", f"{APP}/bye"))
    assert normalise(twice).metadata.post_logout_redirect_uris == (f"{APP}/bye",)
