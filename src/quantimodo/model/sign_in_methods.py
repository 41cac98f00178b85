"""The ways in which a person can sign in to their account."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class AcceptedMethods:
    """What this server accepts now: passkeys for `host`, and identities at `providers`, by their
    names in the settings."""

    host: str
    providers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SignInMethods:
    """What a person has. `password`: one with an address, because a password alone is no way in.
    `identities` have the name of their provider, `passkeys` the host that they work for."""

    password: bool = False
    identities: Mapping[int, str] = field(default_factory=dict)
    passkeys: Mapping[int, str] = field(default_factory=dict)

    def without_identity(self, identity_id: int) -> "SignInMethods":
        """What remains after this one is unlinked."""
        return replace(self, identities=_without(self.identities, identity_id))

    def without_passkey(self, passkey_id: int) -> "SignInMethods":
        """What remains after this one is removed."""
        return replace(self, passkeys=_without(self.passkeys, passkey_id))

    def sign_in_at(self, accepted: AcceptedMethods) -> bool:
        """Whether one of them signs in at this server."""
        return (
            self.password
            or any(name in accepted.providers for name in self.identities.values())
            or self.has_passkey_for(accepted.host)
        )

    @property
    def is_empty(self) -> bool:
        """Whether the person has none, accepted at this server or not."""
        return not (self.password or self.identities or self.passkeys)

    def has_passkey_for(self, host: str) -> bool:
        """Whether a passkey works for this host."""
        return host in self.passkeys.values()


def _without(methods: Mapping[int, str], method_id: int) -> Mapping[int, str]:
    return {each: value for each, value in methods.items() if each != method_id}
