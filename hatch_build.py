"""Build hook: a wheel contains the guides, which the server serves at /guides, the projects of
examples/, which the portal shows, and the compiled catalogues of translations."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "src"))

from quantimodo.pages.portal.example_projects import load_examples

LOCALES = "src/quantimodo/i18n/locales"
_UNDATED = datetime(1980, 1, 1, tzinfo=UTC)


class GuidesHook(BuildHookInterface[Any]):
    """Builds docs/ and the catalogues into the wheel. An editable install gets the guides from
    scripts/guides, and reads the examples and the sources of the catalogues in the clone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises `CalledProcessError` if the guides cannot be built."""
        if version == "editable":
            return
        # In one folder: hatchling orders what is included by its path, and a wheel that is built
        # again has to have the same bytes.
        self._made = TemporaryDirectory()
        folder = Path(self._made.name)
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
        subprocess.run(
            [*command, "--site-dir", str(folder / "guides")],
            cwd=self.root,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            check=True,
        )
        for project in load_examples(Path(self.root, "examples")):
            for path in ("example.toml", *project.paths()):
                place = folder / "examples" / project.name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                copyfile(project.folder / path, place)
        for name in ("guides", "examples"):
            build_data["force_include"][str(folder / name)] = f"quantimodo/{name}"
        for source in Path(self.root, LOCALES).glob("*/*.po"):
            compiled = folder / f"{source.parent.name}.mo"
            with source.open("rb") as po, compiled.open("wb") as mo:
                catalogue = read_po(po, locale=source.parent.name)
                # Otherwise the time of the build, to the minute.
                catalogue.creation_date = catalogue.revision_date = _UNDATED
                write_mo(mo, catalogue)
            place = f"quantimodo/i18n/locales/{source.parent.name}/{source.stem}.mo"
            build_data["force_include"][str(compiled)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete what is in the wheel now."""
        if version != "editable":
            self._made.cleanup()
