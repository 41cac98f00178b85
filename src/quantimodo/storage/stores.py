"""All tables over one database: the `Stores` of `ports/stores.py`, whatever the engine."""

from quantimodo.storage.database import Statement
from quantimodo.storage.tables.access_log import Accesses
from quantimodo.storage.tables.authorizations import Authorizations
from quantimodo.storage.tables.clients import Clients
from quantimodo.storage.tables.identities import Identities
from quantimodo.storage.tables.keys import Keys
from quantimodo.storage.tables.login_states import (
    DataDeletionRequests,
    LoginCodes,
    Replays,
    UpstreamLogin,
)
from quantimodo.storage.tables.logout_recipients import LogoutRecipients
from quantimodo.storage.tables.mails import Events, Mails
from quantimodo.storage.tables.measurements import Measurements
from quantimodo.storage.tables.pending_logins import PendingLogins
from quantimodo.storage.tables.profiles import Profiles
from quantimodo.storage.tables.registrations import Registrations
from quantimodo.storage.tables.retention import Retention
from quantimodo.storage.tables.sessions import EmailTokens, Sessions
from quantimodo.storage.tables.throttles import Leases, Throttles
from quantimodo.storage.tables.tokens import Tokens
from quantimodo.storage.tables.users import Users
from quantimodo.storage.tables.variables import Variables

_PING = Statement("SELECT 1")


class SqlStores(
    Users,
    Profiles,
    Sessions,
    PendingLogins,
    LogoutRecipients,
    EmailTokens,
    Throttles,
    Clients,
    Registrations,
    Authorizations,
    Tokens,
    Identities,
    UpstreamLogin,
    LoginCodes,
    Replays,
    DataDeletionRequests,
    Keys,
    Mails,
    Events,
    Variables,
    Measurements,
    Accesses,
    Leases,
    Retention,
):
    """All stores; the tables share only the database."""

    async def ping(self) -> None:
        await self._database.rows(_PING)

    async def close(self) -> None:
        await self._database.close()
