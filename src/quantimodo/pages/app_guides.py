"""The tab *Guides*: the projects of `examples/` with the values of an application filled in, as
pages and as ZIP files. A client secret is never in them: the server has only its digest."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.http.errors import NotFound
from quantimodo.pages.app_kinds import kind_named, kind_of
from quantimodo.pages.app_pages import APP, AppPages, OpenedApp, app_path
from quantimodo.pages.example_fit import missing, needs_secret, values_for
from quantimodo.pages.example_projects import (
    ExampleProject,
    ExampleValues,
    file_anchor,
    load_examples,
)
from quantimodo.pages.guide_text import guide_parts
from quantimodo.pages.layout import NO_STORE
from quantimodo.pages.page_context import Endpoint

# The first time that a ZIP file can have: the same values make the same file.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE, _PROGRAM_MODE = 0o100644 << 16, 0o100755 << 16


class AppGuides:
    """Pages of the projects; `issuer` is the public address of this server."""

    def __init__(self, app_pages: AppPages, issuer: str) -> None:
        self._app_pages = app_pages
        self._issuer = issuer

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), f"{APP}/guides", self.show),
            (("GET",), f"{APP}/guides/{{name}}", self.show_one),
            (("GET",), f"{APP}/guides/{{name}}/project.zip", self.download),
        ]

    @cached_property
    def _projects(self) -> Mapping[str, ExampleProject]:
        """By name. Read once, by the first request, so that no start of a worker waits for it."""
        return {project.name: project for project in load_examples()}

    async def show(self, request: Request) -> Response:
        """GET APP/guides: the projects, first those for the kind of the application."""
        opened = await self._app_pages.opened(request)
        kind = kind_of(opened.client)
        fitting = [each for each in self._projects.values() if each.kind == kind]
        others = [
            (each, kind_named(each.kind)) for each in self._projects.values() if each.kind != kind
        ]
        return await self._app_pages.show(
            opened, "guides", "developers_guides.html", fitting=fitting, others=others
        )

    async def show_one(self, request: Request) -> Response:
        """GET APP/guides/NAME: the guide and the files with the values of the application."""
        opened = await self._app_pages.opened(request)
        project, values = self._found(request, opened)
        text = project.filled(project.text("README.md"), values)
        return await self._app_pages.show(
            opened,
            "guides",
            "developers_guide.html",
            project=project,
            kind=kind_named(project.kind),
            values=values,
            secret_needed=needs_secret(project),
            missing=missing(project, opened.client, values),
            parts=guide_parts(project, text, f"{app_path(opened.client)}/guides"),
            files=[
                (file_anchor(path), path, project.filled(project.text(path), values).rstrip("\n"))
                for path in project.files
            ],
        )

    async def download(self, request: Request) -> Response:
        """GET APP/guides/NAME/project.zip: all files of the project, in a folder of its name."""
        opened = await self._app_pages.opened(request)
        project, values = self._found(request, opened)
        headers = {**NO_STORE, "content-disposition": f'attachment; filename="{project.name}.zip"'}
        return Response(_packed(project, values), media_type="application/zip", headers=headers)

    def _found(self, request: Request, opened: OpenedApp) -> tuple[ExampleProject, ExampleValues]:
        project = self._projects.get(request.path_params["name"])
        if project is None:
            raise NotFound
        return project, values_for(project, opened.client, self._issuer)


def _packed(project: ExampleProject, values: ExampleValues) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(project.filled_files(values).items()):
            entry = zipfile.ZipInfo(f"{project.name}/{path}", _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _PROGRAM_MODE if content.startswith(b"#!") else _FILE_MODE
            archive.writestr(entry, content)
    return packed.getvalue()
