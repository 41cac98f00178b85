"""Which network addresses are counted together."""

import ipaddress


def network(address: str) -> str:
    """What one party holds of the internet: an IPv4 address, or a /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "elsewhere"
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed if parsed.version == 4 else parsed.ipv4_mapped)
