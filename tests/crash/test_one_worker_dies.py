"""A worker that is killed is replaced by its supervisor, while the others serve."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from support.cluster import Cluster, open_cluster
from support.raw_http import Lost
from support.workers import Workers

pytestmark = pytest.mark.slow
WORKERS = 3
CONNECTIONS = 24
PATIENCE = 60.0


async def test_a_killed_worker_is_replaced_while_the_others_serve(
    prepared: Callable[[int], Workers],
) -> None:
    server = prepared(WORKERS)
    server.start()
    async with open_cluster(server) as cluster:
        connections, owners = await cluster.open_connections(CONNECTIONS), cluster.owners()
        victim = owners[connections[0].own_port]
        others = [each for each in connections if owners[each.own_port] != victim]
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(Lost):
            await connections[0].ask(cluster.app.own_token())
        deadline, served = time.monotonic() + PATIENCE, 0
        while not _is_replaced(server, victim):
            assert time.monotonic() < deadline
            for connection in others:
                assert (await connection.ask(cluster.app.own_token())).status == 200
                served += 1
        assert served > 0
        await _newcomer_serves(cluster, victim)


def _is_replaced(server: Workers, victim: int) -> bool:
    pids = server.pids()
    return victim not in pids and len(pids) == WORKERS


async def _newcomer_serves(cluster: Cluster, victim: int) -> None:
    for connection in await cluster.open_connections(CONNECTIONS):  # some of each worker
        assert (await connection.ask(cluster.app.own_token())).status == 200
    assert victim not in cluster.server.pids()
