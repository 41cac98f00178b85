"""A hook of schemathesis: every other generated credential becomes a real one, so that requests get
past authentication. `LIFELIKE` in the environment has the real ones, by parameter."""

import json
import os
from typing import Any

import schemathesis

_REAL: dict[str, str | None] = json.loads(os.environ["LIFELIKE"])


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    case.query = _lifelike(case.query)
    case.body = _lifelike(case.body)


def _lifelike(parameters: Any) -> Any:
    """With None as the real one a parameter is left out."""
    if not isinstance(parameters, dict) or len(json.dumps(parameters, default=repr)) % 2:
        return parameters
    real = {name: _REAL.get(name, value) for name, value in parameters.items()}
    return {name: value for name, value in real.items() if value is not None}
