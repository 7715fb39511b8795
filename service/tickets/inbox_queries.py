"""The inbox by statements that read about as many rows as they bring, however many tickets there are.

An order is a merge of streams, each of which an index keeps sorted: by rank, in each status, those that wait
and those that do not. What holds certain words is found by walking along the order where many tickets do,
and by the index of words where few do; a first look tells which (docs/adr/0048).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    case,
    func,
    literal,
    not_,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from service.text_index import TextIndex
from service.tickets import queries
from service.tickets.filters import TicketFilter
from service.tickets.inbox_clauses import AnyColumn, Clause
from service.tickets.inbox_orders import Key, Mark, Order, Stream
from service.tickets.models import Ticket
from service.tickets.queries import COUNTED_EXACTLY
from service.tickets.sights import Seen, of_each_owner

ALL_TEXTS = 2**31 - 1
FURTHER = 10
"""How many times as far the next walk goes, where one did not suffice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How far to look one way before another is tried. Lists are the same whatever stands here.

    `first_look`: tickets to walk along before the index of words is asked. `few_texts`: up to as many that
    hold a word it is quicker to read all of them than to walk on. `longest_walk`: tickets after which a list
    turns to the index, and a count is told as an estimate. `sample`: tickets that are looked at to tell that
    there are surely more than are counted; `sure_hits` of them must hold the words, and there must then be
    `surely_more` of all.
    """

    first_look: int = 250
    few_texts: int = 5_000
    longest_walk: int = 100_000
    sample: int = 250
    sure_hits: int = 20
    surely_more: int = 10 * COUNTED_EXACTLY


USUAL = Effort()


@dataclass(frozen=True, slots=True)
class _Wish:
    most: int
    clauses: tuple[Clause, ...]
    without: Clause | None
    floor: Any


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
        effort: Effort = USUAL,
    ) -> None:
        self._session = session
        self._index = index
        self._wanted = wanted
        self._order = order
        self._last = last
        self._effort = effort

    def first(
        self, most: int, clauses: Sequence[Clause] = (), *, without: Clause | None = None, floor: Any = None
    ) -> list[Key]:
        """The first `most` for which all clauses hold and `without` does not; none below `floor`, if any."""
        wanted = _Wish(most, tuple(clauses), without, floor)
        if self._wanted.owners_apart is not None:
            found = self._keys(self._seen_at_once(max(self._effort.first_look, 4 * most), floor), wanted)
            if len(found) >= most:
                return found
        if not clauses and without is None:
            return self._keys(self._rows(most))
        rows = max(self._effort.first_look, 2 * most) if clauses else 2 * most
        found = self._keys(self._rows(rows, floor), wanted)
        if len(found) >= most:
            return found
        few = self._all_for(wanted, self._effort.few_texts) if clauses else None
        if few is not None:
            return few
        while self._count(self._rows(rows, floor)) == rows:  # there are more behind them
            rows *= FURTHER
            if clauses and rows > self._effort.longest_walk:
                return self._all_for(wanted, ALL_TEXTS) or []
            found = self._keys(self._rows(rows, floor), wanted)
            if len(found) >= most:
                break
        return found

    def holding(self, ids: Sequence[str], clause: Clause) -> set[str]:
        """Those of the tickets for which the clause holds."""
        if not ids:
            return set()
        those = select(Ticket.id).where(
            Ticket.id.in_(ids), self._holds(clause, Ticket.id, Ticket.customer_id)
        )
        return set(self._session.scalars(those))

    def count(self, clauses: Sequence[Clause]) -> tuple[int, bool]:
        """For how many of the filter's tickets all clauses hold.

        True where that is an estimate: there are more than are counted, or too many would have to be read.
        """
        effort = self._effort
        sampled = select(Ticket.id).where(Ticket.deleted_at.is_(None)).order_by(Ticket.id)
        hits = self._count(self._among(sampled.limit(effort.sample).subquery(), clauses).subquery())
        tickets, _ = queries.count(self._session, TicketFilter())
        if tickets <= effort.sample:
            return queries.bounded(hits)
        if hits >= effort.sure_hits and hits * tickets >= effort.surely_more * effort.sample:
            return queries.bounded(COUNTED_EXACTLY + 1)
        held, complete = self._candidates(clauses, effort.few_texts)
        found = self._count(self._among(held, clauses).limit(COUNTED_EXACTLY + 1).subquery())
        if complete or found > COUNTED_EXACTLY:
            return queries.bounded(found)
        return self._counted_along(clauses, at_least=found)

    def _counted_along(self, clauses: Sequence[Clause], *, at_least: int) -> tuple[int, bool]:
        """For words that many tickets hold, and a filter that leaves few of these."""
        rows, found = self._effort.first_look, at_least
        while rows <= self._effort.longest_walk:
            walked = self._rows(rows)
            holds = [self._holds(clause, walked.c.id, walked.c.customer_id) for clause in clauses]
            tallied = select(func.count(), func.count().filter(*holds)).select_from(walked)
            all_of_them, holding = self._session.execute(tallied).one()
            found = max(found, holding)
            if all_of_them < rows or found > COUNTED_EXACTLY:
                return queries.bounded(found)
            rows *= FURTHER
        return found, True

    def _rows(self, most: int, floor: Any = None) -> Subquery:
        """`id`, `customer_id` and `place` of the first `most`, whatever stands in them."""
        seen = self._wanted.owners_apart
        if seen is None:
            return self._merged(self._streams(self._wanted, most, floor), most)
        return self._merged(self._of_owners(seen, most, floor), most, twice=True)

    def _seen_at_once(self, most: int, floor: Any) -> Subquery:
        """Those that are seen of the first `most` of all: soon enough where most are."""
        streams = self._streams(self._wanted.all_seen, most, floor, Ticket.owned_by, Ticket.assigned_to)
        walked = self._merged(streams, most)
        seen = cast("Seen", self._wanted.seen).holds(walked.c.owned_by, walked.c.assigned_to)
        return select(walked.c.id, walked.c.customer_id, walked.c.place).where(seen).subquery()

    def _of_owners(self, seen: Seen, most: int, floor: Any) -> Iterator[Select[Any]]:
        """What each of them has, and what is the agent's own, which may be the same."""
        for stream in self._order.streams(self._wanted):
            rows = self._stream(replace(stream, wanted=stream.wanted.all_seen), most, floor)
            yield of_each_owner(self._session, seen, rows, partial(self._place_of, stream))
            own = rows.where(Ticket.assigned_to == seen.agent_id)
            yield own if self._order.sorted_by_assignee else self._ordered_anew(own)

    def _streams(
        self, wanted: TicketFilter, most: int, floor: Any, *more: AnyColumn
    ) -> Iterator[Select[Any]]:
        return (self._stream(stream, most, floor, *more) for stream in self._order.streams(wanted))

    def _merged(self, streams: Iterable[Select[Any]], most: int, *, twice: bool = False) -> Subquery:
        """`twice`: whether a ticket may be in several of them."""
        parts = [stream.subquery() for stream in streams]
        if len(parts) == 1:
            return parts[0]
        put_together = union if twice else union_all
        merged = put_together(*(select(part) for part in parts)).subquery()
        return self._ordered(select(merged), merged.c.place, merged.c.id).limit(most).subquery()

    def _stream(self, stream: Stream, most: int, floor: Any, *more: AnyColumn) -> Select[Any]:
        column, add = self._order.column, self._order.added(waiting=bool(stream.waiting))
        place = self._place(column, add).label("place")
        rows = stream.wanted.apply(select(Ticket.id, Ticket.customer_id, place, *more))
        if stream.waiting is not None:
            rows = rows.where(Ticket.waiting == stream.waiting)
        if self._last is not None:
            rows = rows.where(self._is_behind(column, _less(self._last.place, add), self._last.id))
        if floor is not None:
            rows = rows.where(column >= _less(floor, add))
        return self._ordered(rows, column, Ticket.id).limit(most)

    def _place_of(self, stream: Stream, ticket: Any) -> Any:
        column = getattr(ticket, self._order.column.key)
        return self._place(column, self._order.added(waiting=bool(stream.waiting)))

    @staticmethod
    def _place(column: AnyColumn, add: float | None) -> Any:
        return column if add is None else column + literal(add)

    def _is_behind(self, column: Any, place: Any, ticket_id: str | None) -> ColumnElement[bool]:
        at = literal(place, self._order.column.type)
        if ticket_id is None:
            return cast("ColumnElement[bool]", column <= at)
        here, there = tuple_(column, Ticket.id), tuple_(at, literal(ticket_id))
        return here > there if self._order.ascending else here < there

    def _ordered(self, rows: Select[Any], *columns: AnyColumn) -> Select[Any]:
        ascending = self._order.ascending
        return rows.order_by(*(column.asc() if ascending else column.desc() for column in columns))

    def _ordered_anew(self, rows: Select[Any]) -> Select[Any]:
        """Not along an index that is in this order, or all that others have would be read to find some."""
        column = self._order.column
        return self._ordered(rows.order_by(None), func.coalesce(column, column), Ticket.id)

    def _keys(self, rows: Subquery, wanted: _Wish | None = None) -> list[Key]:
        statement = select(rows.c.place, rows.c.id)
        if wanted is not None:
            statement = statement.where(*self._granted(wanted, rows.c.id, rows.c.customer_id))
            statement = statement.limit(wanted.most)
        statement = self._ordered(statement, rows.c.place, rows.c.id)
        return [Key(place, ticket_id) for place, ticket_id in self._session.execute(statement)]

    def _granted(
        self, wanted: _Wish, ticket_id: AnyColumn, customer_id: AnyColumn
    ) -> Iterator[ColumnElement[bool]]:
        for clause in wanted.clauses:
            yield self._holds(clause, ticket_id, customer_id)
        if wanted.without is not None:
            yield not_(self._holds(wanted.without, ticket_id, customer_id))

    def _holds(self, clause: Clause, ticket_id: AnyColumn, customer_id: AnyColumn) -> ColumnElement[bool]:
        return clause.holds(self._index, ticket_id, customer_id)

    def _all_for(self, wanted: _Wish, most_texts: int) -> list[Key] | None:
        """By the index of words; None where more texts than that would have to be read."""
        held, complete = self._candidates(wanted.clauses, most_texts)
        if not complete:
            return None
        column = self._order.column
        place = case(
            (Ticket.waiting, self._place(column, self._order.added(waiting=True))),
            else_=self._place(column, self._order.added(waiting=False)),
        ).label("place")
        found = self._wanted.apply(select(place, Ticket.id)).where(Ticket.id.in_(select(held.c.id)))
        found = found.where(*self._granted(wanted, Ticket.id, Ticket.customer_id))
        if self._last is not None:
            found = found.where(self._is_behind(place, self._last.place, self._last.id))
        if wanted.floor is not None:
            found = found.where(place >= wanted.floor)
        rows = self._session.execute(self._ordered(found, place, Ticket.id).limit(wanted.most))
        return [Key(row.place, row.id) for row in rows]

    def _candidates(self, clauses: Sequence[Clause], most: int) -> tuple[Subquery, bool]:
        """Ids of tickets for which one of the clauses holds, of those the rarest; whether these are all."""
        limit = most if most == ALL_TEXTS else most + 1
        for clause in clauses:
            candidates, counted = clause.some(self._index, limit)
            counts = [select(func.count()).select_from(rows).scalar_subquery() for rows in counted]
            complete = max(self._session.execute(select(*counts)).one()) <= most
            if complete:
                break
        return candidates, complete

    def _among(self, candidates: Subquery, clauses: Sequence[Clause]) -> Select[Any]:
        found = self._wanted.apply(select(Ticket.id)).where(Ticket.id.in_(select(candidates.c.id)))
        return found.where(*(self._holds(clause, Ticket.id, Ticket.customer_id) for clause in clauses))

    def _count(self, rows: Subquery) -> int:
        return self._session.scalar(select(func.count()).select_from(rows)) or 0


def _less(place: Any, add: float | None) -> Any:
    return place if add is None else place - add
