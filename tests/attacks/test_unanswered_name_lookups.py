"""security.md §15, v2-api.md §2: an application registered at names whose name
servers do not respond must not keep the server from requests to its providers."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from quantimodo.outbound.errors import ProviderUnavailable
from quantimodo.outbound.http_client import GuardedHttpClient, OutboundPolicy
from support.app import AppHarness, OpenHarness
from support.page_site import listening
from support.workers import free_port


async def test_unanswered_lookups_do_not_delay_another_client() -> None:
    answered = threading.Event()

    def silence(host: str, port: int) -> Sequence[str]:
        answered.wait(30)
        return []

    async def show(request: Request) -> Response:
        return JSONResponse({})

    port = free_port()
    quick = OutboundPolicy(open_hosts=frozenset({f"localhost:{port}"}))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(Starlette(routes=[Route("/", show)]), port))
        strangers = GuardedHttpClient(
            OutboundPolicy(time_limit=timedelta(seconds=1)), resolve=silence
        )
        providers = GuardedHttpClient(quick)
        stack.push_async_callback(strangers.close)
        stack.push_async_callback(providers.close)
        stack.callback(answered.set)
        names = [f"https://silent-{number}.example.org/logo.png" for number in range(20)]
        waiting = [asyncio.create_task(strangers.get(name)) for name in names]
        await asyncio.sleep(0)
        assert (await providers.get(f"http://localhost:{port}/")).ok
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(end, ProviderUnavailable) for end in ends)


async def test_providers_and_applications_have_separate_http_clients(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(
        providers__work__kind="oidc",
        providers__work__client_id="quantimodo",
        providers__work__issuer="https://login.example.org",
    ) as harness:
        of_provider = _http_client_of(harness)
        assert isinstance(of_provider, GuardedHttpClient)
        assert of_provider is not harness.context.http_client


def _http_client_of(harness: AppHarness) -> object:
    """No public attribute gives it."""
    return getattr(harness.context.providers["work"], "_http_client")  # noqa: B009
