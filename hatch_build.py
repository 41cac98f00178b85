"""Build hook: a wheel contains the guides, which the server serves at /guides."""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GuidesHook(BuildHookInterface[Any]):
    """Builds docs/ into the wheel. An editable install gets the guides from scripts/guides."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises `CalledProcessError` if the guides cannot be built."""
        if version == "editable":
            return
        self._site = TemporaryDirectory()
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
        subprocess.run(
            [*command, "--site-dir", self._site.name],
            cwd=self.root,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            check=True,
        )
        build_data["force_include"][self._site.name] = "quantimodo/guides"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the site, which is in the wheel now."""
        if version != "editable":
            self._site.cleanup()
