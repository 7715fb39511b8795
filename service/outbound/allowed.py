"""What the operator lets the desk call although it would be refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Self

from service.outbound.addresses import Address, Network

HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*")


@dataclass(frozen=True, slots=True)
class Allowed:
    """`hosts`: by name, whatever their addresses are. Either kind may be called at any port, and by http."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Raises `ValueError` with the entry that is neither a network nor a host."""
        hosts, networks = set(), []
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                name = entry.lower().rstrip(".")
                if not HOST.fullmatch(name) or name.rpartition(".")[2].isdecimal():
                    raise ValueError(entry) from None
                hosts.add(name)
        return cls(frozenset(hosts), tuple(networks))

    def has_host(self, host: str) -> bool:
        return host.lower().rstrip(".") in self.hosts

    def has_address(self, address: Address) -> bool:
        return any(address in network for network in self.networks)
