"""Which IP addresses are of the public internet. Whatever is not known to be is not.

After the registries of IANA for special purposes. `ipaddress.is_global` knows less, and other things with
each version of Python; neither it nor requests-hardened sees an address of IPv4 inside one of IPv6
(docs/adr/0100).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CLOSED_4 = {
    IPv4Network(network): kind
    for network, kind in {
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "shared by a carrier",
        "127.0.0.0/8": "loopback",
        "168.63.129.16/32": "metadata of a cloud",
        "169.254.0.0/16": "link-local, or metadata of a cloud",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved, or metadata of a cloud",
        "192.0.2.0/24": "for documentation",
        "192.31.196.0/24": "reserved",
        "192.52.193.0/24": "reserved",
        "192.88.99.0/24": "a relay of 6to4",
        "192.168.0.0/16": "private",
        "192.175.48.0/24": "reserved",
        "198.18.0.0/15": "for benchmarks",
        "198.51.100.0/24": "for documentation",
        "203.0.113.0/24": "for documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }.items()
}

_OPEN_6 = IPv6Network("2000::/3")
"""Global unicast; nothing else is given out."""

_CLOSED_6 = {
    IPv6Network(network): kind
    for network, kind in {
        "2001::/32": "an address of IPv4 inside one of IPv6 (Teredo)",
        "2001::/23": "reserved",
        "2001:db8::/32": "for documentation",
        "2002::/16": "an address of IPv4 inside one of IPv6 (6to4)",
        "2620:4f:8000::/48": "reserved",
        "3fff::/20": "for documentation",
        "::1/128": "loopback",
        "::/128": "unspecified",
        "::ffff:0:0/96": "an address of IPv4 inside one of IPv6 (mapped)",
        "::/96": "an address of IPv4 inside one of IPv6 (compatible)",
        "64:ff9b:1::/48": "an address of IPv4 inside one of IPv6 (NAT64)",
        "fc00::/7": "private",
        "fe80::/10": "link-local",
        "fec0::/10": "private",
        "ff00::/8": "multicast",
    }.items()
}

_NAT64 = IPv6Network("64:ff9b::/96")
"""How a network of IPv6 alone reaches every address of IPv4: as good as the one inside."""

_ISATAP = {0x00005EFE, 0x02005EFE}
"""The third quarter of such an address; the last is one of IPv4."""


def why_closed(address: Address) -> str | None:
    """What kind of address it is, where it is none of the public internet; None where it is one."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _CLOSED_4.items() if address in network), None)
    if address.scope_id is not None:
        return "of one link alone"
    if address in _NAT64:
        return why_closed(IPv4Address(int(address) & 0xFFFFFFFF))
    for network, kind in _CLOSED_6.items():
        if address in network:
            return kind
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return "an address of IPv4 inside one of IPv6 (ISATAP)"
    return None if address in _OPEN_6 else "reserved"
