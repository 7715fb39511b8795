"""A request as flights see it: its server can leave it and run it anew, so that waiting costs no thread."""

from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from providers.deadline import Deadline


class Parked(BaseException):
    """Leaves a request that has to wait. Its server runs it anew once `landing` is done, or after `wait_s`.

    Not an `Exception`: nobody on the way may take it for a failure and answer.
    """

    def __init__(self, landing: Future[Any], wait_s: float) -> None:
        super().__init__("the answer is on its way")
        self.landing = landing
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Joined:
    """A flight that a request leads, or waits for until `until_s` on the monotonic scale of its deadline."""

    landing: Future[Any]
    leader: Deadline
    until_s: float


@dataclass(slots=True, eq=False)
class Visit:
    """One request over all of its runs, which one thread at a time serves.

    `spent_s`: seconds since its first run began, when the present one began. `leading`: how many flights,
    one within the other, it leads at the moment. `placed`: whether it holds one of the `Places`.
    """

    spent_s: float = 0.0
    leading: int = 0
    placed: bool = False
    joined: dict[str, Joined] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)


CURRENT: ContextVar[Visit | None] = ContextVar("visit", default=None)
"""Set by a server that catches `Parked`, for as long as it runs the request; None everywhere else."""


def spent_s() -> float:
    """Seconds of its deadline that the present request has spent in earlier runs."""
    visit = CURRENT.get()
    return visit.spent_s if visit is not None else 0.0
