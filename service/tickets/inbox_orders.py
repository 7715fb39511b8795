"""The orders of the inbox, each a merge of streams that an index keeps sorted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import InstrumentedAttribute

from service.tickets.filters import TicketFilter
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket, TicketStatus
from service.tickets.scoring import Weights


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


class Order(Protocol):
    """A place is `column` plus, in orders by score, what is `added`; such sums are exact."""

    @property
    def column(self) -> InstrumentedAttribute[Any]: ...

    @property
    def ascending(self) -> bool: ...

    @property
    def sorted_by_assignee(self) -> bool:
        """Whether an index keeps the tickets of each assignee in this order, status by status."""
        ...

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]: ...

    def added(self, *, waiting: bool) -> float | None: ...


@dataclass(frozen=True, slots=True)
class ByScore:
    """As the scores stand at a moment, highest first; `boost` is what a topic alert adds to all of them."""

    weights: Weights
    at: datetime
    boost: float = 0.0

    ascending = False
    sorted_by_assignee = True

    @property
    def column(self) -> InstrumentedAttribute[float]:
        return Ticket.inbox_rank

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]:
        for status in [TicketStatus(wanted.status)] if wanted.status else TicketStatus:
            those = replace(wanted, status=status)
            if status in UNSETTLED:
                yield Stream(those, waiting=True)
            yield Stream(those, waiting=False)

    def added(self, *, waiting: bool) -> float | None:
        return self.weights.waited(self.at) + self.boost if waiting else self.boost


@dataclass(frozen=True, slots=True)
class ByTime:
    column: InstrumentedAttribute[datetime]
    ascending: bool

    sorted_by_assignee = False

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]:
        """What has an owner is kept sorted by status."""
        if not wanted.by_owner or wanted.status is not None:
            yield Stream(wanted)
            return
        for status in TicketStatus:
            yield Stream(replace(wanted, status=status))

    def added(self, *, waiting: bool) -> float | None:
        return None
