"""The address of the caller behind proxies (security.md §20).

`X-Forwarded-For` is trusted only as far as configured proxies wrote it: from the right, the first
address that is not one of them is the caller's. Each address is read in every form that proxies
write: with a port, in brackets, with a zone, and IPv4 as IPv6 (RFC 4291 §2.5.5.2).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Keys of the ASGI scope.
CERTIFICATE: Final = "quantimodo.certificate"
VERIFIED: Final = "quantimodo.certificate_verified"
_VERIFIED: Final = ("SUCCESS", "0")  # of nginx and Apache, and of HAProxy
_LONGEST: Final = 64
_MAPPED_BITS: Final = 96
# RFC 3986 §3.2.2: an IPv6 address has brackets before a port; RFC 7239 §6 has the same forms.
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?", re.ASCII)
_IPV4_PORT: Final = re.compile(r"([0-9.]+):[0-9]{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The networks of trusted proxies; an IPv4 network may be given in its IPv6 form."""

    trusted: tuple[Network, ...]

    @classmethod
    def of(cls, networks: Iterable[str | Network]) -> "Proxies":
        """From networks as they are written in the settings. Raises `ValueError`."""
        return cls(tuple(_unmapped(ip_network(each, strict=False)) for each in networks))

    def __bool__(self) -> bool:
        return bool(self.trusted)

    def address(self, scope: Mapping[str, Any]) -> str:
        """The caller's address, in its canonical form; that of the peer, if it is no trusted
        proxy."""
        client = scope.get("client")
        peer: str = client[0] if client else ""
        caller = parse_address(peer)
        if caller is None:
            return peer
        if self._trusts(caller):
            for hop in reversed(forwarded_for(scope)):
                address = parse_address(hop)
                if address is None:
                    break
                caller = address
                if not self._trusts(address):
                    break
        return str(caller)

    def certificate(self, scope: Mapping[str, Any], name: bytes) -> str:
        """The header in which a proxy forwards the client's certificate (RFC 8705 §6.5); empty when
        the peer is no trusted proxy. Several lines are one value (RFC 9110 §5.3), which is no valid
        certificate."""
        return self._forwarded(scope, name)

    def verified(self, scope: Mapping[str, Any], name: bytes) -> bool:
        """Whether a trusted proxy states in this header that it verified the chain of the client's
        certificate (RFC 8705 §2.1)."""
        return self._forwarded(scope, name).strip() in _VERIFIED

    def stands_before(self, scope: Mapping[str, Any]) -> bool:
        """Whether the peer is a trusted proxy."""
        client = scope.get("client")
        peer = parse_address(client[0]) if client else None
        return peer is not None and self._trusts(peer)

    def _forwarded(self, scope: Mapping[str, Any], name: bytes) -> str:
        if not self.stands_before(scope):
            return ""
        lines = [value for key, value in scope["headers"] if key == name]
        return b",".join(lines).decode("latin-1")

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.trusted)


def forwarded_for(scope: Mapping[str, Any]) -> list[str]:
    """The addresses in the lines of `X-Forwarded-For`, in the order in which proxies wrote them."""
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for line in lines for hop in line.decode("latin-1").split(",")]


def parse_address(text: str) -> Address | None:
    """The address in `text`, without port, brackets and zone, and IPv4 where it is written as
    IPv6; None for anything else."""
    if len(text) > _LONGEST:
        return None
    form = _BRACKETED.fullmatch(text) or _IPV4_PORT.fullmatch(text)
    bare = form[1] if form else text
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if form and form.re is _BRACKETED and isinstance(address, IPv4Address):
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _unmapped(network: Network) -> Network:
    if isinstance(network, IPv4Network) or network.prefixlen < _MAPPED_BITS:
        return network
    mapped = network.network_address.ipv4_mapped
    if mapped is None:
        return network
    return IPv4Network((int(mapped), network.prefixlen - _MAPPED_BITS))
