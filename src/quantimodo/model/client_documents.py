"""What is known of a client id metadata document beside the client that it describes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDocument:
    """The stored copy is used without a fetch until `fresh_until`. `used_at`: when an authorization
    request last named it."""

    client_id: str
    host: str
    fresh_until: datetime
    used_at: datetime
