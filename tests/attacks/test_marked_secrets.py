"""security.md §16: flows with known secrets, and then a look at everything that was written: the
log, standard output, the database's files. None of the secrets may be in any of it."""

import logging
from base64 import b64encode
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
import structlog
from structlog.tracebacks import ExceptionDictTransformer

from support.app import (
    AUTHORIZE,
    CALLBACK,
    INTROSPECT,
    ME,
    PASSWORD,
    REVOKE,
    SESSION,
    TOKEN,
    USERINFO,
    VERIFIER,
    App,
    AppHarness,
    form_fields,
    response_of,
)

MARK = "m4rked-secret-of-no-person"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Every line of the log, as the server writes it, but for the file that it goes to."""
    found: list[str] = []

    class Lines:
        def msg(self, message: str) -> None:
            found.append(message)

        log = debug = info = warning = error = critical = exception = fatal = msg

    before = structlog.get_config()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=lambda *_: Lines(),
        cache_logger_on_first_use=False,
    )
    yield found
    structlog.configure(**before)


class Marked:
    """The secrets of a flow, collected as they come up."""

    def __init__(self) -> None:
        self.texts: set[str] = set()

    def add(self, *texts: str | None) -> None:
        self.texts |= {text for text in texts if text}

    def spellings(self) -> Iterator[bytes]:
        for text in self.texts:
            raw = text.encode()
            yield from (raw, quote(text, safe="").encode(), quote_plus(text).encode())
            yield from (raw.hex().encode(), b64encode(raw).rstrip(b"="), repr(text)[1:-1].encode())

    def in_(self, written: bytes) -> list[bytes]:
        return [spelled for spelled in self.spellings() if spelled in written]


async def succeed(harness: AppHarness, marked: Marked, app: App) -> None:
    """The whole main flow, with its secrets in every place where they may travel."""
    browser = harness.browser()
    secret = app.secret or ""
    sent = await harness.ask(browser, app, client_secret=secret, scope="basic openid")
    back = await harness.sign_in(browser, address=sent.headers["location"])
    page = await browser.get(back)
    marked.add(secret, *(cookie.value for cookie in browser.cookies.jar))
    marked.add(form_fields(page.text)["csrf"], form_fields(page.text)["request"])
    code = response_of(await harness.decide(browser, page)).code
    query = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": secret,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    tokens = (await harness.browser().get(TOKEN, params=query)).json()
    marked.add(code, VERIFIER, *_tokens(tokens))
    for path in (ME, USERINFO):
        query = {"access_token": tokens["access_token"]}
        assert (await harness.browser().get(path, params=query)).status_code == 200
    second = (await harness.refresh(app, tokens["refresh_token"])).json()
    third = (
        await harness.token(app, grant_type="refresh_token", code=second["refresh_token"])
    ).json()
    own = (await harness.token(app, grant_type="client_credentials")).json()
    marked.add(*_tokens(second), *_tokens(third), *_tokens(own))
    await harness.introspect(app, third["access_token"])
    await harness.introspect(app, third["refresh_token"])
    await harness.revoke(app, own["access_token"])
    await harness.redeem(app, code)
    harness.advance(minutes=1)
    await harness.refresh(app, tokens["refresh_token"])
    await harness.revoke(app, third["refresh_token"])


def _tokens(response: dict[str, Any]) -> list[str]:
    return [str(response[name]) for name in response if name.endswith("_token")]


async def fail(harness: AppHarness, app: App) -> None:
    """Every refusal that has a secret in its request."""
    browser = harness.browser()
    bad = {"client_id": app.id, "client_secret": MARK}
    everywhere = {
        **bad,
        "code": MARK,
        "token": MARK,
        "access_token": MARK,
        "accessToken": MARK,
        "refresh_token": MARK,
        "code_verifier": MARK,
        "password": MARK,
        "grant_type": MARK,
        "scope": MARK,
        "state": "s",
        "unknown": MARK,
    }
    for path in (TOKEN, REVOKE, INTROSPECT, USERINFO, ME, AUTHORIZE, "/sign-in", "/nowhere"):
        await browser.get(path, params=everywhere)
        await browser.post(path, data=everywhere)
        await browser.post(path, json=everywhere)
        await browser.post(path, content=MARK * 4000)
        await browser.get(path, headers={"authorization": f"Bearer {MARK}"})
        await browser.get(path, headers={"authorization": f"Basic {MARK}"})
        await browser.get(path, headers={"cookie": f"{SESSION}={MARK}", "user-agent": "x"})
        await browser.put(f"{path}?token={MARK}")
    page = await browser.get("/sign-in")
    fields = {**form_fields(page.text), "username": "ann@example.org", "password": MARK}
    await browser.post("/sign-in", data=fields)
    await browser.post("/sign-in", data={**fields, "csrf": MARK})
    for query in ({"token": MARK}, {"request": MARK}):
        for path in ("/confirm", "/verify", "/reset/new", f"{AUTHORIZE}/resume"):
            await browser.get(path, params=query)
    await harness.redeem(app, MARK, code_verifier=MARK)
    await harness.refresh(app, MARK)
    await harness.post(INTROSPECT, app, {"token": MARK})


async def forget_the_password(harness: AppHarness, marked: Marked) -> None:
    browser = harness.browser()
    page = await browser.get("/reset")
    await browser.post("/reset", data={**form_fields(page.text), "email": "ann@example.org"})
    (mail,) = await harness.context.outbox.recent(1)
    email_token = mail.mail.text.partition("token=")[2].split()[0]
    marked.add(email_token)
    await browser.get(f"/reset/new?token={email_token}")


def files_of(database: Path) -> bytes:
    """The database as it lies on the disk, its log included."""
    return b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))


async def test_no_secret_is_written_anywhere(
    open_harness: Any,
    lines: list[str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    # They are this test's own client and runner, not the server.
    for name in ("httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.CRITICAL, logger=name)
    marked = Marked()
    marked.add(PASSWORD, MARK)
    async with open_harness(access_log="true", log_level="debug") as harness:
        await harness.person()
        for kind in ("opaque", "jwt"):
            app = await harness.app(token_format=kind)
            await succeed(harness, marked, app)
            await fail(harness, app)
        await forget_the_password(harness, marked)
        await harness.context.audit.flush()
        metrics = await harness.metrics()
        pages = await _everything_that_is_shown(harness)
        written = files_of(harness.database)
        await harness.context.stores.close()
        # And with the database gone, when errors are at their most talkative.
        await succeed_in_nothing(harness, app)
    printed = "".join(capfd.readouterr())
    assert len(marked.texts) > 25
    assert len(lines) > 100
    assert marked.in_("\n".join(lines).encode()) == []
    assert marked.in_(caplog.text.encode()) == []
    assert marked.in_(printed.encode()) == []
    assert marked.in_(metrics.encode()) == []
    assert marked.in_(written) == []
    assert marked.in_(pages) == []


async def _everything_that_is_shown(harness: AppHarness) -> bytes:
    """The pages on which a person or a developer reads what happened."""
    browser = await harness.signed_in()
    paths = ("/account", "/account/sessions", "/account/security", "/developers")
    pages = [await browser.get(path) for path in paths]
    assert [page.status_code for page in pages] == [200] * len(paths)
    return b"".join(unescape(page.text).encode() for page in pages)


async def succeed_in_nothing(harness: AppHarness, app: App) -> None:
    for request in (
        harness.token(app, grant_type="client_credentials"),
        harness.redeem(app, MARK),
        harness.refresh(app, "qmr_" + "A" * 48),
        harness.call("qma_" + "A" * 48),
        harness.post(INTROSPECT, app, {"token": "qma_" + "A" * 48}),
    ):
        response: httpx.Response = await request
        assert response.status_code in (400, 401, 500, 503)
        assert MARK not in response.text
