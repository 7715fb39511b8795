"""Connections on which every wait ends with the call, however the other side behaves.

The `timeout` of requests is per read, so that a byte now and then keeps a call alive for ever. Here each
read, write and connect is given what is left of the call, which bounds a dripping header, a dripping body
and a dripping TLS handshake alike, in the calling thread: there is no second thread to be left behind.
Only the system's name look-up cannot be bounded like that; it gets a thread, one per name at a time.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

Address = tuple[int, int, int, str, Any]
"""Shape: as `socket.getaddrinfo` gives it."""

Resolving = Callable[[str, int, bool], Sequence[Address]]
"""Host, port and whether it is by TLS → the addresses to try, in their order. Raises `OSError`."""

# The kernel's waits know no other time than this one, so it is not the host's clock that is read here.
_ends_at_s: ContextVar[float] = ContextVar("call_ends_at_s")


@contextmanager
def every_wait_within(seconds: float) -> Iterator[None]:
    """Bounds all waits of this thread's connections, taken together."""
    token = _ends_at_s.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at_s.reset(token)


def time_is_up() -> bool:
    return time.monotonic() >= _ends_at_s.get()


def left_s() -> float:
    """Raises `TimeoutError` where nothing is left."""
    left = _ends_at_s.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the call's time is up")
    return left


class BoundedSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(left_s())
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(left_s())
        super().sendall(*args, **kwargs)


class BoundedTlsSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(left_s())
        super().do_handshake(block)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(left_s())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(left_s())
        return super().send(*args, **kwargs)


class NameLookup:
    """The system's resolver with a time limit. A look-up past it goes on alone and is joined by the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[int, str, int], Future[Sequence[Address]]] = {}

    def addresses(self, host: str, port: int) -> Sequence[Address]:
        """Raises `TimeoutError` when the call's time is up, else `OSError`."""
        if _is_literal(host):
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        key = (os.getpid(), host, port)  # a forked process does not inherit the thread that would answer
        with self._lock:
            lookup = self._running.get(key)
            if lookup is None:
                lookup = self._running[key] = Future()
                threading.Thread(
                    target=self._resolve, args=(key, lookup), name="provider-name-lookup", daemon=True
                ).start()
        return lookup.result(left_s())

    def _resolve(self, key: tuple[int, str, int], lookup: Future[Sequence[Address]]) -> None:
        _, host, port = key
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            lookup.set_exception(error if isinstance(error, OSError) else socket.gaierror(str(error)))
        else:
            lookup.set_result(addresses)
        finally:
            with self._lock:
                del self._running[key]


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


_names = NameLookup()


def by_name(host: str, port: int, _tls: bool) -> Sequence[Address]:
    """Whatever the system says; for addresses that the operator has set."""
    return _names.addresses(host, port)


def connect(
    host: str,
    port: int,
    options: Sequence[tuple[int, int, Any]],
    *,
    tls: bool = False,
    resolving: Resolving = by_name,
) -> BoundedSocket:
    """To the first address that accepts; each gets an equal share of the time that is left."""
    addresses = resolving(host, port, tls)
    failure: OSError = OSError("the name has no address")
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = BoundedSocket(family, kind, protocol)
        try:
            for option in options:
                connection.setsockopt(*option)
            connection.settimeout(left_s() / (len(addresses) - position))
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


class _Connecting(HTTPConnection):
    resolving: ClassVar[Resolving]
    tls: ClassVar[bool] = False

    def _new_conn(self) -> socket.socket:
        options = self.socket_options or ()
        try:
            return connect(self.host, self.port, options, tls=self.tls, resolving=type(self).resolving)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except OSError as error:
            raise NewConnectionError(self, "no connection") from error


class _TlsConnecting(_Connecting, HTTPSConnection):
    tls = True


def _pools(resolving: Resolving) -> dict[str, type[HTTPConnectionPool]]:
    """By scheme. urllib3 makes connections of a class, so that what they are to know is the class's."""
    known = {"resolving": staticmethod(resolving)}
    plain = type("Connection", (_Connecting,), known)
    by_tls = type("TlsConnection", (_TlsConnecting,), known)
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": by_tls}),
    }


class BoundedAdapter(HTTPAdapter):
    """Keeps `pool_size` connections open per host. Only to be used inside `every_wait_within`."""

    def __init__(self, pool_size: int, *, hosts: int = 1, resolving: Resolving = by_name) -> None:
        self._resolving = resolving
        super().__init__(pool_connections=hosts, pool_maxsize=pool_size, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        tls = create_urllib3_context()
        tls.sslsocket_class = BoundedTlsSocket
        super().init_poolmanager(*args, **kwargs, ssl_context=tls)
        self.poolmanager.pool_classes_by_scheme = _pools(self._resolving)
