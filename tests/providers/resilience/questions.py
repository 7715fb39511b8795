"""Questions to put to a chain, and threads to put them from."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from providers.deadline import Deadline
from providers.errors import ProviderError
from providers.models import (
    AnalysisRequest,
    ChurnRequest,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    TicketContext,
)
from providers.ports import Clock
from providers.resilience.visits import CURRENT, Visit

V = TypeVar("V")

ANYBODY = CustomerRef("cust_123")
TICKET = TicketContext(id="ticket_123", subject="Where is it?", channel="email", priority="normal", version=1)


def analysis(customer_id: str = ANYBODY.id) -> AnalysisRequest:
    return AnalysisRequest(CustomerRef(customer_id))


def churn(window_days: int = 90) -> ChurnRequest:
    return ChurnRequest(ANYBODY, window_days)


def ltv(horizon_months: int = 12) -> LtvRequest:
    return LtvRequest(ANYBODY, horizon_months)


def draft() -> DraftRequest:
    return DraftRequest(customer=ANYBODY, ticket=TICKET)


def soon(clock: Clock, seconds: float = 10.0) -> Deadline:
    return Deadline.after(seconds, clock)


def outcome(work: Callable[[], Any]) -> Any:
    """What it returned, or the error it raised."""
    try:
        return work()
    except ProviderError as error:
        return error


def on(visit: Visit, work: Callable[[], Any]) -> Any:
    """As a server runs it for one of its requests."""
    token = CURRENT.set(visit)
    try:
        return work()
    finally:
        CURRENT.reset(token)


def at_once(callers: int, work: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(callers) as pool:
        return [future.result() for future in [pool.submit(outcome, work) for _ in range(callers)]]


def eventually(look: Callable[[], V], enough: Callable[[V], Any], within_s: float = 5) -> V:
    """What is seen once it is enough: for what happens on another thread."""
    give_up_at = time.monotonic() + within_s
    while not enough(seen := look()):
        assert time.monotonic() < give_up_at, f"after {within_s} s still {seen!r}"
        time.sleep(0.01)
    return seen
