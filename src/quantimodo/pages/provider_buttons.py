"""The ways to sign in that are not a password, as pages show them: a button for each."""

from typing import Protocol


class ProviderButton(Protocol):
    """A provider of sign-ins. `name` stands in addresses, `title` on the button."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...
