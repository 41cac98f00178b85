"""The options that pages hand to `navigator.credentials`, as JSON (Web Authentication §5.4, §5.5).

Pure. Binary values are base64url, as in `PublicKeyCredential.parseCreationOptionsFromJSON`.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from quantimodo.accounts.passkeys.challenges import LIFETIME
from quantimodo.crypto.jwt import base64url
from quantimodo.crypto.passkeys import ALGORITHMS, RelyingParty
from quantimodo.model.passkeys import Passkey
from quantimodo.model.users import User

_TIMEOUT: Final = int(LIFETIME.total_seconds() * 1000)


def creation_options(
    relying_party: RelyingParty,
    service: str,
    user: User,
    challenge: bytes,
    existing: Sequence[Passkey],
) -> str:
    """The options for a new passkey of this person. `existing`: those that an authenticator must
    not replace.

    The handle of the person is their public subject. Applications with pairwise subjects do not see
    it.
    """
    return _json(
        {
            "rp": {"id": relying_party.id, "name": service},
            "user": {
                "id": _text(user.subject.encode()),
                "name": user.sign_in_name,
                "displayName": user.name,
            },
            "challenge": _text(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in ALGORITHMS],
            "timeout": _TIMEOUT,
            "excludeCredentials": [_descriptor(each) for each in existing],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        }
    )


def request_options(
    relying_party: RelyingParty, challenge: bytes, allowed: Sequence[Passkey] = ()
) -> str:
    """The options for a sign-in by one of these passkeys, or without any by a discoverable one."""
    return _json(
        {
            "challenge": _text(challenge),
            "rpId": relying_party.id,
            "timeout": _TIMEOUT,
            "userVerification": "required",
            "allowCredentials": [_descriptor(each) for each in allowed],
        }
    )


def _descriptor(passkey: Passkey) -> dict[str, Any]:
    transports = list(passkey.transports)
    return {"type": "public-key", "id": _text(passkey.credential_id), "transports": transports}


def _json(options: dict[str, Any]) -> str:
    return msgspec.json.encode(options).decode()


def _text(data: bytes) -> str:
    return base64url(data).decode()
