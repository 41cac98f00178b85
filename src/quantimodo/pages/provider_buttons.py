"""The sign-in buttons of providers."""

from typing import Protocol


class ProviderButton(Protocol):
    """A provider. `name` is used in addresses, `title` on the button."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...
