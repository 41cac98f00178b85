"""security.md §14: a DPoP proof is used once, at any worker (RFC 9449 §11.1)."""

import pytest

from support.app import TOKEN
from support.cluster import Cluster
from support.dpop import DPoPKey
from support.raw_http import all_at_once

pytestmark = pytest.mark.slow


async def test_of_many_requests_with_one_proof_one_wins_and_its_nonce_holds_at_every_worker(
    cluster: Cluster,
) -> None:
    connections, key, now = await cluster.open_connections(40), DPoPKey(), cluster.context.clock.now
    address = cluster.server.settings.issuer + TOKEN

    def request(**claims: str) -> bytes:
        proof = key.proof(now(), htu=address, **claims).encode("ascii")
        return cluster.app.own_token().replace(
            b"host: 127.0.0.1\r\n", b"host: 127.0.0.1\r\ndpop: " + proof + b"\r\n"
        )

    responses = await all_at_once(connections, request())
    won = [each for each in responses if each.status == 200]
    assert len(won) == 1
    codes = {each.json()["error"] for each in responses if each.status != 200}
    assert codes == {"invalid_dpop_proof"}
    nonce = won[0].headers["dpop-nonce"]
    for connection in connections:
        assert (await connection.ask(request(nonce=nonce))).status == 200
