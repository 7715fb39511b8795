"""The inbox by statements that read about as many rows as they bring, however many tickets there are.

An order is a merge of streams, each of which an index keeps sorted: by rank, in each status, those that wait
and those that do not. What holds certain words is found by walking along the order where many tickets do,
and by the index of words where few do; a first look tells which (docs/adr/0048).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    func,
    not_,
    select,
)
from sqlalchemy.orm import Session

from service.text_index import TextIndex
from service.tickets import queries
from service.tickets.filters import TicketFilter
from service.tickets.inbox_clauses import AnyColumn, Clause
from service.tickets.inbox_merges import Merge, first_of_all
from service.tickets.inbox_orders import Key, Mark, Order
from service.tickets.inbox_sights import MergeOfSeen
from service.tickets.models import Ticket
from service.tickets.queries import COUNTED_EXACTLY

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
        self._seen = MergeOfSeen(session, wanted, order, last) if wanted.owners_apart is not None else None
        self._merge = self._seen or Merge(wanted, order, last)
        self._effort = effort

    def first(
        self, most: int, clauses: Sequence[Clause] = (), *, without: Clause | None = None, floor: Any = None
    ) -> list[Key]:
        """The first `most` for which all clauses hold and `without` does not; none below `floor`, if any."""
        wanted = _Wish(most, tuple(clauses), without, floor)
        if self._seen is not None and self._order.moved is None and not self._wanted.unassigned:
            at_once = self._seen.at_once(max(self._effort.first_look, 4 * most), floor)
            found = self._keys(at_once, wanted)
            if len(found) >= most:
                return found
        if not clauses and without is None:
            return self._first_of_all(most)
        rows = max(self._effort.first_look, 2 * most) if clauses else 2 * most
        found = self._keys(self._merge.rows(rows, floor), wanted)
        if len(found) >= most:
            return found
        few = self._all_for(wanted, self._effort.few_texts) if clauses else None
        if few is not None:
            return few
        while self._count(self._merge.rows(rows, floor)) == rows:  # there are more behind them
            rows *= FURTHER
            if clauses and rows > self._effort.longest_walk:
                return self._all_for(wanted, ALL_TEXTS) or []
            found = self._keys(self._merge.rows(rows, floor), wanted)
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
            walked = self._merge.rows(rows)
            holds = [self._holds(clause, walked.c.id, walked.c.customer_id) for clause in clauses]
            tallied = select(func.count(), func.count().filter(*holds)).select_from(walked)
            all_of_them, holding = self._session.execute(tallied).one()
            found = max(found, holding)
            if all_of_them < rows or found > COUNTED_EXACTLY:
                return queries.bounded(found)
            rows *= FURTHER
        return found, True

    def _first_of_all(self, most: int) -> list[Key]:
        if self._seen is None and self._order.moved is None:
            statement, values = first_of_all(self._wanted, self._order, self._last, most)
        else:
            statement, values = self._merge.told(most), {}
        rows = self._session.connection().execute(statement, values).all()
        return [Key(place, ticket_id) for place, ticket_id in rows]

    def _keys(self, rows: Subquery, wanted: _Wish) -> list[Key]:
        statement = select(rows.c.place, rows.c.id)
        statement = statement.where(*self._granted(wanted, rows.c.id, rows.c.customer_id)).limit(wanted.most)
        statement = self._merge.ordered(statement, rows.c.place, rows.c.id)
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
        place, tables = self._merge.either(Ticket.waiting, self._order.column), Ticket.__table__
        if self._order.moved is not None:
            ranks = self._order.moved.ranks()
            tables = tables.outerjoin(ranks, ranks.c.ticket_id == Ticket.id)
            waiting = func.coalesce(ranks.c.waiting, Ticket.waiting)
            place = self._merge.either(waiting, func.coalesce(ranks.c.inbox_rank, self._order.column))
        found = self._wanted.apply(select(place.label("place"), Ticket.id).select_from(tables))
        found = found.where(Ticket.id.in_(select(held.c.id)))
        found = found.where(*self._granted(wanted, Ticket.id, Ticket.customer_id))
        if self._last is not None:
            found = found.where(self._merge.is_behind(place, self._last.place, self._last.id))
        if wanted.floor is not None:
            found = found.where(place >= wanted.floor)
        rows = self._session.execute(self._merge.ordered(found, place, Ticket.id).limit(wanted.most))
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
