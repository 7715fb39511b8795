"""A Quimbi Backend to test against: real sockets, true answers, faults on demand."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from providers.ports import Clock
from providers.testing.quimbi_simulator.application import Application, customer_of, parse_body
from providers.testing.quimbi_simulator.control import CONTROL_PATH, Control
from providers.testing.quimbi_simulator.delivery import begin, hold
from providers.testing.quimbi_simulator.deployed import Deployed
from providers.testing.quimbi_simulator.dialect import ROUTES, Dialect, DialectName, Endpoint
from providers.testing.quimbi_simulator.documented import Documented
from providers.testing.quimbi_simulator.faults import Fault, FaultBoard, Hits, InjectedFault
from providers.testing.quimbi_simulator.ledger import Ledger, RecordedRequest
from providers.testing.quimbi_simulator.population import Population
from providers.testing.quimbi_simulator.profiles import CustomerProfile
from providers.testing.quimbi_simulator.rate_limit import RateLimit, RateLimiter
from providers.testing.wire import Request, Wire, WireServer

NO_HITS = Hits((), threading.Event())
DEFAULT_API_KEY = "qpk_test_simulator"


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Stall:
    """A time during which the whole installation answers nobody."""

    def __init__(self) -> None:
        self._until_s = 0.0

    def begin(self, seconds: float) -> None:
        self._until_s = max(self._until_s, time.monotonic() + seconds)

    def end(self) -> None:
        self._until_s = 0.0

    @property
    def remaining_s(self) -> float:
        return max(0.0, self._until_s - time.monotonic())


class QuimbiSimulator:
    """Serves from entering to leaving it as a context.

    `clock` drives the rate limit and the times in replies; waits take real time.
    """

    def __init__(
        self,
        *,
        dialect: DialectName | str = DialectName.DEPLOYED,
        api_key: str = DEFAULT_API_KEY,
        host: str = "127.0.0.1",
        port: int = 0,
        customers: int = 300,
        rate_limit: RateLimit | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.dialect = DialectName(dialect)
        self._population = Population(count=customers)
        self._clock = clock or SystemClock()
        self._limiter = RateLimiter(rate_limit, self._clock) if rate_limit else None
        self._application = Application(
            dialect=self._spoken(),
            population=self._population,
            api_key=api_key,
            limiter=self._limiter,
            clock=self._clock,
        )
        self._board = FaultBoard()
        self._ledger = Ledger()
        self._stall = Stall()
        self._control = Control(self)
        self._server = WireServer((host, port), self._respond)

    def _spoken(self) -> Dialect:
        return Documented() if self.dialect is DialectName.DOCUMENTED else Deployed(self._clock.now)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every connection, hung ones included. Closing again does nothing."""
        self._server.close()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def url_by_another_name(self) -> str:
        """The same server under another host name, as the default goal of a redirect."""
        return f"http://localhost:{self._server.server_address[1]}"

    def inject(
        self,
        fault: Fault | str,
        *,
        endpoint: Endpoint | str | None = None,
        customer_id: str | None = None,
        times: int | None = None,
        **parameters: Any,
    ) -> None:
        """For the next `times` calls that it hits. Raises `ValueError` for what does not exist."""
        injected = InjectedFault(
            fault=Fault(fault),
            endpoint=None if endpoint is None else Endpoint(endpoint),
            customer_id=customer_id,
            parameters=parameters,
        )
        self._board.inject(injected, times=times)

    def clear_faults(self) -> None:
        """Calls that hang, drip or wait under a fault are answered at once."""
        self._stall.end()
        self._board.clear()

    def reset(self) -> None:
        """Clear faults, counters, recorded requests and used quota; customers that were added stay."""
        self.clear_faults()
        self._ledger.forget()
        if self._limiter:
            self._limiter.forget()

    def faults(self) -> list[dict[str, Any]]:
        return self._board.state()

    def calls(self, endpoint: Endpoint | str | None = None, *, customer_id: str | None = None) -> int:
        """Requests received, whatever became of them; without an endpoint all but `/health`."""
        return self._ledger.calls(None if endpoint is None else Endpoint(endpoint), customer_id)

    def requests(self, endpoint: Endpoint | str | None = None) -> list[RecordedRequest]:
        """The latest 2,000 at most, newest last."""
        return self._ledger.requests(None if endpoint is None else Endpoint(endpoint))

    def customer(self, customer_id: str) -> CustomerProfile:
        """Raises `KeyError` for a customer whom the simulator does not know."""
        if (profile := self._population.find(customer_id)) is None:
            raise KeyError(customer_id)
        return profile

    @property
    def customer_ids(self) -> list[str]:
        """All but `cust_N`, `empty_N` and `broken_N`, of which there is no end."""
        return self._population.ids

    def add_customer(self, like: str, **changes: Any) -> CustomerProfile:
        """One more customer, or a changed one, made from the profile of `like`."""
        profile = replace(self.customer(like), **changes)
        self._population.add(profile)
        return profile

    @property
    def in_flight(self) -> int:
        return self._ledger.in_flight

    @property
    def max_parallel(self) -> int:
        return self._ledger.max_parallel

    def _respond(self, request: Request, wire: Wire) -> None:
        if request.path.startswith(CONTROL_PATH):
            wire.send(self._control.answer(request))
            return
        endpoint = ROUTES.get(request.path)
        body = parse_body(request.raw)
        if endpoint is None:
            wire.write(self._begin(request, body, NO_HITS, wire))
            return
        hits = self._board.hits(endpoint, customer_of(body))
        recorded = RecordedRequest(
            endpoint=endpoint, customer_id=customer_of(body), headers=request.headers, body=body
        )
        with self._ledger.visit(recorded) as in_flight:
            self._delay(wire, hits, in_flight)
            rest = self._begin(request, body, hits, wire)
        wire.write(rest)  # out of flight first: who has its answer may call again at once

    def _begin(self, request: Request, body: Any, hits: Hits, wire: Wire) -> bytes:
        hold(wire, hits)
        reply = self._application.answer(request, body, hits, elsewhere=self.url_by_another_name)
        return begin(wire, reply, hits)

    def _delay(self, wire: Wire, hits: Hits, in_flight: int) -> None:
        lock_up = hits.parameters(Fault.LOCK_UP)
        if lock_up is not None and in_flight >= lock_up["parallel"]:
            self._stall.begin(lock_up["seconds"])
        latency = hits.parameters(Fault.LATENCY)
        if latency is not None and latency["whole_process"]:
            self._stall.begin(latency["seconds"])
        elif latency is not None:
            wire.wait(latency["seconds"], hits.released)
        while not hits.released.is_set() and (remaining_s := self._stall.remaining_s) > 0:
            wire.wait(remaining_s, hits.released)
