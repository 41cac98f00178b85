"""Who is calling, when proxies stand between (security.md 20).

`X-Forwarded-For` is believed only as far as configured proxies wrote it: from the right, the first
address that is not one of them is the caller's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any


@dataclass(frozen=True, slots=True)
class Proxies:
    trusted: Sequence[IPv4Network | IPv6Network]

    def __bool__(self) -> bool:
        return bool(self.trusted)

    def address(self, scope: Mapping[str, Any]) -> str:
        """The caller's address; the peer's own when it is no proxy of ours."""
        client = scope.get("client")
        address: str = client[0] if client else ""
        if not self._trusts(address):
            return address
        for hop in reversed(_hops(scope)):
            if not _is_address(hop):
                return address
            address = hop
            if not self._trusts(hop):
                return hop
        return address

    def _trusts(self, text: str) -> bool:
        if not _is_address(text):
            return False
        address = ip_address(text)
        return any(address in network for network in self.trusted)


def _hops(scope: Mapping[str, Any]) -> list[str]:
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for line in lines for hop in line.decode("latin-1").split(",")]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
