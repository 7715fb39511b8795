"""What clients ask of providers through the desk, and what an answer tells of a customer in numbers."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

import requests

from providers.chain import IntelligenceChain
from service.database import Database
from service.intelligence.snapshots import mark_outdated
from tests.wire.desk import Desk

R = TypeVar("R")

FACTS = ("intelligence", "churn", "ltv")
TEXTS = ("draft-response", "recommendation")
QUESTIONS = (*FACTS, *TEXTS)
UPSTREAM = {
    "intelligence": "analyze",
    "churn": "churn",
    "ltv": "ltv",
    "draft-response": "message",
    "recommendation": "actions",
}
"""Question → the simulator's endpoint that answers it."""

RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
NOT_ABOUT_THE_CUSTOMER = frozenset({"age_s", "window_days", "horizon_months", "priority"})

_fresh_numbers = count(400_000)


@dataclass(frozen=True)
class Case:
    """A ticket of one customer."""

    desk: Desk
    customer_id: str
    ticket_id: str

    def path(self, question: str) -> str:
        if question in FACTS:
            return f"/api/ai/customers/{self.customer_id}/{question}"
        return f"/api/ai/tickets/{self.ticket_id}/{question}"

    def ask(self, question: str) -> requests.Response:
        return self.desk.get(self.path(question))

    def answer(self, question: str) -> Any:
        """Of a question that is answered, as any must be while a fallback is enabled."""
        answer = self.ask(question)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def regenerate(self, **options: Any) -> Any:
        answer = self.desk.post(f"/api/ai/tickets/{self.ticket_id}/regenerate-draft", options or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def write(self, content: str, *, from_agent: bool) -> None:
        body = {"content": content, "from_agent": from_agent}
        assert self.desk.post(f"/api/tickets/{self.ticket_id}/messages", body).status_code == 201

    def tick_off(self, index: object, change: Any = None) -> requests.Response:
        path = f"/api/ai/tickets/{self.ticket_id}/recommendation/actions/{index}"
        return self.desk.patch(path, {"completed": True} if change is None else change)

    def let_facts_run_out(self) -> None:
        """Cached and kept ones are overdue from now on."""
        with self.desk.component(Database).writing() as session:
            mark_outdated(session, self.customer_id, datetime.now(UTC))
        self.desk.component(IntelligenceChain).forget(self.customer_id)

    def let_facts_be_renewed(self) -> None:
        """The provider has been asked anew for them, behind a first look."""
        self.let_facts_run_out()
        eventually(lambda: self.answer("intelligence")["provenance"]["source"] == "cache" or None)


def new_case(desk: Desk, customer_id: str | None = None, **fields: Any) -> Case:
    """Of a customer nobody asked about before, unless named."""
    who = customer_id or f"cust_{next(_fresh_numbers)}"
    return Case(desk, who, desk.new_ticket(who, **fields))


def numbers_in(answer: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number that an answer tells of its customer, by the name of its field."""
    if isinstance(answer, dict):
        for field, value in answer.items():
            if field not in NOT_ABOUT_THE_CUSTOMER:
                yield from numbers_in(value, field)
    elif isinstance(answer, list):
        for value in answer:
            yield from numbers_in(value, name)
    elif isinstance(answer, int | float) and not isinstance(answer, bool):
        yield name, answer


def until_taken(ask: Callable[[int], requests.Response], most: int = 50) -> int:
    """Which attempt the desk did not refuse for too many who wait; `ask` is told its number, from 0 on.

    A crowd of clients that never pauses makes a queue that stands, and the desk tells some of them that it
    is busy, when to come again, and does nothing of what they asked: the caller shows that by the attempts.
    """
    for attempt in range(most):
        answer = ask(attempt)
        if answer.status_code != 503:
            assert answer.ok, answer.text
            return attempt
        assert int(answer.headers["Retry-After"]) >= 1
        assert "more requests than it can answer" in answer.json()["detail"]
        time.sleep(0.1)
    raise AssertionError(f"refused {most} times")


def at_once(calls: list[Callable[[], R]]) -> list[R]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def timed(call: Callable[[], R]) -> tuple[R, float]:
    """What it returned, and the seconds that it took."""
    began = time.monotonic()
    return call(), time.monotonic() - began


def eventually(look: Callable[[], R | None], within_s: float = 10) -> R:
    """What it finds at last: for what happens on another thread, with nothing to wait on."""
    give_up_at = time.monotonic() + within_s
    while (found := look()) is None:
        assert time.monotonic() < give_up_at, f"nothing came within {within_s} s"
        time.sleep(0.02)
    return found
