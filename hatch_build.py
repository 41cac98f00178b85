"""Build hook: a wheel contains the guides, which the server serves at /guides, the projects of
examples/, which the portal shows, and the compiled catalogues of translations."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "src"))

from quantimodo.pages.example_projects import load_examples

LOCALES = "src/quantimodo/i18n/locales"


class GuidesHook(BuildHookInterface[Any]):
    """Builds docs/ and the catalogues into the wheel. An editable install gets the guides from
    scripts/guides, and reads the examples and the sources of the catalogues in the clone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises `CalledProcessError` if the guides cannot be built."""
        if version == "editable":
            return
        self._site, self._catalogues = TemporaryDirectory(), TemporaryDirectory()
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
        subprocess.run(
            [*command, "--site-dir", self._site.name],
            cwd=self.root,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            check=True,
        )
        build_data["force_include"][self._site.name] = "quantimodo/guides"
        for project in load_examples(Path(self.root, "examples")):
            for path in ("example.toml", *project.paths()):
                place = f"quantimodo/examples/{project.name}/{path}"
                build_data["force_include"][str(project.folder / path)] = place
        for source in Path(self.root, LOCALES).glob("*/*.po"):
            compiled = Path(self._catalogues.name, f"{source.parent.name}.mo")
            with source.open("rb") as po, compiled.open("wb") as mo:
                write_mo(mo, read_po(po, locale=source.parent.name))
            place = f"quantimodo/i18n/locales/{source.parent.name}/{source.stem}.mo"
            build_data["force_include"][str(compiled)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete what is in the wheel now."""
        if version != "editable":
            self._site.cleanup()
            self._catalogues.cleanup()
