"""What the log says of a background job that fails: docs/operator/monitoring.md."""

import asyncio
from contextlib import suppress

import structlog

from quantimodo.app.background import every
from quantimodo.ports.stores import Unavailable


async def entries_of(failure: Exception) -> list[structlog.typing.EventDict]:
    """What is logged until the job runs for the third time, after it failed twice."""
    turns = iter((failure, failure, None))
    third = asyncio.Event()

    async def job() -> None:
        found = next(turns)
        if found is None:
            third.set()
            await asyncio.Event().wait()
        else:
            raise found

    with structlog.testing.capture_logs() as entries:
        task = asyncio.create_task(every(0, "cleaner", job))
        await third.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return entries


async def test_a_database_that_is_down_is_one_line_a_turn_without_a_stack_trace() -> None:
    down = {
        "event": "background work failed",
        "log_level": "error",
        "job": "cleaner",
        "because": "the disk with the database is full",
    }
    assert await entries_of(Unavailable("the disk with the database is full")) == [down, down]


async def test_every_other_failure_has_its_stack_trace() -> None:
    fault = LookupError("a fault in the code")
    entries = await entries_of(fault)
    assert [entry["exc_info"] for entry in entries] == [fault, fault]
    assert "because" not in entries[0]
