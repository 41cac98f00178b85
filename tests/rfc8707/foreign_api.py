"""APIs that are registered here, for the tests of RFC 8707."""

from typing import Any

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import Resource, ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import ISSUER, AppHarness

OWN = f"{ISSUER}/api"
TASKS = "https://tasks.example.org/"
NOTES = "https://notes.example.org/v1"
SCOPES = (
    ResourceScope("tasks:read", "Read your tasks", "What you have to do."),
    ResourceScope("write", "Change your tasks"),
)


async def add_api(
    harness: AppHarness, identifier: str = TASKS, owner_id: int | None = None, **changes: Any
) -> Resource:
    """An API as the operator registers it; as a developer does, with `owner_id`."""
    values = {"name": "Task Board", "scopes": SCOPES, **changes}
    return await resource_registry(harness.context).register(
        identifier,
        ResourceRegistration(**values),
        owner_id=owner_id,
        by_operator=owner_id is None,
    )
