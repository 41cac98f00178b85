"""Which settings a set-up file may have: sign-in providers, and what is a policy of the service.

The others belong to the machine: addresses, ports, files, keys, the database, the mail server, the
capacity of a process. They are in the settings file and in the environment alone.
"""

from typing import Final

from quantimodo.app.settings.tree import provider_of

_TABLES: Final = frozenset({"tokens", "sessions", "accounts", "dpop", "limits", "budgets"})
_ALONE: Final = frozenset(
    {
        "sign_up",
        "legacy_transport",
        "passwords.minimum_score",
        "registration.mode",
        "registration.implicit",
        "registration.unused_lifetime",
        "registration.client_id_metadata_documents",
        "registration.client_id_metadata_hosts",
    }
)


def is_policy(name: str) -> bool:
    """Whether this setting may be in the table `[policies]` of a set-up file."""
    return name in _ALONE or name.rpartition(".")[0] in _TABLES


def may_be_stored(name: str) -> bool:
    """Whether a set-up file may have this setting: a policy, or one of a provider."""
    return is_policy(name) or provider_of(name.rpartition(".")[0]) is not None
