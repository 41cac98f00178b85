"""Errors of the registry. Every text is shown to the caller."""

from collections.abc import Sequence

from quantimodo.protocol.registration import Fault


class InvalidMetadata(Exception):
    """One field or several are not acceptable; `field` and `message` are the first fault's."""

    def __init__(self, field: str, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.faults = tuple(faults) or (Fault(field, message),)


class ChangedMeanwhile(Exception):
    """The client was changed or deleted since it was read; nothing was stored."""

    message = "this app was changed in the meantime: look at it again, then repeat the change"

    def __init__(self) -> None:
        super().__init__(self.message)
