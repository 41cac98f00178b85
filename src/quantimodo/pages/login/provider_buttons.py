"""The sign-in buttons of providers."""

from typing import Protocol


class ProviderButton(Protocol):
    """A provider. `name` is used in addresses, `title` on the button."""

    @property
    def name(self) -> str:
        """The name in the settings and in addresses."""

    @property
    def title(self) -> str:
        """The name that people read."""
