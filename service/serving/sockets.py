"""Listening sockets, made before any process is, so that a taken port is found out once and at once."""

import errno
import socket
from typing import Any, NamedTuple

BACKLOG = 1024


class CannotListen(Exception):
    """The message is one line for the operator."""


class Cures(NamedTuple):
    """What an operator sets to have another address."""

    host: str = "HOST or --host"
    port: str = "PORT or --port"


CLIENTS = Cures()
MONITORING = Cures(host="METRICS_HOST", port="METRICS_PORT")


def listen(host: str, port: int, count: int, cures: Cures = CLIENTS) -> list[socket.socket]:
    """`count` sockets on one address, among which the kernel shares out connections. Port 0: any free one."""
    family, address = _resolve(host, port, cures)
    first = _bind(family, address, cures)
    sockets = [first]
    if count > 1:
        # Only after the first is bound: with it set before, a second server would silently join the first.
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sockets += [_bind(family, first.getsockname(), cures, share=True) for _ in range(count - 1)]
    for listener in sockets:
        try:
            listener.listen(BACKLOG)
        except OSError as error:  # another server bound the same port and was first to listen
            raise _explained(error, first.getsockname(), cures) from error
    return sockets


Address = tuple[Any, ...]


def _resolve(host: str, port: int, cures: Cures) -> tuple[socket.AddressFamily, Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotListen(f"{host} is no address of this machine; set {cures.host}.") from error
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)  # localhost is 127.0.0.1 where it is both
    family, _, _, _, address = found[0]
    return family, address


def _bind(
    family: socket.AddressFamily, address: Address, cures: Cures, *, share: bool = False
) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _explained(error, address, cures) from error
    return listener


def _explained(error: OSError, address: Address, cures: Cures) -> CannotListen:
    host, port = address[:2]
    if error.errno == errno.EADDRINUSE:
        return CannotListen(f"Port {port} on {host} is taken; stop what uses it, or set {cures.port}.")
    if error.errno == errno.EACCES:
        return CannotListen(f"Port {port} needs more rights than this user has; set {cures.port}.")
    return CannotListen(f"Cannot listen on {host} port {port}: {error.strerror}.")
