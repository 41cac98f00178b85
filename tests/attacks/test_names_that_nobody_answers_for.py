"""security.md 15, contract §2: whoever registers an application at names whose name servers keep
silent must not keep the server from asking its providers."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from page_site import listening
from quantimodo.providers.contract import ProviderDown
from quantimodo.providers.http import Door, DoorPolicy
from workers import free_port
from world import World, Worlds


async def test_they_keep_no_other_door_from_looking_names_up() -> None:
    answered = threading.Event()

    def silence(host: str, port: int) -> Sequence[str]:
        answered.wait(30)
        return []

    async def show(request: Request) -> Response:
        return JSONResponse({})

    port = free_port()
    quick = DoorPolicy(open_hosts=frozenset({f"localhost:{port}"}))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(Starlette(routes=[Route("/", show)]), port))
        strangers = Door(DoorPolicy(time_limit=timedelta(seconds=1)), resolve=silence)
        providers = Door(quick)
        stack.push_async_callback(strangers.close)
        stack.push_async_callback(providers.close)
        stack.callback(answered.set)
        names = [f"https://silent-{number}.example.org/logo.png" for number in range(20)]
        waiting = [asyncio.create_task(strangers.get(name)) for name in names]
        await asyncio.sleep(0)
        assert (await providers.get(f"http://localhost:{port}/")).ok
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(end, ProviderDown) for end in ends)


async def test_providers_and_applications_are_asked_through_two_doors(worlds: Worlds) -> None:
    async with worlds(
        providers__work__kind="oidc",
        providers__work__client_id="quantimodo",
        providers__work__issuer="https://login.example.org",
    ) as world:
        theirs = _door_of(world)
        assert isinstance(theirs, Door)
        assert theirs is not world.house.door


def _door_of(world: World) -> object:
    """No part of the house hands it out."""
    return getattr(world.house.providers["work"], "_door")  # noqa: B009
