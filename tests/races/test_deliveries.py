"""Four processes send the webhooks of one endpoint, and each event is delivered once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from quantimodo.app.composition.webhooks import webhooks
from quantimodo.ops.webhooks import AT_ONCE
from support.cluster import Cluster

pytestmark = pytest.mark.slow
EVENTS = 40
_MEETING = 5.0  # seconds; less than an attempt may take
_A_WHILE = 60.0


@dataclass
class SlowReceiver:
    """Responds to nothing until two processes have open requests, or a while is over."""

    port: int = 0
    open_requests: int = 0
    received: Counter[str] = field(default_factory=Counter)
    met: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                await reader.readexactly(int(headers["content-length"]))
                self.received[headers["webhook-id"]] += 1
                self.open_requests += 1
                if self.open_requests > AT_ONCE:  # more than one process has at once
                    self.met.set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.met.wait(), _MEETING)
                self.met.set()
                self.open_requests -= 1
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def slow_receiver() -> AsyncIterator[SlowReceiver]:
    receiver = SlowReceiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


async def test_four_processes_deliver_each_event_once(cluster: Cluster) -> None:
    stores = cluster.context.stores
    client = await stores.clients.client(cluster.app.client_id)
    assert client is not None
    async with slow_receiver() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/hook"
        endpoint, _ = await webhooks(cluster.context).add(client, url, ("grant.created",))
        for _ in range(EVENTS):
            await cluster.code()

        async def all_delivered() -> None:
            while True:
                found = await stores.webhooks.deliveries(client.id, endpoint.id, 100)
                if len(found) == EVENTS and all(each.delivered_at for each in found):
                    return
                await asyncio.sleep(0.1)

        await asyncio.wait_for(all_delivered(), _A_WHILE)
        found = await stores.webhooks.deliveries(client.id, endpoint.id, 100)
        assert {each.attempts for each in found} == {1}
        assert len(receiver.received) == EVENTS
        assert set(receiver.received.values()) == {1}
        await webhooks(cluster.context).delete(client, endpoint.id)
