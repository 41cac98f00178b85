"""What a profile may say (OpenID Connect Core §5.1)."""

import pytest

from quantimodo.model.user_profiles import Address, Profile
from quantimodo.protocol.user_profiles import InvalidProfile, parse_claims, parse_profile

KNOWN = Profile(phone_number="+10000000000", phone_number_verified=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("birthdate", "1992-02-29"),
        ("birthdate", "0000-02-29"),
        ("birthdate", "1990"),
        ("birthdate", "0000-12-31"),
        ("zoneinfo", "Europe/Berlin"),
        ("locale", "en"),
        ("locale", "de-CH-1996"),
        ("website", "https://ann.example.org/"),
        ("given_name", "می‌خواهم"),
        ("gender", "👩‍⚕️"),
        ("phone_number", "+1000000000;ext=12"),
        ("nickname", "n" * 200),
    ],
)
def test_valid_text_stays_as_it_is(name: str, text: str) -> None:
    assert getattr(parse_profile({name: f"  {text} "}), name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("birthdate", "1990-13-01"),
        ("birthdate", "1990-02-29"),
        ("birthdate", "1990-00-01"),
        ("birthdate", "1990-01-00"),
        ("birthdate", "0000-02-30"),
        ("birthdate", "31.01.1990"),
        ("birthdate", "1990-01-32"),
        ("birthdate", "00000"),
        ("birthdate", "١٩٩٠"),
        ("zoneinfo", "Atlantis"),
        ("zoneinfo", "../../etc/passwd"),
        ("locale", "English, please"),
        ("website", "javascript:alert(1)"),
        ("picture", "data:image/png;base64,AAAA"),
        ("profile", "http://ann.example.org/"),
        ("phone_number", "12"),
        ("phone_number", "+1 call me"),
        ("given_name", "a\u202eb"),
        ("given_name", "a\nb"),
        ("nickname", "n" * 201),
        ("formatted", "n" * 1001),
    ],
)
def test_a_refused_claim_names_its_field_and_echoes_nothing(name: str, text: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        parse_profile({name: text, "family_name": "fine"})
    assert set(refused.value.faults) == {name}
    assert text not in str(refused.value)


def test_the_year_0000_is_not_a_year_alone() -> None:
    with pytest.raises(InvalidProfile):
        parse_profile({"birthdate": "0000"})


def test_all_faults_are_reported_together() -> None:
    with pytest.raises(InvalidProfile) as refused:
        parse_profile({"birthdate": "x", "website": "y", "country": "\u0007"})
    assert set(refused.value.faults) == {"birthdate", "website", "country"}


def test_an_address_may_have_lines_and_a_number_its_spaces() -> None:
    found = parse_profile(
        {"street_address": "1 Fake Street\r\nFlat 2", "phone_number": "+1 (0)0-00.0"}
    )
    assert found.address == Address(street_address="1 Fake Street\nFlat 2")
    assert found.phone_number == "+100000"


def test_a_number_stays_verified_only_as_long_as_it_is_the_same() -> None:
    # Writing a number does not verify it.
    assert parse_profile({"phone_number": "+10000000000"}, KNOWN).phone_number_verified
    assert not parse_profile({"phone_number": "+10000000001"}, KNOWN).phone_number_verified
    assert not parse_profile({"phone_number_verified": "true"}, KNOWN).phone_number_verified


def test_the_operator_writes_claims_by_their_names() -> None:
    document = {
        "given_name": "Ann",
        "address": {"country": "XX"},
        "phone_number": "+10000000000",
        "phone_number_verified": True,
    }
    assert parse_claims(document) == Profile(
        given_name="Ann",
        address=Address(country="XX"),
        phone_number="+10000000000",
        phone_number_verified=True,
    )
    for wrong in (
        [],
        {"shoe_size": "46"},
        {"address": "here"},
        {"address": {"planet": "x"}},
        {"given_name": 5},
        {"phone_number_verified": "yes"},
    ):
        with pytest.raises(InvalidProfile):
            parse_claims(wrong)
