"""Verifies what authenticators sign (Web Authentication): new passkeys, and sign-ins by them.

The caller checks the challenge, its lifetime and single use, and the counter. Attestation is not
requested, so a statement of a manufacturer is refused and no certificate is read.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorData,
    ClientDataType,
    CredentialDeviceType,
    RegistrationCredential,
)

from quantimodo.model.secrets import Secret

ALGORITHMS: Final = (-8, -7, -257)  # COSE: EdDSA, ES256, RS256
LONGEST_CREDENTIAL_ID: Final = 1023  # Web Authentication §4
_LONGEST: Final = 16_384  # characters of a response
_LONGEST_KEY: Final = 600  # an RSA key of 4096 bits has 526 bytes
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_FORMATS: Final = (AttestationFormat.NONE, AttestationFormat.PACKED)

# Why a response is refused, for the log and the audit trail: fixed texts, without the input.
MALFORMED: Final = "the response of the browser cannot be read"
WRONG_TYPE: Final = "it is for another ceremony"
WRONG_ORIGIN: Final = "it was made on another origin"
FRAMED: Final = "it was made in a frame of another site"
WRONG_HOST: Final = "the passkey is for another host"
NOT_PRESENT: Final = "the authenticator did not check that a person is present"
NOT_VERIFIED: Final = "the authenticator did not verify the person"
WRONG_SIGNATURE: Final = "the signature does not verify"
ATTESTED: Final = "it has an attestation, which was not requested"
UNSUITABLE: Final = "the new passkey has a key or an id that is not supported"

_T = TypeVar("_T")


class InvalidPasskey(Exception):
    """The response of an authenticator is refused. `reason` is a fixed text for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """This server as passkeys know it: `id` is its host, `origin` that of its pages."""

    id: str
    origin: str

    @classmethod
    def of(cls, issuer: str) -> "RelyingParty":
        """The relying party of a server with this public address."""
        parts = urlsplit(issuer)
        host = parts.hostname or ""
        port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
        return cls(host, f"{parts.scheme}://{host}{port}")

    @property
    def is_supported(self) -> bool:
        """Whether browsers make passkeys for it: not for IP addresses."""
        try:
            ipaddress.ip_address(self.id.strip("[]"))
        except ValueError:
            return bool(self.id)
        return False


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator signed, read but not verified."""

    credential_id: bytes
    user_handle: bytes | None
    challenge: bytes
    credential: AuthenticationCredential = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registration:
    """A new passkey, read but not verified."""

    challenge: bytes
    credential: RegistrationCredential = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """`sign_count` is the authenticator's counter; zero if it has none."""

    sign_count: int
    backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRegistration:
    """A new passkey. `public_key` is a COSE key, `aaguid` the model of the authenticator."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str
    backup_eligible: bool
    backed_up: bool


def parse_assertion(response: Secret) -> Assertion:
    """The response of `navigator.credentials.get()` as JSON. Raises `InvalidPasskey`."""
    credential = _read(parse_authentication_credential_json, response)
    challenge = _challenge(credential.response.client_data_json)
    return Assertion(credential.raw_id, credential.response.user_handle, challenge, credential)


def parse_registration(response: Secret) -> Registration:
    """The response of `navigator.credentials.create()` as JSON. Raises `InvalidPasskey`."""
    credential = _read(parse_registration_credential_json, response)
    return Registration(_challenge(credential.response.client_data_json), credential)


def verify_assertion(
    assertion: Assertion, public_key: bytes, relying_party: RelyingParty
) -> VerifiedAssertion:
    """Web Authentication §7.2, with user verification. Raises `InvalidPasskey`."""
    response = assertion.credential.response
    _check_client_data(response.client_data_json, ClientDataType.WEBAUTHN_GET, relying_party)
    data = _call(parse_authenticator_data, response.authenticator_data, reason=MALFORMED)
    _check_authenticator(data, relying_party)

    def verify(_: object) -> Any:
        return verify_authentication_response(
            credential=assertion.credential,
            expected_challenge=assertion.challenge,
            expected_rp_id=relying_party.id,
            expected_origin=relying_party.origin,
            credential_public_key=public_key,
            # The library compares counters before it verifies the signature. The caller does
            # that afterwards, so that only the holder of the key can report a copy.
            credential_current_sign_count=0,
            require_user_verification=True,
        )

    verified = _call(verify, None, reason=WRONG_SIGNATURE)
    return VerifiedAssertion(verified.new_sign_count, verified.credential_backed_up)


def verify_registration(
    registration: Registration, relying_party: RelyingParty
) -> VerifiedRegistration:
    """Web Authentication §7.1, with user verification. Raises `InvalidPasskey`."""
    response = registration.credential.response
    _check_client_data(response.client_data_json, ClientDataType.WEBAUTHN_CREATE, relying_party)
    attestation = _call(parse_attestation_object, response.attestation_object, reason=MALFORMED)
    _check_authenticator(attestation.auth_data, relying_party)
    if attestation.fmt not in _FORMATS or attestation.att_stmt.x5c:
        raise InvalidPasskey(ATTESTED)

    def verify(_: object) -> Any:
        return verify_registration_response(
            credential=registration.credential,
            expected_challenge=registration.challenge,
            expected_rp_id=relying_party.id,
            expected_origin=relying_party.origin,
            require_user_verification=True,
        )

    verified = _call(verify, None, reason=UNSUITABLE)
    if (
        verified.credential_id != registration.credential.raw_id
        or len(verified.credential_id) > LONGEST_CREDENTIAL_ID
        or len(verified.credential_public_key) > _LONGEST_KEY
    ):
        raise InvalidPasskey(UNSUITABLE)
    return VerifiedRegistration(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=tuple(sorted({each.value for each in response.transports or ()})),
        aaguid=verified.aaguid,
        backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=verified.credential_backed_up,
    )


def _read(parse: Callable[[str], _T], response: Secret) -> _T:
    text = response.reveal()
    if len(text) > _LONGEST:
        raise InvalidPasskey(MALFORMED)
    return _call(parse, text, reason=MALFORMED)


def _challenge(client_data: bytes) -> bytes:
    return _call(parse_client_data_json, client_data, reason=MALFORMED).challenge


def _check_client_data(
    client_data: bytes, kind: ClientDataType, relying_party: RelyingParty
) -> None:
    found = _call(parse_client_data_json, client_data, reason=MALFORMED)
    if found.type != kind:
        raise InvalidPasskey(WRONG_TYPE)
    if found.origin != relying_party.origin:
        raise InvalidPasskey(WRONG_ORIGIN)
    if found.cross_origin:
        raise InvalidPasskey(FRAMED)


def _check_authenticator(data: AuthenticatorData, relying_party: RelyingParty) -> None:
    if data.rp_id_hash != sha256(relying_party.id.encode()).digest():
        raise InvalidPasskey(WRONG_HOST)
    if not data.flags.up:
        raise InvalidPasskey(NOT_PRESENT)
    if not data.flags.uv:
        raise InvalidPasskey(NOT_VERIFIED)


def _call(function: Callable[[Any], _T], value: Any, *, reason: str) -> _T:
    """Call a function of the library. Raises `InvalidPasskey` with this reason for any error."""
    try:
        return function(value)
    # Errors of JSON, CBOR, base64 and keys have many classes.
    except Exception:
        raise InvalidPasskey(reason) from None
