"""Optional profile claims beside name and e-mail address (OpenID Connect Core §5.1)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """OpenID Connect Core §5.1.1. Empty is "not given"."""

    formatted: str = ""
    street_address: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The fields have the names of the claims. Empty is "not given". Only the operator sets
    `phone_number_verified`."""

    given_name: str = ""
    family_name: str = ""
    middle_name: str = ""
    nickname: str = ""
    preferred_username: str = ""
    profile: str = ""
    picture: str = ""
    website: str = ""
    gender: str = ""
    birthdate: str = ""
    zoneinfo: str = ""
    locale: str = ""
    address: Address = Address()
    phone_number: str = ""
    phone_number_verified: bool = False
    updated_at: datetime | None = None
