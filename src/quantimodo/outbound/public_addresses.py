"""Which network addresses outbound requests may use: the public internet. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# RFC 6052 §2.1: the last four bytes are the IPv4 address that a NAT64 gateway goes to.
_NAT64 = ip_network("64:ff9b::/96")
# Not public, though some supported Python's `ipaddress` says so: carrier-grade NAT (RFC 6598),
# the old site-local addresses (RFC 3879), IPv4 in IPv6 by 6to4 and Teredo, documentation.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)


def is_public(text: str) -> bool:
    """Whether this address (with or without a scope) is on the public internet."""
    try:
        address: Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        # A scope is valid only on a local link; IPv4-mapped addresses would bypass the IPv4 rules.
        if address.scope_id is not None or address.ipv4_mapped is not None:
            return False
        if address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address.version == network.version and address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )
