"""The log of what administrators and commands of the operator do to accounts and applications."""

from dataclasses import dataclass

from quantimodo.model.admin_actions import AdminAction, Authority
from quantimodo.ports.admin_stores import LogStore
from quantimodo.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class StoredAdminLog:
    """Implements `AdminLog`."""

    store: LogStore
    clock: Clock

    async def record(
        self,
        by: Authority,
        kind: str,
        *,
        user_id: int | None = None,
        client_id: str | None = None,
        detail: str = "",
    ) -> None:
        await self.store.add_admin_action(
            AdminAction(
                at=self.clock.now(),
                kind=kind,
                actor_id=by.actor_id,
                user_id=user_id,
                client_id=client_id,
                detail=detail,
                reason=by.reason,
                address=by.address,
            )
        )
