"""Options of a command that belong together, as one value."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import wraps
from typing import Any


def option_group(
    group: type[Any], parameter: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace `parameter` of a command by an option for each field of the dataclass `group`.

    A field is annotated as a parameter of a command is. One without a default is required.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        own = [each for each in signature.parameters.values() if each.name != parameter]
        options = [_option(field) for field in fields(group)]
        ordered = sorted((*options, *own), key=lambda each: each.default is not each.empty)

        @wraps(command)
        def run(**given: Any) -> None:
            value = group(**{option.name: given.pop(option.name) for option in options})
            command(**{parameter: value}, **given)

        run.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in ordered}
        return run

    return decorate


def _option(field: Field[Any]) -> inspect.Parameter:
    return inspect.Parameter(
        field.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=inspect.Parameter.empty if field.default is MISSING else field.default,
        annotation=field.type,
    )
