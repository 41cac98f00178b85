"""v2-api.md §4: two concurrent first logins of one identity make one user; here fifty, over four
processes, on each engine."""

from urllib.parse import urlencode

import pytest

from support.cluster import Cluster
from support.fake_provider import AUTHORIZE_TOKEN
from support.raw_http import Connection, RawResponse, get

pytestmark = pytest.mark.slow
CONNECTIONS = 50


async def _tokens(cluster: Cluster, address: str, count: int) -> list[str]:
    """The tokens that an SDK gives to `count` phones of a new person: in turn an access token and
    an ID token, which can be used once."""
    requested = {"person": "another", "address": address, "trust": "domain"}
    async with cluster.browser() as phone:
        responses = [
            await phone.post("/sandbox/google/native", json=requested) for _ in range(count)
        ]
    kinds = ("access_token", "id_token")
    return [response.json()[kinds[number % 2]] for number, response in enumerate(responses)]


async def _all_sign_in(connections: list[Connection], tokens: list[str]) -> list[RawResponse]:
    for connection, token in zip(connections, tokens, strict=True):
        query = urlencode({"provider": "google", "accessToken": token})
        connection.send(get(f"{AUTHORIZE_TOKEN}?{query}"))
    return [await connection.receive() for connection in connections]


async def test_fifty_first_logins_of_one_identity_make_one_user(cluster: Cluster) -> None:
    address = f"gia-{cluster.context.entropy.bytes(6).hex()}@example.org"
    tokens = await _tokens(cluster, address, CONNECTIONS)
    responses = await _all_sign_in(list(await cluster.open_connections(CONNECTIONS)), tokens)
    assert [response.status for response in responses] == [200] * CONNECTIONS, responses
    found = [response.json()["data"] for response in responses]
    (user_id,) = {data["user"]["id"] for data in found}
    assert [data["newUser"] for data in found].count(True) == 1
    assert len(await cluster.context.stores.identities.identities_of(user_id)) == 1
    namesake = await cluster.context.stores.users.user_by_email(address)
    assert namesake is not None
    assert namesake.id == user_id
