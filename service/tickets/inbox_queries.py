"""The inbox by statements that read about as many rows as they bring, however many tickets there are.

An order is a merge of streams, each of which an index keeps sorted: by rank, in each status, those that wait
and those that do not. What holds certain words is found by walking along the order where many tickets do,
and by the index of words where few do; a first look tells which (docs/adr/0048).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.text_index import Phrase, SearchText, TextIndex
from service.tickets import queries
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket, TicketStatus
from service.tickets.queries import COUNTED_EXACTLY, TicketFilter
from service.tickets.scoring import Weights

FIRST_LOOK = 1_000
"""Rows to walk along before the index of words is asked."""

FEW_TEXTS = 5_000
"""Up to as many that hold a word it is quicker to read all of them than to walk on."""

LONGEST_WALK = 100_000
ALL_TEXTS = 2**31 - 1
SAMPLE = 1_000
SURE_HITS = 20
SURELY_MORE = 10 * COUNTED_EXACTLY
ROUNDING = 1e-6
"""More than a rank and what waiting adds can lose when they are summed."""

AnyColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


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
class Clause:
    """Any of the phrases stands in a ticket's texts; or in its customer's, where these count."""

    phrases: tuple[Phrase, ...]
    customer_too: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """Tickets that an index keeps sorted, those that wait apart from those that do not, or all (None)."""

    wanted: TicketFilter
    waiting: bool | None = None


class Order(Protocol):
    """A place is `column` plus, in orders by score, what waiting adds."""

    @property
    def column(self) -> InstrumentedAttribute[Any]: ...

    @property
    def ascending(self) -> bool: ...

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]: ...

    def added(self, *, waiting: bool) -> float | None: ...


@dataclass(frozen=True, slots=True)
class ByScore:
    """As the scores stand at a moment, highest first; `boost` is what a topic alert adds to all of them."""

    weights: Weights
    at: datetime
    boost: float = 0.0

    ascending = False

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

    def streams(self, wanted: TicketFilter) -> Iterator[Stream]:
        yield Stream(wanted)

    def added(self, *, waiting: bool) -> float | None:
        return None


class Walk:
    """One look at the tickets of a filter in an order, from behind `last` on."""

    def __init__(
        self,
        session: Session,
        index: TextIndex,
        wanted: TicketFilter,
        order: Order,
        *,
        last: Mark | None = None,
    ) -> None:
        self._session = session
        self._index = index
        self._wanted = wanted
        self._order = order
        self._last = last
        self._known: dict[tuple[Clause, ...], list[tuple[Key, bool]]] = {}

    def first(self, most: int, clauses: Sequence[Clause] = ()) -> list[Key]:
        """The first `most` for which all clauses hold."""
        if not clauses:
            return self._keys(self._rows(most))
        found = self._keys(self._rows(max(FIRST_LOOK, most)), clauses, most=most)
        if len(found) >= most:
            return found
        few = self._all_for(clauses, FEW_TEXTS)
        rows = 10 * FIRST_LOOK
        while few is None and rows <= LONGEST_WALK:
            found = self._keys(self._rows(rows), clauses, most=most)
            if len(found) >= most:
                return found
            rows *= 10
        all_of_them = few if few is not None else self._all_for(clauses, ALL_TEXTS) or []
        return [key for key, behind in all_of_them if behind][:most]

    def first_without(self, most: int, clauses: Sequence[Clause], without: Clause, floor: Any) -> list[Key]:
        """The first `most` for which all clauses hold and `without` does not; none below `floor`, if any."""
        few = self._all_for(clauses, FEW_TEXTS) if clauses else None
        if few is not None:
            keys = [key for key, behind in few if behind and (floor is None or key.place >= floor)]
            held = self.holding([key.id for key in keys], without)
            return [key for key in keys if key.id not in held][:most]
        rows = 2 * most
        while True:
            walked = self._rows(rows, floor)
            found = self._keys(walked, clauses, without=without, most=most)
            if len(found) >= most or rows >= LONGEST_WALK or self._count(walked) < rows:
                return found
            rows *= 10

    def holding(self, ids: Sequence[str], clause: Clause) -> set[str]:
        """Those of the tickets for which the clause holds."""
        if not ids:
            return set()
        those = select(Ticket.id).where(
            Ticket.id.in_(ids), self._holds(clause, Ticket.id, Ticket.customer_id)
        )
        return set(self._session.scalars(those))

    def count(self, clauses: Sequence[Clause]) -> tuple[int, bool]:
        """For how many of the filter's tickets all clauses hold; True where there are more than that."""
        known = self._known.get(tuple(clauses))
        if known is not None:
            return queries.bounded(len(known))
        sampled = select(Ticket.id).where(Ticket.deleted_at.is_(None)).order_by(Ticket.id).limit(SAMPLE)
        hits = self._count(self._among(sampled.subquery(), clauses).subquery())
        tickets, _ = queries.count(self._session, TicketFilter())
        if tickets <= SAMPLE:
            return queries.bounded(hits)
        if hits >= SURE_HITS and hits * tickets >= SURELY_MORE * SAMPLE:
            return queries.bounded(COUNTED_EXACTLY + 1)
        most = FEW_TEXTS
        while True:
            held, complete = self._candidates(clauses, most)
            found = self._count(self._among(held, clauses).limit(COUNTED_EXACTLY + 1).subquery())
            if complete or found > COUNTED_EXACTLY:
                return queries.bounded(found)
            most = most * 10 if most < LONGEST_WALK else ALL_TEXTS

    def _rows(self, most: int, floor: Any = None) -> Subquery:
        """`id`, `customer_id` and `place` of the first `most`, whatever stands in them."""
        parts = [self._stream(stream, most, floor).subquery() for stream in self._order.streams(self._wanted)]
        if len(parts) == 1:
            return parts[0]
        merged = union_all(*(select(part) for part in parts)).subquery()
        return self._ordered(select(merged), merged.c.place, merged.c.id).limit(most).subquery()

    def _stream(self, stream: Stream, most: int, floor: Any) -> Select[Any]:
        column = self._order.column
        add = self._order.added(waiting=bool(stream.waiting))
        place = self._place(column, add)
        rows = stream.wanted.apply(select(Ticket.id, Ticket.customer_id, place.label("place")))
        if stream.waiting is not None:
            rows = rows.where(Ticket.waiting == stream.waiting)
        if self._last is not None:
            rows = rows.where(self._is_behind(place, self._last))
            if add is not None:  # once more, as a bound that the index takes
                rows = rows.where(column <= self._last.place - add + ROUNDING)
        if floor is not None:
            rows = rows.where(column >= floor - (add or 0.0) - ROUNDING, place >= floor)
        return self._ordered(rows, column, Ticket.id).limit(most)

    @staticmethod
    def _place(column: AnyColumn, add: float | None) -> Any:
        return column if add is None else column + literal(add)

    def _is_behind(self, place: Any, mark: Mark) -> ColumnElement[bool]:
        at = literal(mark.place, self._order.column.type)
        if mark.id is None:
            return cast("ColumnElement[bool]", place <= at)
        here, there = tuple_(place, Ticket.id), tuple_(at, literal(mark.id))
        return here > there if self._order.ascending else here < there

    def _ordered(self, rows: Select[Any], *columns: AnyColumn) -> Select[Any]:
        ascending = self._order.ascending
        return rows.order_by(*(column.asc() if ascending else column.desc() for column in columns))

    def _keys(
        self,
        rows: Subquery,
        clauses: Sequence[Clause] = (),
        *,
        without: Clause | None = None,
        most: int | None = None,
    ) -> list[Key]:
        statement = select(rows.c.place, rows.c.id)
        for clause in clauses:
            statement = statement.where(self._holds(clause, rows.c.id, rows.c.customer_id))
        if without is not None:
            statement = statement.where(not_(self._holds(without, rows.c.id, rows.c.customer_id)))
        statement = self._ordered(statement, rows.c.place, rows.c.id).limit(most)
        return [Key(place, ticket_id) for place, ticket_id in self._session.execute(statement)]

    def _holds(self, clause: Clause, ticket_id: AnyColumn, customer_id: AnyColumn) -> ColumnElement[bool]:
        of_ticket = self._index.stand_in(SearchText.ticket_id, ticket_id, clause.phrases)
        if not clause.customer_too:
            return of_ticket
        return or_(of_ticket, self._index.stand_in(SearchText.customer_id, customer_id, clause.phrases))

    def _all_for(self, clauses: Sequence[Clause], most: int) -> list[tuple[Key, bool]] | None:
        """All for which the clauses hold, and whether each is behind `last`.

        None where more than `most` texts would have to be read.
        """
        known = self._known.get(tuple(clauses))
        if known is not None:
            return known
        held, complete = self._candidates(clauses, most)
        if not complete:
            return None
        column = self._order.column
        place = case(
            (Ticket.waiting, self._place(column, self._order.added(waiting=True))),
            else_=self._place(column, self._order.added(waiting=False)),
        ).label("place")
        behind = true() if self._last is None else self._is_behind(place, self._last)
        found = self._among(held, clauses).add_columns(place, behind.label("behind"))
        rows = self._session.execute(self._ordered(found, place, Ticket.id))
        self._known[tuple(clauses)] = [(Key(row.place, row.id), row.behind) for row in rows]
        return self._known[tuple(clauses)]

    def _candidates(self, clauses: Sequence[Clause], most: int) -> tuple[Subquery, bool]:
        """Ids of tickets for which one of the clauses holds, of those the rarest; whether these are all."""
        for clause in clauses:
            held = self._index.holding(clause.phrases, most + 1 if most < ALL_TEXTS else most)
            complete = self._count(held) <= most
            if complete or clause is clauses[-1]:
                break
        ids = select(held.c.ticket_id.label("id")).where(held.c.ticket_id.is_not(None))
        if not clause.customer_too:
            return ids.subquery(), complete
        of_customers = select(Ticket.id).join(held, held.c.customer_id == Ticket.customer_id)
        return ids.union(of_customers).subquery(), complete

    def _among(self, candidates: Subquery, clauses: Iterable[Clause]) -> Select[Any]:
        found = self._wanted.apply(select(Ticket.id)).where(Ticket.id.in_(select(candidates.c.id)))
        for clause in clauses:
            found = found.where(self._holds(clause, Ticket.id, Ticket.customer_id))
        return found

    def _count(self, rows: Subquery) -> int:
        return self._session.scalar(select(func.count()).select_from(rows)) or 0
