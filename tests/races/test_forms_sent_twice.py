"""v2-api.md §5: a form that is sent twice leads to one response; here forty times, half of them
*Cancel*, over four processes, on each engine."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from support.app import AUTHORIZE, CALLBACK, CHALLENGE, DECISION, form_fields
from support.cluster import Cluster
from support.raw_http import all_at_once

pytestmark = pytest.mark.slow
CONNECTIONS = 40


def _form(cookies: str, fields: dict[str, str]) -> bytes:
    body = urlencode(fields)
    lines = (
        f"POST {DECISION} HTTP/1.1",
        "host: 127.0.0.1",
        f"cookie: {cookies}",
        "content-type: application/x-www-form-urlencoded",
        f"content-length: {len(body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")


async def test_forty_submissions_of_one_form_get_one_response(cluster: Cluster) -> None:
    requested = {
        "client_id": cluster.app.client_id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    async with cluster.browser() as browser:
        await cluster.sign_in(browser)
        page = await browser.get(AUTHORIZE, params=requested)
        fields = form_fields(page.text)
        cookies = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
    connections = await cluster.open_connections(CONNECTIONS)
    for number, connection in enumerate(connections):
        decision = "deny" if number % 2 else "allow"
        connection.send(_form(cookies, {**fields, "decision": decision}))
    responses = [await connection.receive() for connection in connections]
    assert [response.status for response in responses] == [303] * CONNECTIONS
    (location,) = {response.headers["location"] for response in responses}
    assert location.startswith(f"{CALLBACK}?")
    given = parse_qs(urlsplit(location).query)
    consents = await cluster.context.stores.authorizations.consents_of(cluster.user.id)
    # The first decision counts; the others have no effect.
    if "code" in given:
        (consent,) = consents
        assert consent.scope == {"basic"}
        connection = await cluster.connection()
        assert (await connection.ask(cluster.app.redemption(given["code"][0]))).status == 200
    else:
        assert given["error"] == ["access_denied"]
        assert not consents
    late = await all_at_once(connections[:4], _form(cookies, {**fields, "decision": "allow"}))
    assert {response.headers["location"] for response in late} == {location}
