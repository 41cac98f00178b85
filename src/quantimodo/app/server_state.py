"""Measures the state of a server for its operator. `background.py` and commands call it, requests
do not."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Final

from quantimodo.app.composition.services import AppContext
from quantimodo.keys.rotation import key_states
from quantimodo.model.server_state import DiskSpace, ServerState, Sizes
from quantimodo.storage.open import sqlite_path

WINDOW: Final = timedelta(minutes=15)
"""The stretch of time in which requests to the token endpoint are counted."""


async def measure(context: AppContext) -> ServerState:
    """The state of this server now. Raises `Unavailable`."""
    store, now = context.stores.server_state, context.clock.now()
    path = sqlite_path(context.settings.database)
    sizes = await store.sizes()
    disk = None
    if path is not None:
        disk, sizes = await asyncio.to_thread(_on_disk, path)
    configured = set(context.providers)
    return ServerState(
        at=now,
        keys=key_states(await context.stores.keys.signing_keys(), context.rotation.policy, now),
        last_backup_at=await store.last_backup(),
        disk=disk,
        sizes=sizes,
        queues=await store.queues(now),
        providers=[each for each in await store.provider_states() if each.provider in configured],
        token_requests=await store.token_requests(now, WINDOW),
    )


async def watch(context: AppContext) -> None:
    """Store what this process counted, then measure, for the gauges."""
    await context.provider_outcomes.flush()
    requests = context.metrics.new_token_requests()
    if requests.total:
        await context.stores.server_state.add_token_requests(context.clock.now(), requests)
    context.metrics.show(await measure(context))


def _on_disk(path: Path) -> tuple[DiskSpace | None, Sizes]:
    log = path.with_name(f"{path.name}-wal")
    sizes = Sizes(_size(path), _size(log))
    try:
        usage = shutil.disk_usage(path.absolute().parent)
    except OSError:
        return None, sizes
    return DiskSpace(usage.free, usage.total), sizes


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
