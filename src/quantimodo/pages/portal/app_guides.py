"""The tab *Guides*: the projects of `examples/` with the values of an application filled in, as
pages and as ZIP files. A client secret is never in them: the server has only its digest."""

import asyncio
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.http.errors import NotFound
from quantimodo.model.clients import Client
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_kinds import kind_named, kind_of
from quantimodo.pages.portal.app_pages import APP, AppPages, OpenedApp, app_path
from quantimodo.pages.portal.example_projects import (
    ExampleProject,
    ExampleValues,
    file_anchor,
    load_examples,
)
from quantimodo.pages.portal.example_requirements import missing, needs_secret, values_for
from quantimodo.pages.portal.guide_text import guide_parts
from quantimodo.pages.renderer import NO_STORE

# The first time that a ZIP file can have: the same values make the same file.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE, _PROGRAM_MODE = 0o100644 << 16, 0o100755 << 16


class AppGuides:
    """Pages of the projects; `issuer` is the public address of this server. `load` reads the
    projects. Threads read the files, so that other requests do not wait for a disk."""

    def __init__(
        self,
        app_pages: AppPages,
        issuer: str,
        load: Callable[[], Sequence[ExampleProject]] = load_examples,
    ) -> None:
        self._app_pages = app_pages
        self._issuer = issuer
        self._load = load
        self._loaded: Mapping[str, ExampleProject] = {}

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), f"{APP}/guides", self.show),
            (("GET",), f"{APP}/guides/{{name}}", self.show_one),
            (("GET",), f"{APP}/guides/{{name}}/project.zip", self.download),
        ]

    async def _projects(self) -> Mapping[str, ExampleProject]:
        """The projects by name. They are read once, by the first request, so that the start of a
        worker does not wait for it."""
        if not self._loaded:
            loaded = await asyncio.to_thread(self._load)
            self._loaded = {project.name: project for project in loaded}
        return self._loaded

    async def show(self, request: Request) -> Response:
        """GET APP/guides: the projects, first those for the kind of the application."""
        opened = await self._app_pages.opened(request)
        kind, projects = kind_of(opened.client), (await self._projects()).values()
        fitting = [each for each in projects if each.kind == kind]
        others = [(each, kind_named(each.kind)) for each in projects if each.kind != kind]
        return await self._app_pages.show(
            opened, "guides", "developers_guides.html", fitting=fitting, others=others
        )

    async def show_one(self, request: Request) -> Response:
        """GET APP/guides/NAME: the guide and the files with the values of the application."""
        opened = await self._app_pages.opened(request)
        project, values = await self._found(request, opened)
        guide = await asyncio.to_thread(_guide, project, values, opened.client)
        return await self._app_pages.show(
            opened,
            "guides",
            "developers_guide.html",
            project=project,
            kind=kind_named(project.kind),
            values=values,
            **guide,
        )

    async def download(self, request: Request) -> Response:
        """GET APP/guides/NAME/project.zip: all files of the project, in a folder of its name."""
        opened = await self._app_pages.opened(request)
        project, values = await self._found(request, opened)
        packed = await asyncio.to_thread(_packed, project, values)
        headers = {**NO_STORE, "content-disposition": f'attachment; filename="{project.name}.zip"'}
        return Response(packed, media_type="application/zip", headers=headers)

    async def _found(
        self, request: Request, opened: OpenedApp
    ) -> tuple[ExampleProject, ExampleValues]:
        project = (await self._projects()).get(request.path_params["name"])
        if project is None:
            raise NotFound
        return project, values_for(project, opened.client, self._issuer)


def _guide(project: ExampleProject, values: ExampleValues, client: Client) -> dict[str, Any]:
    """What the page of a project shows of its files."""
    text = project.filled(project.text("README.md"), values)
    return {
        "secret_needed": needs_secret(project),
        "missing": missing(project, client, values),
        "parts": guide_parts(project, text, f"{app_path(client)}/guides"),
        "files": [
            (file_anchor(path), path, project.filled(project.text(path), values).rstrip("\n"))
            for path in project.files
        ],
    }


def _packed(project: ExampleProject, values: ExampleValues) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(project.filled_files(values).items()):
            entry = zipfile.ZipInfo(f"{project.name}/{path}", _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _PROGRAM_MODE if content.startswith(b"#!") else _FILE_MODE
            archive.writestr(entry, content)
    return packed.getvalue()
