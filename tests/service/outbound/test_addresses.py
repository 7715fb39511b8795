"""Which addresses are of the public internet."""

from ipaddress import ip_address

import pytest

from service.outbound.addresses import why_closed

CLOSED = [
    # of IPv4
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
    *("127.255.255.254", "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.1", "192.0.0.192", "192.0.2.7", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    # of IPv6
    *("::", "::1", "fe80::1", "fe80::1%eth0", "2600::1%2", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("100::1", "2001::1", "2001:10::1", "2001:20::1", "2001:db8::7", "3fff::1", "5f00::1", "4000::1"),
    # of IPv4 inside IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    *(
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
    ),
    *(
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::10.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::1",
    ),
    *("2001:0:7f00:1::", "2600::5efe:127.0.0.1", "2600::200:5efe:10.0.0.1"),
]
OPEN = [
    "8.8.8.8",
    "1.1.1.1",
    "100.63.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "2606:4700::1111",
    "2a00:1450::1",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_told_apart(address: str) -> None:
    assert why_closed(ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_let_through(address: str) -> None:
    assert why_closed(ip_address(address)) is None
