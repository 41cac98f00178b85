"""What the tests of `examples/` share: a project as a developer has it after the set-up, its
process, and a person without scripts who uses it.

`set_up` registers the application as the portal's form does for the kind of the project, and writes
the files with the application's values by the code that makes the download of the portal.
"""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from quantimodo.model.client_metadata import DEFAULT_METADATA
from quantimodo.pages.portal.app_kinds import KINDS
from quantimodo.pages.portal.example_projects import (
    ExampleProject,
    ExampleValues,
    load_examples,
    moved,
)
from support.app import PASSWORD, App, form_fields
from support.live_server import Live
from support.workers import free_port

_PATIENCE = 90  # seconds
_REDIRECTS = 30
_REFRESH = re.compile(r'http-equiv="refresh" content="0(?:; url=(?P<url>[^"]+))?"')


@dataclass(frozen=True, slots=True)
class SetUp:
    """A copy of a project with its application's values. `values.redirect_uri` has a free port."""

    live: Live
    project: ExampleProject
    folder: Path
    app: App
    values: ExampleValues

    @property
    def origin(self) -> str:
        """Where the project listens: `http://127.0.0.1:PORT`, from its redirect URI."""
        parts = urlsplit(self.values.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def port(self) -> int:
        port = urlsplit(self.values.redirect_uri).port
        assert port is not None
        return port

    def variables(self, **more: str) -> dict[str, str]:
        """The environment of a terminal without settings of this test run; no browser opens."""
        kept = {name: value for name, value in os.environ.items() if "QUANTIMODO" not in name}
        return {**kept, "PYTHONUNBUFFERED": "1", "BROWSER": "true", **more}

    def log(self) -> str:
        """What the processes of this project have printed."""
        file = self.folder / "output.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    @asynccontextmanager
    async def serving(
        self, *command: str | Path, path: str = "/", **variables: str
    ) -> AsyncIterator[None]:
        """Run a server of the project: from the first response at `path` until the end of the
        block. All processes that it started are gone then."""
        with (self.folder / "output.log").open("ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder,
                env=self.variables(**variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            await self._responding(process, path)
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @asynccontextmanager
    async def running(
        self, *command: str | Path, **variables: str
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A command of the project with pipes: its output is for the test to read. It is killed
        at the end of the block if it still runs."""
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            cwd=self.folder,
            env=self.variables(**variables),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _responding(self, process: subprocess.Popen[bytes], path: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        async with httpx.AsyncClient() as client:
            while True:
                assert process.poll() is None, self.log()
                assert time.monotonic() < deadline, self.log()
                try:
                    await client.get(self.origin + path)
                    return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)


async def set_up(
    live: Live, name: str, folder: Path, *, port: int | None = None, **changes: Any
) -> SetUp:
    """The project `name` in `folder`, for an application that is registered for it. `port`: where
    it listens instead of a free port. `changes` are fields of `Registration`."""
    (project,) = (each for each in load_examples() if each.name == name)
    redirect_uri = with_port(project.redirect_uri, free_port() if port is None else port)
    kind = next(each for each in KINDS if each.name == project.kind)
    values = ExampleValues(
        issuer=live.address, client_id="", redirect_uri=redirect_uri, scopes=project.scopes
    )
    after_logout = moved(project.post_logout_redirect_uri, values)
    requested: dict[str, Any] = {
        "name": project.name,
        "redirect_uris": (redirect_uri,) if kind.redirects else (),
        "scope": frozenset(project.scopes),
        "grant_types": kind.grant_types,
        "response_types": frozenset({"code"}) if kind.redirects else frozenset(),
        "public": kind.public,
        "strict": kind.strict,
        "resource_server": kind.for_operator,
        "token_format": "jwt" if project.jwt else "opaque",
        "metadata": replace(
            DEFAULT_METADATA,
            application_type=kind.application_type,
            post_logout_redirect_uris=(after_logout,) if after_logout else (),
        ),
    }
    app = await live.app(redirect_uri, **{**requested, **changes})
    values = replace(values, client_id=app.id, secret=app.secret)
    place = folder / name
    for path, content in project.filled_files(values).items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
        if os.access(project.folder / path, os.X_OK):
            (place / path).chmod(0o755)
    return SetUp(live, project, place, app, values)


def with_port(address: str, port: int) -> str:
    """The address at another port; an address of a private scheme stays as it is."""
    parts = urlsplit(address)
    if parts.hostname is None or parts.port is None:
        return address
    return parts._replace(netloc=f"{parts.hostname}:{port}").geturl()


@dataclass(slots=True)
class ExamplePerson:
    """A person with a browser without scripts: it follows redirects, signs in, and decides.

    `decision` is what the person presses on the consent page: `allow` or `deny`.
    """

    live: Live
    email: str = "ann@example.org"
    decision: str = "allow"
    browser: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False)
    )

    async def open(self, address: str) -> httpx.Response:
        """Open the address, and do what the pages of the server ask for; the first page after
        that. It is one of the application, or one of the server without a known form."""
        return await self.follow(await self.browser.get(address))

    async def submit(
        self, page: httpx.Response, path: str, fields: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Post a form of `page` with its hidden fields, and go on as `open` does."""
        data = {**form_fields(page.text), **(fields or {})}
        return await self.follow(await self.browser.post(page.url.join(path), data=data))

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Go on from a response, as `open` does."""
        for _ in range(_REDIRECTS):
            following = await self._following(response)
            if following is None:
                return response
            response = following
        raise AssertionError(f"redirected without an end, to {response.url}")

    async def _following(self, response: httpx.Response) -> httpx.Response | None:
        if response.is_redirect:
            return await self.browser.get(response.url.join(response.headers["location"]))
        if not str(response.url).startswith(self.live.address):
            return None
        known = {
            'name="username"': ("/sign-in", {"username": self.email, "password": PASSWORD}),
            'id="allow"': ("/api/v2/oauth/authorize/decision", {"decision": self.decision}),
            'id="confirm-logout"': ("/api/v2/oauth2/logout/confirm", {}),
        }
        for mark, (path, fields) in known.items():
            if mark in response.text:
                data = {**form_fields(response.text), **fields}
                return await self.browser.post(response.url.join(path), data=data)
        refresh = _REFRESH.search(response.text)
        if refresh is None:
            return None
        return await self.browser.get(unescape(refresh["url"] or "") or str(response.url))

    async def close(self) -> None:
        await self.browser.aclose()


_numbers = count(1)


@asynccontextmanager
async def new_person(live: Live, email: str | None = None) -> AsyncIterator[ExamplePerson]:
    """Ann Example, without measurements, with this or a new address, and a new browser."""
    email = email or f"ann{next(_numbers)}@example.org"
    await live.person(email, "Ann Example")
    person = ExamplePerson(live, email)
    try:
        yield person
    finally:
        await person.close()
