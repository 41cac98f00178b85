"""A server without the extra `quantimodo[mcp]`: it serves all else, and refuses the setting."""

import os
import subprocess
import sys
from pathlib import Path

# What is None here cannot be imported, as if it was not installed.
_COMMAND = """
import sys
sys.modules["mcp"] = sys.modules["mcp_types"] = None
from quantimodo.cli.main import app
app()
"""


def run(folder: Path, enabled: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: text for name, text in os.environ.items() if "QUANTIMODO" not in name},
        "QUANTIMODO_ISSUER": "http://127.0.0.1:8000",
        "QUANTIMODO_MCP__ENABLED": enabled,
    }
    command = [sys.executable, "-c", _COMMAND, "settings", "show"]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_setting_is_refused_and_says_what_to_install(tmp_path: Path) -> None:
    refused = run(tmp_path, "true")
    assert refused.returncode != 0
    printed = refused.stdout + refused.stderr
    assert "QUANTIMODO_MCP__ENABLED" in printed
    assert "needs the extra: pip install 'quantimodo[mcp]'" in printed
    assert "Traceback" not in printed
    served = run(tmp_path, "false")
    assert served.returncode == 0, served.stderr
    assert "mcp.enabled" in served.stdout
