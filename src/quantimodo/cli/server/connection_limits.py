"""Limits the connections of one worker, in all and for one client address.

A client that opens connections and sends nothing must not use up the descriptors that the
connections of other clients, and the database, need.
"""

import resource
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final

import structlog

from quantimodo.accounts.networks import network

MOST_CONNECTIONS: Final = 65_536
_SCAN_EVERY: Final = 1.0
_LOG_INTERVAL: Final = 60.0
_RESERVE: Final = 256  # descriptors for databases, files and outgoing requests
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.connections")


@dataclass(frozen=True, slots=True)
class ConnectionPolicy:
    """Limits of one worker; timeouts in seconds. `exempt` are the networks of trusted proxies,
    which bring the connections of all clients."""

    total: int = MOST_CONNECTIONS
    per_address: int = 500
    request_timeout: float = 60.0
    write_timeout: float = 60.0
    exempt: Sequence[IPv4Network | IPv6Network] = ()


@dataclass(slots=True)
class ConnectionLimiter:
    """Counts the connections of one worker. Not thread-safe: for the event loop only."""

    policy: ConnectionPolicy
    _total: int = field(default=0, init=False)
    _counts: dict[str, int] = field(default_factory=dict, init=False)
    _scanned_at: float = field(default=float("-inf"), init=False)
    _logged_at: float = field(default=float("-inf"), init=False)
    _refused: int = field(default=0, init=False)

    def admit(self, address: str, connections: Collection[Any], now: float) -> str | None:
        """Count a new connection. Returns the network by which to `release` it, or None if it is
        above a limit. At the limit of all connections, those without a request are closed first."""
        client_network = "" if self._is_exempt(address) else network(address)
        if self._total >= self.policy.total:
            self._close_idle(connections, now)
            self._refuse("connections.total", now)
            return None
        count = self._counts.get(client_network, 0)
        if client_network and count >= self.policy.per_address:
            self._refuse("connections.per_address", now)
            return None
        self._counts[client_network] = count + 1
        self._total += 1
        return client_network

    def release(self, client_network: str) -> None:
        """Uncount a connection that `admit` has counted."""
        self._total -= 1
        left = self._counts[client_network] - 1
        if left:
            self._counts[client_network] = left
        else:
            del self._counts[client_network]

    def _close_idle(self, connections: Collection[Any], now: float) -> None:
        if now - self._scanned_at < _SCAN_EVERY:
            return
        self._scanned_at = now
        for each in list(connections):
            if each.idle and now - each.made_at > _SCAN_EVERY:
                each.transport.close()

    def _refuse(self, limit: str, now: float) -> None:
        self._refused += 1
        if now - self._logged_at >= _LOG_INTERVAL:
            _log.warning("connections refused", limit=limit, count=self._refused)
            self._logged_at, self._refused = now, 0

    def _is_exempt(self, address: str) -> bool:
        if not self.policy.exempt:
            return False
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        caller = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(caller in each for each in self.policy.exempt)


def raise_descriptor_limit() -> int:
    """Set the soft limit of open files to the hard one. Returns the soft limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def most_connections(descriptors: int) -> int:
    """How many connections a worker with this limit of open files (-1: none) may hold."""
    if descriptors < 0:
        return MOST_CONNECTIONS
    return max(1, descriptors - min(_RESERVE, descriptors // 2))
