"""The orders of the inbox, each a merge of streams that an index keeps sorted."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam
from sqlalchemy.orm import InstrumentedAttribute

from service.tickets.filters import TicketFilter
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket, TicketStatus
from service.tickets.past_ranks import Moved
from service.tickets.scoring import ORIGIN, Weights


@dataclass(frozen=True, slots=True)
class Key:
    """Where a ticket stands in an order: by `place`, a score or a time, and among equals by `id`."""

    place: Any
    id: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where to walk on: behind the ticket of this place and `id`; without an id, at the place or behind it.

    `BEFORE_ALL_IDS` in place of an id: behind all of the place.
    """

    place: Any
    id: str | None


BEFORE_ALL_IDS = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """Tickets that an index keeps sorted, those that wait apart from those that do not, or all (None)."""

    wanted: TicketFilter
    waiting: bool | None = None


class Order(Hashable, Protocol):
    """A place is `column` plus, in orders by score, what is `added`; such sums are exact.

    `moved`: the tickets that had another rank at the moment the order is of.
    """

    @property
    def shape(self) -> "Order":
        """One for all orders that differ in no more than what is added; nothing has moved in it."""

    @property
    def column(self) -> InstrumentedAttribute[Any]: ...

    @property
    def ascending(self) -> bool: ...

    @property
    def moved(self) -> Moved | None: ...

    @property
    def sorted_by_assignee(self) -> bool:
        """Whether an index keeps the tickets of each assignee in this order, status by status."""
        ...

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]: ...

    def added(self, *, waiting: bool) -> Any: ...


@dataclass(frozen=True, slots=True)
class ByScore:
    """As the scores stand at a moment, highest first; `boost` is what a topic alert adds to all of them."""

    weights: Weights
    at: datetime
    boost: float = 0.0
    moved: Moved | None = None

    ascending = False
    sorted_by_assignee = True

    @property
    def shape(self) -> "ByScore":
        return ByScore(Weights(), ORIGIN)

    @property
    def column(self) -> InstrumentedAttribute[float]:
        return Ticket.inbox_rank

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]:
        for status in _statuses(wanted):
            those = replace(wanted, status=status)
            if status in UNSETTLED:
                yield Stream(those, waiting=True)
            yield Stream(those, waiting=False)

    def added(self, *, waiting: bool) -> float | None:
        return self.weights.waited(self.at) + self.boost if waiting else self.boost


def _statuses(wanted: TicketFilter) -> Iterable[TicketStatus]:
    if wanted.status:
        return [TicketStatus(wanted.status)]
    return UNSETTLED if wanted.unsettled else TicketStatus


@dataclass(frozen=True, slots=True)
class ByTime:
    column: InstrumentedAttribute[datetime]
    ascending: bool

    moved = None
    sorted_by_assignee = False

    @property
    def shape(self) -> "ByTime":
        return self

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]:
        """What has an owner is kept sorted by status."""
        if not wanted.by_owner or wanted.status is not None:
            yield Stream(wanted)
            return
        for status in _statuses(wanted):
            yield Stream(replace(wanted, status=status))

    def added(self, *, waiting: bool) -> float | None:
        return None


@dataclass(frozen=True, slots=True)
class ByParameters:
    """An order in a statement that is built once: what is added are parameters of it."""

    shape: Order

    moved = None

    @property
    def sorted_by_assignee(self) -> bool:
        return self.shape.sorted_by_assignee

    @property
    def column(self) -> InstrumentedAttribute[Any]:
        column: InstrumentedAttribute[Any] = self.shape.column
        return column

    @property
    def ascending(self) -> bool:
        return self.shape.ascending

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]:
        return self.shape.streams(wanted)

    def added(self, *, waiting: bool) -> Any:
        if self.shape.added(waiting=waiting) is None:
            return None
        return bindparam("added_waiting" if waiting else "added", type_=self.column.type)

    @staticmethod
    def values(order: Order) -> dict[str, Any]:
        return {"added_waiting": order.added(waiting=True), "added": order.added(waiting=False)}
