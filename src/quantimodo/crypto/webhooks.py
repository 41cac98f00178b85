"""Secrets and signatures of webhooks, as Standard Webhooks defines them (scheme `v1`)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

WEBHOOK_PURPOSE: Final = "webhook"
"""The purpose for which `crypto/envelope.py` encrypts the secrets."""
_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


def mint_webhook_secret(entropy: Entropy) -> Secret:
    """A new secret: 256 random bits."""
    return Secret(_PREFIX + b64encode(entropy.bytes(_SECRET_BYTES)).decode())


def signatures(secrets: Sequence[Secret], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature by each secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def _signature(secret: Secret, signed: bytes) -> str:
    key = b64decode(secret.reveal().removeprefix(_PREFIX))
    return b64encode(hmac.digest(key, signed, "sha256")).decode()
