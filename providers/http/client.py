"""JSON over HTTP to one upstream. Each way to fail is put in the words of `providers.errors`, here only."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote

import msgspec
import requests
import structlog
import urllib3

from providers.errors import (
    AccessRefused,
    CustomerNotFound,
    DeadlinePassed,
    InvalidAnswer,
    ProviderError,
    ProviderFault,
    RateLimited,
    RequestRefused,
    TimedOut,
    Unreachable,
    UpstreamError,
)
from providers.http.sockets import BoundedAdapter, every_wait_within, time_is_up
from providers.ports import Clock
from providers.tracing import outgoing_headers

LARGEST_REPLY = 1 << 20
"""Bytes, decompressed."""

DIGITS = 18
"""Of a size that somebody states: longer ones are no numbers that anything has."""

PASSING = frozenset({500, 502, 503, 504})
"""Server faults after which the same call may succeed at once."""

_HEADER_SAFE = re.compile(r"[\x21-\x7e]{1,128}")

TellsUnknownCustomer = Callable[[object], bool]
"""Whether the JSON of a 404 says that the customer is unknown."""


def _never(_: object) -> bool:
    return False


class HttpClient:
    """Thread-safe. Each process gets its own connections, made at its first call.

    `service` names the upstream in messages. `credentials` are headers, sent to `base_url` and nowhere else:
    no redirect is followed. A 404 is `CustomerNotFound` where `unknown_customer` says so of its body, else
    `InvalidAnswer`, since an address that is set wrong answers 404 too.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        clock: Clock,
        *,
        credentials: Mapping[str, str],
        pool_size: int,
        unknown_customer: TellsUnknownCustomer = _never,
    ) -> None:
        self._service = service
        self._base_url = base_url
        self._clock = clock
        self._credentials = credentials
        self._pool_size = pool_size
        self._unknown_customer = unknown_customer
        self._decoder = msgspec.json.Decoder(float_hook=Decimal)
        self._sessions: dict[int, requests.Session] = {}

    def __repr__(self) -> str:
        return f"HttpClient({self._service!r}, {self._base_url!r})"

    def get(self, path: str, timeout_s: float) -> Mapping[str, object]:
        """As `post`. An id in `path` goes through `segment`."""
        return self._request("GET", path, None, timeout_s)

    def post(self, path: str, body: bytes, timeout_s: float) -> Mapping[str, object]:
        """The reply's JSON object, its fractions as Decimal, within `timeout_s` in all.

        `body` is JSON. Raises `CustomerNotFound`, `RateLimited`, `DeadlinePassed` or a `ProviderFault`.
        """
        return self._request("POST", path, body, timeout_s)

    def close(self) -> None:
        if session := self._sessions.pop(os.getpid(), None):
            session.close()

    def _request(self, method: str, path: str, body: bytes | None, timeout_s: float) -> Mapping[str, object]:
        if timeout_s <= 0:
            raise DeadlinePassed
        with every_wait_within(timeout_s):
            try:
                return self._exchange(method, path, body, timeout_s)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                raise self._failure(error) from error

    def _exchange(self, method: str, path: str, body: bytes | None, timeout_s: float) -> Mapping[str, object]:
        with self._session().request(
            method,
            self._base_url + path,
            data=body,
            headers=self._headers(body),
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
        ) as response:
            if not HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
                raise self._refusal(response)
            answer = self._decoded(_read(response))
        if not isinstance(answer, dict):
            raise InvalidAnswer("the reply is no JSON object")
        if answer.get("error"):
            raise InvalidAnswer("the reply is an error in spite of its status")
        return answer

    def _session(self) -> requests.Session:
        pid = os.getpid()  # connections do not survive a fork: two processes would read each other's replies
        return self._sessions.get(pid) or self._sessions.setdefault(pid, _new_session(self._pool_size))

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = dict(self._credentials) | outgoing_headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if isinstance(request_id, str) and _HEADER_SAFE.fullmatch(request_id):
            headers["X-Request-ID"] = request_id
        return headers

    def _decoded(self, body: bytes) -> object:
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, ArithmeticError, RecursionError) as error:
            raise InvalidAnswer("the reply is no JSON") from error

    def _refusal(self, response: requests.Response) -> ProviderError:
        status = response.status_code
        said = f"{self._service} answered {status}"
        refusal: ProviderError = InvalidAnswer(said)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            refusal = AccessRefused(said)
        elif status == HTTPStatus.NOT_FOUND:
            refusal = CustomerNotFound(said) if self._names_no_customer(response) else InvalidAnswer(said)
        elif status == HTTPStatus.TOO_MANY_REQUESTS:
            refusal = RateLimited(said, retry_after_s=self._retry_after_s(response))
        elif status in PASSING:
            refusal = UpstreamError(said, retry_after_s=self._retry_after_s(response))
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            refusal = ProviderFault(said)
        elif status >= HTTPStatus.BAD_REQUEST:
            refusal = RequestRefused(said)
        return refusal

    def _names_no_customer(self, response: requests.Response) -> bool:
        """An unknown customer and an unknown route share the status; only the body tells them apart."""
        try:
            body = self._decoded(_read(response))
        except InvalidAnswer:
            return False
        return self._unknown_customer(body)

    def _retry_after_s(self, response: requests.Response) -> float | None:
        return retry_after_s(response.headers.get("Retry-After", ""), self._clock.now())

    def _failure(self, error: Exception) -> ProviderError:
        """A wait that ran out shows in a dozen ways; the clock shows it in one."""
        if time_is_up() or isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            return TimedOut(f"{self._service} did not answer in time")
        if isinstance(error, urllib3.exceptions.DecodeError) or any(map(_is_garbled, causes(error))):
            return InvalidAnswer("the reply is no HTTP")
        return Unreachable(f"no connection to {self._service}, or it was cut")


def retry_after_s(stated: str, now: datetime) -> float | None:
    """Of `Retry-After`, which is a number of seconds or a date; None where it is neither."""
    stated = stated.strip()
    if re.fullmatch(r"[0-9]{1,9}", stated):
        return float(stated)
    try:
        at = parsedate_to_datetime(stated)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (_in_utc(at) - now).total_seconds())


def segment(customer_id: str) -> str:
    """The id as one segment of a path. Raises `CustomerNotFound` for one that no segment can hold."""
    try:
        encoded = quote(customer_id, safe="")
    except UnicodeEncodeError as error:
        raise CustomerNotFound("no path can hold such an id") from error
    if encoded in {"", ".", ".."}:  # these lead to another path, however they are encoded
        raise CustomerNotFound("no path can hold such an id")
    return encoded


def _new_session(pool_size: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a netrc would replace our credentials, a proxy variable redirect them
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "application/json", "User-Agent": "support-desk"})
    adapter = BoundedAdapter(pool_size)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _read(response: requests.Response) -> bytes:
    """The body, as long as it is no larger than a reply may be."""
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and (len(declared) > DIGITS or int(declared) > LARGEST_REPLY):
        raise InvalidAnswer("the reply is too large")
    body: bytes = response.raw.read(LARGEST_REPLY + 1, decode_content=True)
    if len(body) > LARGEST_REPLY:
        raise InvalidAnswer("the reply is too large")
    return body


def _is_garbled(cause: BaseException) -> bool:
    return isinstance(cause, HTTPException) and not isinstance(cause, RemoteDisconnected | IncompleteRead)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
