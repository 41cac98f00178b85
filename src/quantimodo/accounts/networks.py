"""The networks by which requests are counted."""

import ipaddress


def network(address: str) -> str:
    """The network that one subscriber has: an IPv4 address, or a /64 of IPv6; `elsewhere` for a
    text that is no address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "elsewhere"
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed if parsed.version == 4 else parsed.ipv4_mapped)
