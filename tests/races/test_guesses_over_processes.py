"""security.md §23: the limits of guesses are shared by four processes, on each engine."""

from collections import Counter
from urllib.parse import urlencode

import httpx
import pytest

from quantimodo.model.passkeys import NewPasskey, UsedChallenge
from support.app import form_fields
from support.cluster import Cluster

pytestmark = pytest.mark.slow
CONNECTIONS, LIMIT = 24, 10
FACTOR, CODE = "/sign-in/second-factor", "/sign-in/code"


def _form(path: str, browser: httpx.AsyncClient, fields: dict[str, str]) -> bytes:
    body = urlencode(fields)
    lines = (
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "cookie: " + "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar),
        "content-type: application/x-www-form-urlencoded",
        f"content-length: {len(body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")


async def _guess(
    cluster: Cluster, browser: httpx.AsyncClient, path: str, guess: dict[str, str]
) -> Counter[int]:
    """The statuses of one wrong response that many connections send at once."""
    fields = form_fields((await browser.get(path.removesuffix("/passkey"))).text)
    connections = await cluster.open_connections(CONNECTIONS)
    for connection in connections:
        connection.send(_form(path, browser, {**fields, **guess}))
    return Counter([(await connection.receive()).status for connection in connections])


async def _second_step(cluster: Cluster) -> None:
    """The person has two-step verification, by a passkey."""
    context, now = cluster.context, cluster.context.clock.now()
    cookie = await context.sessions.start(
        cluster.user, methods=("pwd",), address="192.0.2.7", agent="a test", replaces=None
    )
    session = await context.sessions.current(cookie.reveal())
    assert session is not None
    mark = context.entropy.bytes(16)
    passkey = NewPasskey(
        credential_id=mark,
        user_id=cluster.user.id,
        rp_id="127.0.0.1",
        public_key=b"a key",
        sign_count=0,
        name="Phone",
        transports=(),
        aaguid="",
        backup_eligible=False,
        backed_up=False,
        created_at=now,
    )
    challenge = UsedChallenge(mark, now)
    assert await context.stores.passkeys.add_passkey(passkey, challenge, session.key, 1, [mark])


async def test_of_many_guesses_at_once_no_more_are_checked_than_the_limit(
    cluster: Cluster,
) -> None:
    await _second_step(cluster)
    async with cluster.browser() as browser:
        await cluster.sign_in(browser)
        found = await _guess(cluster, browser, f"{FACTOR}/passkey", {"credential": "{}"})
        assert found == {400: LIMIT, 429: CONNECTIONS - LIMIT}
        # Codes and passkeys have one counter.
        found = await _guess(cluster, browser, FACTOR, {"code": "000000"})
        assert found == {429: CONNECTIONS}
    async with cluster.browser() as browser:
        page = await browser.get(CODE)
        assert cluster.user.email is not None
        form = {**form_fields(page.text), "email": cluster.user.email}
        assert (await browser.post(CODE, data=form)).status_code == 303
        found = await _guess(cluster, browser, f"{CODE}/enter", {"code": "000000"})
        assert found == {400: LIMIT, 429: CONNECTIONS - LIMIT}


async def test_rfc8628_5_1_user_codes_are_guessed_no_more_often_than_the_limit(
    cluster: Cluster,
) -> None:
    async with cluster.browser() as browser:
        found = await _guess(cluster, browser, "/device", {"user_code": "BBBB-BBBB"})
        assert found == {400: LIMIT, 429: CONNECTIONS - LIMIT}
