"""A secret in the clear, as it is sent or received. Never stored, never printed."""

from typing import final


@final
class Secret:
    """A raw secret whose `repr` and `str` show nothing; only `reveal()` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The raw value; keep it out of logs, errors and addresses."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")
