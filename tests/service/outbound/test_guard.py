"""Addresses that are meant to bring the desk to where it must not go."""

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from providers.http.sockets import by_name
from service.outbound import AddressGuard, Allowed
from service.outbound.failures import AddressRefused

PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"

Answers = Sequence[tuple[int, int, int, str, Any]]


def answering(*addresses: str) -> Answers:
    """As `socket.getaddrinfo` would."""
    return [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 443, 0, 0))
        if ":" in address
        else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
        for address in addresses
    ]


def guard(*addresses: str, allowed: Sequence[str] = ()) -> AddressGuard:
    return AddressGuard(Allowed.parse(allowed), lambda host, port: answering(*addresses))


WRITTEN_OTHERWISE = [
    # 127.0.0.1 and 169.254.169.254, in all the ways that one library or another reads
    *(
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7F.0x0.0x0.0x1",
        "017700000001",
        "0177.0.0.1",
        "0177.0.0.01",
    ),
    *("127.1", "127.0.1", "0", "0.0.0.0", "127.000.000.001", "2852039166", "0xa9fea9fe", "169.254.43518"),
    *("0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "127.0.0.1.", "localhost", "localhost.", "localhost.."),
    *(
        "LOCALHOST",
        "foo.localhost",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ),
    *(
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[::1%25lo]",
    ),
    *(
        "[fd00:ec2::254]",
        "169.254.169.254",
        "metadata.google.internal",
        "printer.local",
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
        "①②⑦.⓪.⓪.①",
    ),
    *("127。0。0。1", "localhost%00.example.com", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"),
]


@pytest.mark.parametrize("host", WRITTEN_OTHERWISE)
def test_an_address_of_the_desk_itself_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(AddressRefused):
        guard(PUBLIC).check(f"https://{host}/hook")


@pytest.mark.parametrize("host", WRITTEN_OTHERWISE)
def test_and_refused_again_when_it_connects_whatever_was_told_before(host: str) -> None:
    """By the system's own reading of numbers, which needs no network."""
    name = host.strip("[]").replace("%25", "%")
    with pytest.raises((AddressRefused, OSError, UnicodeError)):
        AddressGuard(Allowed(), by_literal).resolve(name, 443, True)


def by_literal(host: str, port: int) -> Answers:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


UNSOUND = [
    *(
        "",
        "hook",
        "//receiver.example/hook",
        "ftp://receiver.example/",
        "file:///etc/passwd",
        "gopher://receiver.example/",
    ),
    *(
        "javascript:alert(1)",
        "http://receiver.example/",
        "https:///hook",
        "https://",
        "https://?x",
        "https://#x",
    ),
    *("https://user@receiver.example/", "https://user:word@receiver.example/", "https://@receiver.example/"),
    *(
        "https://receiver.example@127.0.0.1/",
        "https://127.0.0.1@receiver.example/",
        "https://receiver.example#@127.0.0.1/",
    ),
    *(
        "https://127.0.0.1#receiver.example",
        "https://127.0.0.1\\@receiver.example/",
        "https://receiver.example\\.inner/",
    ),
    *("https://receiver.example:22/", "https://receiver.example:65536/"),
    *(
        "https://receiver.example:443x/",
        "https://receiver.example:\uff18\uff10/",
        "https://receiver.example/a b",
    ),
    *(
        "https://receiver.example/\r\nHost: 127.0.0.1",
        "https://receiver.example\r\n/",
        "https://receiver.exa\tmple/",
    ),
    *(
        " https://receiver.example/",
        "https://receiver.example/#part",
        "https://[::1/",
        "https://::1/",
        "https://[receiver]/",
    ),
    *(
        "https://receiver..example/",
        "https://.receiver.example/",
        "https://\u0000/",
        "https://\ud800.example/",
    ),
]


@pytest.mark.parametrize("url", UNSOUND)
def test_what_libraries_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        guard(PUBLIC).check(url)


@pytest.mark.parametrize(
    ("url", "asked_for"),
    [
        ("https://receiver.example/hook?team=7", "https://receiver.example/hook?team=7"),
        ("https://receiver.example", "https://receiver.example/"),
        ("https://receiver.example:8443/", "https://receiver.example:8443/"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        (f"https://{PUBLIC}/", f"https://{PUBLIC}/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_a_plain_address_is_let_through(url: str, asked_for: str) -> None:
    assert guard(PUBLIC).check(url) == asked_for


@pytest.mark.parametrize(
    "answers",
    [
        [PRIVATE],
        [PUBLIC, PRIVATE],
        [PRIVATE, PUBLIC],
        [PUBLIC, "::1"],
        [PUBLIC, "::ffff:10.0.0.7"],
        [PUBLIC, "169.254.169.254"],
        ["2606:4700::1111", "fd00:ec2::254"],
        [PUBLIC, "64:ff9b::7f00:1"],
    ],
)
def test_one_address_that_is_not_public_refuses_the_name(answers: list[str]) -> None:
    with pytest.raises(AddressRefused):
        guard(*answers).resolve("receiver.example", 443, True)


def test_a_link_that_the_system_tells_beside_an_address_counts() -> None:
    of_link = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2606:4700::1111", 443, 0, 2))]
    with pytest.raises(AddressRefused):
        AddressGuard(Allowed(), lambda host, port: of_link).resolve("receiver.example", 443, True)


def test_what_is_connected_to_is_what_was_checked() -> None:
    (first, second) = guard(PUBLIC, "2606:4700::1111").resolve("receiver.example", 8443, True)
    assert first[4] == (PUBLIC, 8443)
    assert second[4] == ("2606:4700::1111", 8443, 0, 0)


@pytest.mark.parametrize(("port", "tls"), [(443, False), (80, False), (25, True), (6379, True)])
def test_the_way_is_checked_when_it_connects_too(port: int, tls: bool) -> None:
    with pytest.raises(AddressRefused):
        guard(PUBLIC).resolve("receiver.example", port, tls)


def test_a_network_of_the_allow_list_may_be_called_in_any_way() -> None:
    inner = guard(PRIVATE, allowed=["10.0.0.0/8"])
    assert inner.check("http://10.0.0.7:5000/hook") == "http://10.0.0.7:5000/hook"
    assert inner.resolve("10.0.0.7", 5000, False)
    assert inner.resolve("receiver.example", 443, True)
    with pytest.raises(AddressRefused):
        inner.check("http://192.168.0.7:5000/hook")


def test_a_host_of_the_allow_list_may_be_anywhere() -> None:
    inner = guard(PRIVATE, allowed=["Hooks.Intranet."])
    assert inner.check("http://hooks.intranet:5000/") == "http://hooks.intranet:5000/"
    assert inner.resolve("hooks.intranet", 5000, False)
    for other in ("other.hooks.intranet", "xhooks.intranet", "intranet"):
        with pytest.raises(AddressRefused):
            inner.check(f"https://{other}/")


def test_an_address_inside_another_is_none_of_the_allow_list() -> None:
    with pytest.raises(AddressRefused):
        guard(allowed=["127.0.0.0/8"]).check("https://[::ffff:127.0.0.1]/")


@pytest.mark.parametrize(
    "entry", ["10.0.0.1/8", "*", "*.intranet", "http://hooks.intranet", "a b", "1.2.3", "-a", ""]
)
def test_an_entry_of_the_allow_list_that_means_nothing_is_told(entry: str) -> None:
    with pytest.raises(ValueError, match="^" + "".join(f"\\{c}" if not c.isalnum() else c for c in entry)):
        Allowed.parse([entry])


def test_the_system_is_asked_where_nobody_else_is() -> None:
    assert by_name("127.0.0.1", 443, True)
    with pytest.raises(AddressRefused):
        AddressGuard(Allowed()).resolve("127.0.0.1", 443, True)
