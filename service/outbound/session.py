"""One POST to an address that people entered. Of the answer nothing is read but status and headers."""

import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3

from providers.http import causes, retry_after_s
from providers.http.sockets import BoundedAdapter, every_wait_within, time_is_up
from providers.ports import Clock
from service.outbound.failures import OutboundFailed, Reason
from service.outbound.guard import AddressGuard

USER_AGENT = "support-desk"
HOSTS = 32
"""Whose pools are kept, which are empty: each call closes its connection."""
AT_ONCE = 64
"""Calls to one host at once for which its pool has room; the library warns of each beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`retry_after_s`: None where the answer does not say it."""

    status: int
    retry_after_s: float | None
    duration_s: float

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class OutboundSession:
    """Thread-safe. No redirect is followed, no proxy, netrc or cookie used, and no name looked up twice."""

    def __init__(self, guard: AddressGuard, clock: Clock, *, ca_file: str | None = None) -> None:
        """`ca_file`: certificates to trust in place of those of the public internet."""
        self._guard = guard
        self._clock = clock
        self._ca_file = ca_file
        self._sessions: dict[int, requests.Session] = {}

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> Answer:
        """Within `timeout_s` in all, from the look-up of the name to the last header.

        The body of the answer is left unread, however large or slow it is. Raises `OutboundFailed`.
        """
        began = self._clock.monotonic()
        with every_wait_within(timeout_s):
            try:
                status, stated = self._exchange(url, body, headers, timeout_s)
            except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
                raise _failure(error) from error
        return Answer(
            status=status,
            retry_after_s=retry_after_s(stated, self._clock.now()),
            duration_s=self._clock.monotonic() - began,
        )

    def _exchange(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> tuple[int, str]:
        with self._session().post(
            self._guard.check(url),
            data=body,
            headers=dict(headers),
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
        ) as response:
            return response.status_code, response.headers.get("Retry-After", "")

    def _session(self) -> requests.Session:
        pid = os.getpid()  # connections do not survive a fork
        return self._sessions.get(pid) or self._sessions.setdefault(pid, self._new_session())

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # a proxy would look the name up anew, a netrc add a password
        session.verify = self._ca_file or True
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers.update({"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close"})
        adapter = BoundedAdapter(AT_ONCE, hosts=HOSTS, resolving=self._guard.resolve)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


def _failure(error: Exception) -> OutboundFailed:
    """A wait that ran out shows in a dozen ways; the clock shows it in one."""
    if time_is_up() or isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return OutboundFailed(Reason.TIMEOUT, "There was no answer in time.")
    found = list(causes(error))
    if any(isinstance(cause, socket.gaierror | urllib3.exceptions.NameResolutionError) for cause in found):
        return OutboundFailed(Reason.NO_SUCH_NAME, "The name of the host is not known.")
    if any(isinstance(cause, ssl.SSLError | ssl.CertificateError) for cause in found):
        return OutboundFailed(Reason.TLS, "TLS failed, such as for a certificate that is not good.")
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError | ConnectionError) for cause in found):
        return OutboundFailed(Reason.NO_CONNECTION, "There was no connection, or it was cut.")
    return OutboundFailed(Reason.NO_HTTP, "What came was no HTTP.")
