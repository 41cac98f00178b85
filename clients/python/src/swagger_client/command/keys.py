"""Makes the key of a personal token (RFC 9449)."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path

from swagger_client.command.environment import CliEnvironment
from swagger_client.session.dpop import new_key, thumbprint


def make_key(options: Namespace, env: CliEnvironment) -> None:
    """Write a new private key to a file of mode 0600, and print the thumbprint to enter in the
    account. Raises `FileExistsError`, and `ImportError` without the extra `dpop`."""
    key = new_key()
    path = Path(options.file).expanduser()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{key}\n")
    found = thumbprint(key)
    env.print_result(json.dumps({"thumbprint": found}) if options.json else found)
