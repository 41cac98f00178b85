"""Checks that the values which the database has encrypted can be decrypted with the secret keys."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from quantimodo.accounts.second_factors.authenticator_apps import secret_purpose
from quantimodo.app.settings.stored import SETTINGS_PURPOSE
from quantimodo.clients.public_keys import SECRET_PURPOSE
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.webhooks import WEBHOOK_PURPOSE
from quantimodo.federation.new_identities import ID_TOKENS, PROVIDER_TOKENS
from quantimodo.keys.keyring import SEAL_PURPOSE
from quantimodo.model.texts import number_of
from quantimodo.ops.mail import MAIL_PURPOSE
from quantimodo.storage.sealed_values import SealedColumn, sealed_values


class SealedKind(NamedTuple):
    """`purpose` is that for which a value is encrypted, by the key of its row; `one` and `several`
    name such values to the operator."""

    purpose: Callable[[Any], str]
    one: str
    several: str


_WEBHOOKS: Final = SealedKind(
    lambda _: WEBHOOK_PURPOSE, "secret of a webhook", "secrets of webhooks"
)
SEALED_COLUMNS: Final[Mapping[SealedColumn, SealedKind]] = {
    SealedColumn("signing_keys", "kid", "sealed_private"): SealedKind(
        lambda _: SEAL_PURPOSE, "signing key", "signing keys"
    ),
    SealedColumn("clients", "id", "sealed_secret"): SealedKind(
        lambda _: SECRET_PURPOSE, "secret of an application", "secrets of applications"
    ),
    SealedColumn("totp_factors", "user_id", "sealed_secret"): SealedKind(
        secret_purpose, "authenticator app", "authenticator apps"
    ),
    SealedColumn("identities", "id", "sealed_refresh_token"): SealedKind(
        lambda _: PROVIDER_TOKENS, "token of a provider", "tokens of providers"
    ),
    SealedColumn("provider_sessions", "sid", "sealed_id_token"): SealedKind(
        lambda _: ID_TOKENS, "ID token of a provider", "ID tokens of providers"
    ),
    SealedColumn("mails", "id", "sealed"): SealedKind(
        lambda _: MAIL_PURPOSE, "e-mail that waits", "e-mails that wait"
    ),
    SealedColumn("webhook_endpoints", "id", "sealed_secret"): _WEBHOOKS,
    SealedColumn("webhook_endpoints", "id", "sealed_previous"): _WEBHOOKS,
    SealedColumn("stored_settings", "id", "sealed_secrets"): SealedKind(
        lambda _: SETTINGS_PURPOSE, "set of provider secrets", "sets of provider secrets"
    ),
}
"""The columns of encrypted values that live long. Those that live for minutes are left out: login
states, responses to authorization requests and devices, and authenticator apps that wait for their
first code."""


async def unreadable_values(url: str, envelope: Envelope) -> list[str]:
    """One line for each kind of values that the keys do not decrypt; empty for none.

    Raises `Unavailable`.
    """
    lost: Counter[SealedKind] = Counter()
    async for value in sealed_values(url, SEALED_COLUMNS):
        kind = SEALED_COLUMNS[value.column]
        try:
            envelope.open(value.sealed, kind.purpose(value.key))
        except DecryptionFailed:
            lost[kind] += 1
    return [
        f"{number_of(count, kind.one, kind.several)} cannot be decrypted with the secret keys that"
        " are configured"
        for kind, count in lost.items()
    ]
