"""What the simulator was asked, and how many calls it had in hand at once."""

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from providers.testing.quimbi_simulator.dialect import Endpoint

REMEMBERED_REQUESTS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """`body` is the parsed JSON, None where it was none; header names are lower-case."""

    endpoint: Endpoint
    customer_id: str | None
    headers: Mapping[str, str]
    body: Any


class Ledger:
    def __init__(self) -> None:
        self._calls: Counter[tuple[Endpoint, str | None]] = Counter()
        self._requests: deque[RecordedRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self._in_flight = 0
        self._max_parallel = 0
        self._lock = threading.Lock()

    @contextmanager
    def visit(self, request: RecordedRequest) -> Iterator[int]:
        """Yields how many calls are in flight with this one; health checks are counted, never in flight."""
        weight = 0 if request.endpoint is Endpoint.HEALTH else 1
        with self._lock:
            self._calls[request.endpoint, request.customer_id] += 1
            self._requests.append(request)
            self._in_flight += weight
            self._max_parallel = max(self._max_parallel, self._in_flight)
            in_flight = self._in_flight
        try:
            yield in_flight
        finally:
            with self._lock:
                self._in_flight -= weight

    def calls(self, endpoint: Endpoint | None = None, customer_id: str | None = None) -> int:
        """None for `endpoint` means all but `/health`, None for `customer_id` means anybody."""
        with self._lock:
            return sum(
                count
                for (asked, about), count in self._calls.items()
                if (asked is not Endpoint.HEALTH if endpoint is None else asked is endpoint)
                and customer_id in (None, about)
            )

    def requests(self, endpoint: Endpoint | None = None) -> list[RecordedRequest]:
        with self._lock:
            return [request for request in self._requests if endpoint in (None, request.endpoint)]

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def max_parallel(self) -> int:
        return self._max_parallel

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()
            self._requests.clear()
            self._max_parallel = self._in_flight
