"""What an application has to register for its security profile (FAPI 2.0 §5.3, §5.4;
FAPI 2.0 Message Signing §5). Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from quantimodo.app.settings.reading import BadSettings, load_settings
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.registration import Registration, faults, normalise
from quantimodo.protocol.registration_json import parse_registration, refusal
from quantimodo.protocol.security_profiles import FAPI2, LEGACY, OAUTH21, PROFILES, profile_status

CALLBACK = "https://app.example.org/callback"
FITTING: dict[str, Any] = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks_uri": "https://app.example.org/jwks.json",
    "dpop_bound_access_tokens": True,
}


def requested(profile: str, metadata: dict[str, Any] | None = None, **changes: Any) -> Registration:
    members = ClientMetadata(**{**FITTING, "profile": profile, **(metadata or {})})
    values = {"name": "Mood Tracker", "redirect_uris": (CALLBACK,), "metadata": members, **changes}
    return normalise(Registration(**values))


def missing(registration: Registration) -> list[str]:
    return [fault.message for fault in faults(registration) if fault.field == "profile"]


@pytest.mark.parametrize("profile", PROFILES)
def test_5_3_an_application_that_fits_is_registered(profile: str) -> None:
    assert not missing(requested(profile))
    tls = {
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "dpop_bound_access_tokens": False,
        "tls_client_certificate_bound_access_tokens": True,
    }
    assert not missing(requested(profile, tls))
    native = {"application_type": "native"}
    for uri in ("http://127.0.0.1/callback", "http://[::1]/callback", "org.example.app:/callback"):
        assert not missing(requested(profile, native, redirect_uris=(uri,)))


REFUSED: tuple[tuple[str, dict[str, Any], dict[str, Any], str], ...] = (
    ("5.3.2.1 (3)", {"token_endpoint_auth_method": "none"}, {"public": True}, "keep a secret"),
    ("5.3.2.1 (5)", {"dpop_bound_access_tokens": False}, {}, "dpop_bound_access_tokens"),
    ("5.3.2.1 (6)", {"token_endpoint_auth_method": ""}, {}, "private_key_jwt"),
    ("5.3.2.1 (6)", {"token_endpoint_auth_method": "client_secret_basic"}, {}, "private_key_jwt"),
    ("5.3.2.1 (6)", {"token_endpoint_auth_method": "client_secret_jwt"}, {}, "private_key_jwt"),
    ("5.3.2.2 (1)", {}, {"response_types": frozenset({"code id_token"})}, "types: code"),
    ("5.3.2.2 (1)", {}, {"response_types": frozenset({"code", "none"})}, "types: code"),
    ("5.3.2.2 (8)", {}, {"redirect_uris": ("http://127.0.0.1/callback",)}, "http in redirect"),
    (
        "5.3.2.2 (8)",
        {"application_type": "native"},
        {"redirect_uris": (CALLBACK, "http://localhost/callback")},
        "http in redirect",
    ),
    ("5.4.1 (1)", {"token_endpoint_auth_signing_alg": "RS256"}, {}, "auth_signing_alg"),
    ("5.4.1 (1)", {"request_object_signing_alg": "HS256"}, {}, "request_object_signing_alg"),
    ("5.4.1 (1)", {"request_object_signing_alg": "none"}, {}, "request_object_signing_alg"),
    ("5.4.1 (1)", {"userinfo_signed_response_alg": "none"}, {}, "userinfo_signed_response_alg"),
    ("5.4.1 (1)", {"authorization_signed_response_alg": "RS256"}, {}, "authorization_signed"),
    ("5.4.1 (1)", {"introspection_signed_response_alg": "RS256"}, {}, "introspection_signed"),
    ("5.4.1 (1)", {}, {"id_token_alg": "none"}, "id_token_signed_response_alg"),
)


@pytest.mark.parametrize(("section", "metadata", "changes", "reason"), REFUSED)
def test_5_3_an_application_that_does_not_fit_is_refused(
    section: str, metadata: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    for profile in ("fapi2", "fapi2_message_signing"):
        assert any(reason in text for text in missing(requested(profile, metadata, **changes)))
    assert not missing(requested("legacy", metadata, **changes))


def test_5_3_a_refusal_has_all_that_is_missing() -> None:
    document = {"redirect_uris": [CALLBACK], "profile": "fapi2"}
    found = faults(normalise(parse_registration(document)))
    error = refusal(found)
    assert isinstance(error, OAuthError)
    assert "private_key_jwt" in error.description
    assert "dpop_bound_access_tokens" in error.description
    unknown = faults(normalise(parse_registration({**document, "profile": "fapi3"})))
    assert [fault.field for fault in unknown] == ["profile"]


def test_5_3_1_of_message_signing_needs_keys() -> None:
    tls = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_san_dns": "app.example.org",
        "jwks_uri": "",
    }
    assert not missing(requested("fapi2", tls))
    assert any("jwks" in text for text in missing(requested("fapi2_message_signing", tls)))


def test_a_profile_implies_what_follows_from_it() -> None:
    """RFC 7591 §3.2.1: the response has the values that the server registered instead."""
    for profile in ("fapi2", "fapi2_message_signing"):
        found = requested(profile)
        assert found.strict
        assert found.metadata.require_pushed_authorization_requests
        assert found.id_token_alg == "PS256"
        assert found.metadata.authorization_signed_response_alg == "PS256"
        assert found.metadata.introspection_signed_response_alg == "PS256"
        assert normalise(found) == found
    assert requested("fapi2", id_token_alg="ES256").id_token_alg == "ES256"
    assert requested("oauth21").strict
    legacy = requested("legacy")
    assert not legacy.strict
    assert legacy.id_token_alg == "RS256"
    assert requested("") == legacy


def test_oauth21_has_no_implicit_response_types() -> None:
    implicit = frozenset({"code", "id_token token"})
    assert missing(requested("oauth21", response_types=implicit))
    assert not missing(requested("oauth21", {"token_endpoint_auth_method": "none"}, public=True))


def test_each_profile_requires_what_the_one_before_requires() -> None:
    for section, metadata, changes, _ in REFUSED:
        described = requested("legacy", metadata, **changes)
        found = profile_status(described)
        assert found.registered is LEGACY
        assert found.met in (LEGACY, OAUTH21), section
        assert found.missing, section


def test_the_portal_has_what_is_missing_for_the_next_profile() -> None:
    whole = requested("legacy")
    assert profile_status(whole).next_profile is None
    without_keys = replace(whole.metadata, dpop_bound_access_tokens=False)
    found = profile_status(replace(whole, metadata=without_keys))
    assert (found.met, found.next_profile) == (OAUTH21, FAPI2)
    assert len(found.missing) == 1
    implicit = profile_status(replace(whole, response_types=frozenset({"token"})))
    assert (implicit.met, implicit.next_profile) == (LEGACY, OAUTH21)
    assert len(implicit.missing) == 1


def test_5_3_2_1_11_a_code_lives_at_most_60_seconds() -> None:
    environment = {"QUANTIMODO_ISSUER": "https://id.example.org", "QUANTIMODO_SECRET_KEY": "A" * 43}
    assert load_settings(environment).tokens.code_lifetime <= timedelta(seconds=60)
    with pytest.raises(BadSettings, match="CODE_LIFETIME"):
        load_settings({**environment, "QUANTIMODO_TOKENS__CODE_LIFETIME": "61s"})
