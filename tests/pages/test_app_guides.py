"""The tab Guides: the projects of examples/ with the values of an application filled in."""

import io
import re
import threading
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.model.client_metadata import DEFAULT_METADATA
from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.portal.app_guides import AppGuides
from quantimodo.pages.portal.app_kinds import KINDS, kind_of
from quantimodo.pages.portal.app_pages import OpenedApp
from quantimodo.pages.portal.example_projects import (
    CLIENT_ID,
    ISSUER,
    ExampleProject,
    guide_address,
    load_examples,
)
from quantimodo.pages.portal.example_requirements import missing, values_for
from quantimodo.pages.portal.guide_text import guide_parts
from quantimodo.pages.portal.snippets import first_requests
from quantimodo.protocol.grant_types import DEVICE_CODE
from support.account_services import PASSWORD, AccountServices
from support.page_site import Site, Visitor

PROJECTS = load_examples()
TERMINAL = next(each for each in PROJECTS if each.name == "python-requests")
WEB = next(each for each in PROJECTS if each.kind == "web")

FIRST_REQUESTS = {
    "web": ["authorize-url", "token-call"],
    "device": ["device-call", "token-call"],
    "service": ["token-call"],
    "resource": ["token-call"],
}
"""The names of the first requests of a kind; of those with redirects as of the first one."""


def registration(project: ExampleProject) -> dict[str, object]:
    """An application that has all that the project needs."""
    kind = next(each for each in KINDS if each.name == project.kind)
    after = project.post_logout_redirect_uri
    return {
        "redirect_uris": (project.redirect_uri,) if kind.redirects else (),
        "scope": frozenset(project.scopes),
        "grant_types": kind.grant_types,
        "response_types": frozenset({"code"}) if kind.redirects else frozenset(),
        "public": kind.public,
        "resource_server": kind.for_operator,
        "token_format": "jwt" if project.jwt else "opaque",
        "metadata": replace(
            DEFAULT_METADATA,
            application_type=kind.application_type,
            post_logout_redirect_uris=(after,) if after else (),
        ),
    }


def an_app(project: ExampleProject, **changes: object) -> Client:
    now = "2026-11-23"
    fields = {**registration(project), **changes}
    return Client(id="app-1", name="Mood", created_at=now, **fields)  # type: ignore[arg-type]


async def test_the_list_begins_with_the_kind_of_the_application(
    site: Site, user: User, ann: Visitor
) -> None:
    app = await site.register(user, **registration(TERMINAL))
    page = (await ann.get(f"/developers/apps/{app.id}/guides")).text
    fitting, _, others = page.partition('id="others"')
    assert f"/guides/{TERMINAL.name}" in fitting
    assert f"/guides/{WEB.name}" in others
    assert 'lang="en" dir="ltr"' in fitting
    assert all(f'/guides/{each.name}"' in page for each in PROJECTS)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda each: each.name)
async def test_a_guide_has_the_values_of_the_application_and_no_placeholder(
    site: Site, user: User, ann: Visitor, project: ExampleProject
) -> None:
    for_all = project.kind == "resource"
    app = await site.register(None if for_all else user, **registration(project))
    if for_all:
        owned = replace(app, owner_id=user.id)
        assert await site.services.stores.clients.replace_client(owned)
    path = f"/developers/apps/{app.id}/guides/{project.name}"
    response = await ann.get(path)
    assert response.status_code == 200
    assert len(response.content) < 60_000
    page = response.text
    assert ISSUER not in page
    assert CLIENT_ID not in page
    assert site.pages.issuer in page
    assert app.id in page
    assert "has all that the project needs" in page
    assert page.count("<h1") == 1
    assert ">Common faults</h2>" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    labels = re.findall(r' id="(?:text|file)-[^"]*-name">(.*?)</p>', page)
    assert len(labels) == len(set(labels)) > len(project.files)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    sources = sum(len(project.text(name)) for name in project.files)
    assert len(page) > sources


async def test_a_lack_of_the_registration_leads_to_its_field(
    site: Site, user: User, ann: Visitor
) -> None:
    elsewhere = ("https://app.example.org/elsewhere",)
    app = await site.register(user, redirect_uris=elsewhere, scope=frozenset({"openid"}))
    path = f"/developers/apps/{app.id}"
    page = (await ann.get(f"{path}/guides/{WEB.name}")).text
    lacks = page.partition('id="missing"')[2].partition("</section>")[0]
    assert WEB.redirect_uri in lacks
    assert "<bdi>offline_access</bdi>" in lacks
    assert WEB.post_logout_redirect_uri in lacks
    addresses = set(re.findall(r'href="([^"]+)"', lacks))
    assert len(addresses) >= 3
    for address in addresses:
        target, _, anchor = address.partition("#")
        assert f'id="{anchor}"' in (await ann.get(target)).text, address


async def test_a_project_for_another_kind_leads_to_a_new_application(
    site: Site, user: User, ann: Visitor
) -> None:
    app = await site.register(user)
    page = (await ann.get(f"/developers/apps/{app.id}/guides/{TERMINAL.name}")).text
    assert "no place for a client secret" in page
    assert 'href="/developers/new"' in page
    public = await site.register(user, public=True)
    page = (await ann.get(f"/developers/apps/{public.id}/guides/{WEB.name}")).text
    assert "It needs a client secret" in page


async def test_the_download_is_the_project_without_a_secret(
    site: Site, user: User, ann: Visitor
) -> None:
    app = await site.register(user, **registration(WEB))
    address = f"/developers/apps/{app.id}/guides/{WEB.name}/project.zip"
    response = await ann.get(address)
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == f'attachment; filename="{WEB.name}.zip"'
    assert response.headers["cache-control"] == "no-store"
    assert (await ann.get(address)).content == response.content
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    expected = {f"{WEB.name}/{path}" for path in (*WEB.paths(), ".env")}
    assert set(files) == expected
    settings = files[f"{WEB.name}/.env"]
    assert f"QUANTIMODO_CLIENT_ID={app.id}\n" in settings
    assert f"QUANTIMODO_ISSUER={site.pages.issuer}\n" in settings
    assert "QUANTIMODO_CLIENT_SECRET=your-client-secret\n" in settings
    assert f"]({site.pages.issuer}/guides/developer/errors/#" in files[f"{WEB.name}/README.md"]
    assert not any("qms_" in text or ISSUER in text for text in files.values())


async def test_only_the_team_of_the_application_sees_its_guides(
    site: Site, services: AccountServices, user: User, ann: Visitor
) -> None:
    app = await site.register(user)
    below = f"/developers/apps/{app.id}/guides"
    paths = (below, f"{below}/{WEB.name}", f"{below}/{WEB.name}/project.zip")
    bob = await services.member("bob@example.org")
    async with site.visitor() as other:
        for path in paths:
            assert (await other.get(path)).status_code == 303
        await other.sign_in("bob@example.org", PASSWORD)
        for path in paths:
            assert (await other.get(path)).status_code == 404
        now = services.clock.now()
        await services.stores.teams.set_member(app.id, bob.id, "developer", now)
        for path in paths:
            assert (await other.get(path)).status_code == 200
    for name in ("nothing", "python-requests%2fREADME.md"):
        assert (await ann.get(f"{below}/{name}")).status_code == 404
        assert (await ann.get(f"{below}/{name}/project.zip")).status_code == 404


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.name)
def test_each_kind_of_the_form_is_recognised(kind: object) -> None:
    name = kind.name  # type: ignore[attr-defined]
    shapes: dict[str, dict[str, object]] = {
        "device": {"grant_types": frozenset({DEVICE_CODE})},
        "service": {"grant_types": frozenset({"client_credentials"})},
        "resource": {"resource_server": True},
    }
    web = {"redirect_uris": ("https://a.example.org/cb",), "response_types": frozenset({"code"})}
    fields = shapes.get(name, web)
    bare = {"redirect_uris": (), "response_types": frozenset(), **fields}
    metadata = replace(DEFAULT_METADATA, application_type="native" if name == "native" else "web")
    public = name in ("browser", "native", "device")
    client = an_app(WEB, **bare, public=public, metadata=metadata)
    assert kind_of(client) == name
    steps = first_requests("https://id.example.org", client)
    assert [step.name for step in steps] == FIRST_REQUESTS.get(name, FIRST_REQUESTS["web"])
    for step in steps:
        assert "app-1" in step.text, "the client is filled in"
        assert "SCOPE" not in step.text, "and its scope"


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ((), None),
        (("https://app.example.org/elsewhere",), None),
        (("https://app.example.org{path}",), "https://app.example.org{path}"),
        (
            ("https://app.example.org{path}", "http://localhost:5000{path}"),
            "http://localhost:5000{path}",
        ),
        (("https://app.example.org{path}", "{own}"), "{own}"),
        # Such values would be code in a shell or in a file.
        (("https://app.example.org:$(id){path}",), None),
        (("https://app.example.org'+x+'{path}",), None),
        (("https://app.example.org{path}?a=$(id)",), None),
    ],
)
def test_the_redirect_uri_is_a_registered_one_of_the_same_path(
    registered: tuple[str, ...], expected: str | None
) -> None:
    own = WEB.redirect_uri
    path = "/" + own.partition("://")[2].partition("/")[2]
    uris = tuple(uri.format(path=path, own=own) for uri in registered)
    values = values_for(WEB, an_app(WEB, redirect_uris=uris), "https://id.example.org")
    assert values.redirect_uri == (expected or "{own}").format(path=path, own=own)


def test_an_id_that_is_not_plain_is_not_filled_in() -> None:
    odd = replace(an_app(WEB), id="x'; rm -rf /")
    assert values_for(WEB, odd, "https://id.example.org").client_id == CLIENT_ID


def test_each_lack_of_a_registration_is_found() -> None:
    bare = an_app(
        WEB,
        redirect_uris=(),
        scope=frozenset(),
        grant_types=frozenset({"authorization_code"}),
        metadata=DEFAULT_METADATA,
    )
    wanted = replace(WEB, jwt=True)
    found = missing(wanted, bare, values_for(wanted, bare, ISSUER))
    values = [each.value for each in found]
    assert values == [
        WEB.redirect_uri,
        "refresh_token",
        *WEB.scopes,
        WEB.post_logout_redirect_uri,
        "--token-format jwt",
    ]
    assert all(each.address and each.label for each in found[:-1])
    assert missing(WEB, an_app(WEB), values_for(WEB, an_app(WEB), ISSUER)) == []


def test_a_guide_has_no_html_of_its_text_and_no_foreign_link() -> None:
    text = (
        "# Title\n\nBefore <script>alert(1)</script>\n\n## One\n\n[a](javascript:alert(1))"
        " [b](https://elsewhere.example.org/) [c](../../docs/developer/errors.md#every-refusal)"
        f" [d]({TERMINAL.files[0]}) [e](../flask/README.md) [f](../../../etc/passwd)"
        " <img src=x onerror=y>\n\n```sh\nls <b>\n```\n\n| a | b |\n| - | - |\n| `1` | 2 |\n"
    )
    first, second = guide_parts(TERMINAL, text, "/developers/apps/x/guides")
    assert (first.title, second.title) == ("", "One")
    html = "".join(str(piece.prose) for part in (first, second) for piece in part.pieces)
    assert "<script" not in html
    assert "<img" not in html
    assert re.findall(r'href="([^"]*)"', html) == [
        "/guides/developer/errors/#every-refusal",
        f"#file-{TERMINAL.files[0].replace('.', '-')}",
        "/developers/apps/x/guides/flask",
    ]
    assert [piece.listing for piece in second.pieces if piece.listing] == ["ls <b>"]
    assert "<table>" in html


def test_links_of_a_guide_become_addresses() -> None:
    assert guide_address("../../docs/developer/index.md", "/x") == "/guides/developer/"
    assert guide_address("../../docs/index.md", "/x") == "/guides/"
    assert guide_address("https://id.example.org/", "/x") == ""


class Watched(type(Path())):  # type: ignore[misc]
    """A folder that records the threads in which its files are opened."""

    threads: ClassVar[list[int]] = []

    def open(self, *arguments: Any, **options: Any) -> Any:
        self.threads.append(threading.get_ident())
        return super().open(*arguments, **options)


@dataclass
class FakeAppPages:
    """Opens one application, and makes no page of what it should show."""

    client: Client
    shown: list[dict[str, Any]] = field(default_factory=list)

    async def opened(self, request: Request) -> OpenedApp:
        return OpenedApp(request, None, self.client, "owner")  # type: ignore[arg-type]

    async def show(self, opened: OpenedApp, tab: str, template: str, **context: Any) -> Response:
        self.shown.append(context)
        return Response()


async def test_no_file_is_read_in_the_thread_of_the_event_loop() -> None:
    """Other requests do not wait for a disk."""
    pages = FakeAppPages(an_app(WEB))
    loaders: list[int] = []

    def load() -> list[ExampleProject]:
        loaders.append(threading.get_ident())
        return [replace(WEB, folder=Watched(WEB.folder))]

    guides = AppGuides(pages, "https://id.example.org", load)  # type: ignore[arg-type]
    scope = {"type": "http", "path_params": {"name": WEB.name}}
    Watched.threads.clear()
    for _ in range(2):
        await guides.show(Request(scope))
        await guides.show_one(Request(scope))
        packed = await guides.download(Request(scope))
    assert len(loaders) == 1
    assert len(pages.shown[1]["files"]) == len(WEB.files)
    assert "README.md" in "".join(zipfile.ZipFile(io.BytesIO(bytes(packed.body))).namelist())
    assert len(Watched.threads) > len(WEB.files)
    assert threading.get_ident() not in {*loaders, *Watched.threads}
