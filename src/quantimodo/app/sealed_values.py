"""Checks that the values which the database has encrypted can be decrypted with the secret keys."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from quantimodo.accounts.second_factors.authenticator_apps import secret_purpose
from quantimodo.app.settings.stored import SETTINGS_PURPOSE
from quantimodo.clients.public_keys import SECRET_PURPOSE
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.webhooks import WEBHOOK_PURPOSE
from quantimodo.federation.new_identities import ID_TOKENS, PROVIDER_TOKENS
from quantimodo.keys.keyring import SEAL_PURPOSE
from quantimodo.model.texts import number_of
from quantimodo.ops.mail import MAIL_PURPOSE
from quantimodo.storage.sealed_values import sealed_values

# The purpose for which each table's values are encrypted, by the key of the row.
PURPOSES: Final[Mapping[str, Callable[[Any], str]]] = {
    "signing_keys": lambda _: SEAL_PURPOSE,
    "clients": lambda _: SECRET_PURPOSE,
    "totp_factors": secret_purpose,
    "identities": lambda _: PROVIDER_TOKENS,
    "provider_sessions": lambda _: ID_TOKENS,
    "mails": lambda _: MAIL_PURPOSE,
    "webhook_endpoints": lambda _: WEBHOOK_PURPOSE,
    "stored_settings": lambda _: SETTINGS_PURPOSE,
}
_WHAT: Final = {  # one, and several
    "signing_keys": ("signing key", "signing keys"),
    "clients": ("secret of an application", "secrets of applications"),
    "totp_factors": ("authenticator app", "authenticator apps"),
    "identities": ("token of a provider", "tokens of providers"),
    "provider_sessions": ("ID token of a provider", "ID tokens of providers"),
    "mails": ("e-mail that waits", "e-mails that wait"),
    "webhook_endpoints": ("secret of a webhook", "secrets of webhooks"),
    "stored_settings": ("set of provider secrets", "sets of provider secrets"),
}


async def unreadable_values(url: str, envelope: Envelope) -> list[str]:
    """One line for each kind of values that the keys do not decrypt; empty for none.

    Raises `Unavailable`.
    """
    lost: Counter[str] = Counter()
    async for value in sealed_values(url):
        try:
            envelope.open(value.sealed, PURPOSES[value.table](value.key))
        except DecryptionFailed:
            lost[value.table] += 1
    return [
        f"{number_of(count, *_WHAT[table])} cannot be decrypted with the secret keys that are"
        " configured"
        for table, count in lost.items()
    ]
