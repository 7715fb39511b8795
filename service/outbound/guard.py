"""Which addresses the desk calls: told when one is entered, and decided each time that it connects."""

import re
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests

from providers.http.sockets import Address as Resolved
from providers.http.sockets import by_name
from service.outbound.addresses import Address, why_closed
from service.outbound.allowed import HOST, Allowed
from service.outbound.failures import AddressRefused

HTTPS_PORT = 443
PORTS = frozenset({HTTPS_PORT, 8443})
SCHEMES = {"https": HTTPS_PORT, "http": 80}

_UNSOUND = re.compile(r"[^\x21-\x7e\u00a1-\uffff\U00010000-\U0010ffff]|\\")
"""White space, controls, a backslash: each is read otherwise by one or another library."""

_USER = re.compile(r"[^/]*//[^/?#]*@")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)
_INNER_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")

Lookup = Callable[[str, int], Sequence[Resolved]]


def _by_system(host: str, port: int) -> Sequence[Resolved]:
    return by_name(host, port, True)


class AddressGuard:
    """`lookup` is asked once per connection, and what it says is what is connected to."""

    def __init__(self, allowed: Allowed, lookup: Lookup = _by_system) -> None:
        self._allowed = allowed
        self._lookup = lookup

    def check(self, url: str) -> str:
        """The address as it will be asked for. Raises `AddressRefused`, as far as no look-up tells."""
        if _UNSOUND.search(url):
            raise AddressRefused("An address has neither spaces, control characters nor backslashes.")
        try:
            asked_for = requests.Request("POST", url).prepare().url or ""  # by the library that will ask
            parts = urlsplit(asked_for)
            host, port = parts.hostname or "", parts.port
        except (requests.RequestException, ValueError):
            raise AddressRefused("That is no address; it must read https://host/path.") from None
        if parts.scheme not in SCHEMES or not host:
            raise AddressRefused("That is no address; it must read https://host/path.")
        if _USER.match(url):
            raise AddressRefused("An address must not carry a user or a password.")
        if "#" in url:
            raise AddressRefused("An address must not have a fragment.")
        self._check_name(host)
        address = _literal(host)
        if address is not None:
            self._check_address(host, address)
        if address is not None or not self._allowed.networks:  # else a look-up tells whether it is in one
            way = SCHEMES[parts.scheme] if port is None else port, parts.scheme == "https"
            self._check_way(host, *way, [address] if address else [])
        return asked_for

    def resolve(self, host: str, port: int, tls: bool) -> list[Resolved]:
        """The addresses to connect to, each of them checked. Raises `AddressRefused`, `OSError`.

        One that is refused among many is a reason to refuse them all: who owns the name chooses the order.
        """
        self._check_name(host)
        found = [
            (family, kind, protocol, _parsed(at))
            for family, kind, protocol, _, at in self._lookup(host, port)
        ]
        for *_, address in found:
            self._check_address(host, address)
        self._check_way(host, port, tls, [address for *_, address in found])
        return [
            (
                family,
                kind,
                protocol,
                "",
                (str(address), port) if family == socket.AF_INET else (str(address), port, 0, 0),
            )
            for family, kind, protocol, address in found
        ]

    def _check_name(self, host: str) -> None:
        if self._allowed.has_host(host) or _literal(host) is not None:
            return
        name = host.lower().rstrip(".")
        if not HOST.fullmatch(name):
            raise AddressRefused("That is not the name of a host.")
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            raise AddressRefused(
                "An IP address must be written in full, such as 198.51.100.7 or [2001:db8::7]."
            )
        if any(name == inner or name.endswith(f".{inner}") for inner in _INNER_NAMES):
            raise AddressRefused(f"{host} is a name of an inner network.")

    def _check_address(self, host: str, address: Address) -> None:
        if self._allowed.has_host(host) or self._allowed.has_address(address):
            return
        kind = why_closed(address)
        if kind is not None:
            raise AddressRefused(f"{host} is at an address that is not of the public internet ({kind}).")

    def _check_way(self, host: str, port: int, tls: bool, addresses: Sequence[Address]) -> None:
        if self._allowed.has_host(host) or (addresses and all(map(self._allowed.has_address, addresses))):
            return
        if not tls:
            raise AddressRefused("The address must begin with https.")
        if port not in PORTS:
            raise AddressRefused(f"The port must be one of: {', '.join(map(str, sorted(PORTS)))}.")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _parsed(at: Sequence[object]) -> Address:
    """A link that the system tells as a number, beside the address, is a part of it."""
    text = str(at[0])
    scoped = len(at) > 3 and at[3] and "%" not in text
    return ip_address(f"{text}%{at[3]}" if scoped else text)
