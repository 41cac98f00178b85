"""Browsers send the cookies of a host to all of its ports (RFC 6265 §8.5): a developer of an app
with Flask or Starlette on 127.0.0.1, beside this server, has both sessions in one browser."""

import asyncio
from collections.abc import AsyncIterator
from threading import Thread
from typing import Any

import flask
import httpx
import pytest
import pytest_asyncio
from authlib.integrations.flask_client import OAuth as FlaskOAuth
from authlib.integrations.starlette_client import OAuth as StarletteOAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from werkzeug.serving import make_server

from support.app import PASSWORD, App, form_fields
from support.live_server import Live, open_live
from support.page_site import listening
from support.workers import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "a fake key of the application"
SCOPE = "openid profile email"


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """One jar for all ports of 127.0.0.1."""
    async with httpx.AsyncClient(timeout=60, follow_redirects=True) as client:
        yield client


async def sign_in_to(app: str, site: Live, browser: httpx.AsyncClient, email: str) -> None:
    """From the app's login to its callback, by what the pages between them show."""
    page = await browser.get(f"{app}/login")
    assert "/sign-in" in str(page.url), page.text
    fields = {**form_fields(page.text), "username": email, "password": PASSWORD}
    consent = await browser.post(f"{site.address}/sign-in", data=fields)
    fields = {**form_fields(consent.text), "decision": "allow"}
    response = await browser.post(f"{site.address}/api/v2/oauth/authorize/decision", data=fields)
    assert response.status_code == 200, response.text
    assert response.json() == {"email": email}


async def check_both(app: str, site: Live, browser: httpx.AsyncClient, email: str) -> None:
    """The person is signed in at both, whichever was used last."""
    for _ in range(2):
        assert (await browser.get(f"{app}/me")).json() == {"email": email}
        assert email in (await browser.get(f"{site.address}/account/security")).text


async def test_a_flask_app_with_its_default_session(site: Live, browser: httpx.AsyncClient) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    registered = await site.app(f"{address}/callback")
    person = await site.person("flask@example.org", "Ann Example")
    assert person.email is not None
    server = make_server("127.0.0.1", port, flask_app(site.address, registered))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        await sign_in_to(address, site, browser, person.email)
        await check_both(address, site, browser, person.email)
        assert "session" in browser.cookies, "Flask's default name"
    finally:
        await asyncio.to_thread(server.shutdown)
        thread.join()
        server.server_close()


async def test_a_starlette_app_with_its_default_session(
    site: Live, browser: httpx.AsyncClient
) -> None:
    port = free_port()
    registered = await site.app(f"http://127.0.0.1:{port}/callback")
    person = await site.person("starlette@example.org", "Ann Example")
    assert person.email is not None
    async with listening(starlette_app(site.address, registered), port) as address:
        await sign_in_to(address, site, browser, person.email)
        await check_both(address, site, browser, person.email)
        assert "session" in browser.cookies, "Starlette's default name"


async def test_a_second_server_on_another_port(
    site: Live, browser: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with open_live(tmp_path_factory.mktemp("second")) as second:
        for server, email in ((site, "one@example.org"), (second, "two@example.org")):
            await server.person(email, "Ann Example")
            page = await browser.get(f"{server.address}/sign-in")
            fields = {**form_fields(page.text), "username": email, "password": PASSWORD}
            await browser.post(f"{server.address}/sign-in", data=fields)
        for server, email in ((site, "one@example.org"), (second, "two@example.org")):
            assert email in (await browser.get(f"{server.address}/account/security")).text


def options(issuer: str, app: App) -> dict[str, Any]:
    return {
        "client_id": app.id,
        "client_secret": app.secret,
        "server_metadata_url": f"{issuer}/.well-known/openid-configuration",
        "client_kwargs": {"scope": SCOPE, "code_challenge_method": "S256"},
    }


def flask_app(issuer: str, registered: App) -> flask.Flask:
    app = flask.Flask("mood_tracker")
    app.secret_key = KEY
    oauth = FlaskOAuth(app)
    remote = oauth.register("quantimodo", **options(issuer, registered))

    @app.get("/login")
    def login() -> Any:
        return remote.authorize_redirect(flask.url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> Any:
        token = remote.authorize_access_token()
        flask.session["email"] = remote.userinfo(token=token)["email"]
        return flask.redirect("/me")

    @app.get("/me")
    def me() -> Any:
        return {"email": flask.session.get("email")}

    return app


def starlette_app(issuer: str, registered: App) -> Starlette:
    oauth = StarletteOAuth()
    remote = oauth.register("quantimodo", **options(issuer, registered))

    async def login(request: Request) -> Response:
        found: Response = await remote.authorize_redirect(request, request.url_for("callback"))
        return found

    async def callback(request: Request) -> Response:
        token = await remote.authorize_access_token(request)
        request.session["email"] = (await remote.userinfo(token=token))["email"]
        return await me(request)

    async def me(request: Request) -> Response:
        return JSONResponse({"email": request.session.get("email")})

    return Starlette(
        routes=[Route("/login", login), Route("/callback", callback), Route("/me", me)],
        middleware=[Middleware(SessionMiddleware, secret_key=KEY)],
    )
