"""npm's standardwebhooks, unmodified, verifies the deliveries of this server. Needs Node.js, and
`scripts/node-clients`."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from receiver import HOOK, Receiver, hooked

from quantimodo.app.composition.webhooks import webhooks
from support.app import AppHarness

pytestmark = pytest.mark.node
_NODE = Path(__file__).parents[1] / "node"
_NO_MATCH = "No matching signature found"


async def verified(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the library says of each: all of them in one process."""
    program = await asyncio.create_subprocess_exec(
        "node",
        "standardwebhooks.mjs",
        cwd=_NODE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(program.communicate(json.dumps(cases).encode()), 60)
    assert program.returncode == 0, error.decode()
    found: list[dict[str, Any]] = json.loads(out)
    return found


async def test_the_library_of_npm_verifies_a_delivery_and_nothing_else(
    harness: AppHarness,
) -> None:
    receiver, app = Receiver(), await harness.app()
    endpoint, old = await hooked(harness, app)
    await harness.person()
    await harness.tokens(app, scope="openid basic")
    # The library compares the timestamp with the time of the machine.
    harness.context.clock.advance(datetime.now(UTC) - harness.context.clock.now())  # type: ignore[attr-defined]
    harness.context.clock.advance(-timedelta(seconds=30))  # type: ignore[attr-defined]
    new = await webhooks(harness.context).rotate(app.client, endpoint.id)
    assert new is not None
    await receiver.sender(harness).send_due()
    (got,) = receiver.received
    good = {"secret": new.reveal(), "body": got.body.decode(), "headers": dict(got.headers)}
    _, unrelated = await hooked(harness, app, f"{HOOK}/2")

    def but(**changes: str) -> dict[str, Any]:
        headers = {**good["headers"], **{k.replace("_", "-"): v for k, v in changes.items()}}
        return {**good, "headers": headers}

    longest_ago = int(got.headers["webhook-timestamp"]) - 3600
    refused = [
        ({**good, "secret": unrelated}, _NO_MATCH),
        ({**good, "body": good["body"].replace("basic", "email")}, _NO_MATCH),
        (but(webhook_id="msg_other"), _NO_MATCH),
        (but(webhook_signature=f"v2,{got.headers['webhook-signature'][3:]}"), _NO_MATCH),
        (but(webhook_timestamp=str(longest_ago)), "Message timestamp too old"),
    ]
    # Until the end of its overlap the secret before signs too.
    accepted = [good, {**good, "secret": old}]
    results = await verified([*accepted, *(case for case, _ in refused)])
    assert [each.get("payload") for each in results[:2]] == [got.payload, got.payload]
    assert got.kind == "grant.created"
    assert [each.get("refused") for each in results[2:]] == [reason for _, reason in refused]
