"""The rows of an order as a merge of streams, and those asked most by statements built once."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    bindparam,
    case,
    literal,
    select,
    tuple_,
    union,
    union_all,
)

from service.tickets.filters import TicketFilter
from service.tickets.inbox_clauses import AnyColumn
from service.tickets.inbox_orders import ByParameters, Mark, Order, Stream
from service.tickets.models import Ticket
from service.tickets.past_ranks import MOST_CHANGES

_MOST = bindparam("most", type_=Integer())

OF_ITS_SHAPE = ("status", "unassigned", "unsettled")
"""What of a filter makes a statement another one, and is no parameter of it."""

KINDS = 128
"""Statements that are kept: filters are many together, few at a time."""


class Merge:
    """The tickets of a filter in an order, from behind `last` on."""

    def __init__(self, wanted: TicketFilter, order: Order, last: Mark | None = None) -> None:
        self._wanted = wanted
        self._order = order
        self._last = last

    def rows(self, most: Any, floor: Any = None) -> Subquery:
        """`id`, `customer_id` and `place` of the first `most`, whatever stands in them."""
        streams = [self.stream(stream, most, floor) for stream in self._order.streams(self._wanted)]
        return self.merged([*streams, *self.moved(most, floor)], most)

    def told(self, most: Any) -> Select[Any]:
        """`place` and `id` of the first `most`."""
        rows = self.rows(most)
        return self.ordered(select(rows.c.place, rows.c.id), rows.c.place, rows.c.id)

    def merged(self, streams: Iterable[Select[Any]], most: Any, *, twice: bool = False) -> Subquery:
        """`twice`: whether a ticket may be in several of them."""
        parts = [stream.subquery() for stream in streams]
        if len(parts) == 1:
            return parts[0]
        put_together = union if twice else union_all
        merged = put_together(*(select(part) for part in parts)).subquery()
        return self.ordered(select(merged), merged.c.place, merged.c.id).limit(most).subquery()

    def stream(self, stream: Stream, most: Any, floor: Any, *more: AnyColumn) -> Select[Any]:
        column = self._order.column
        add = self._order.added(waiting=bool(stream.waiting))
        place = self.place(column, add).label("place")
        rows = stream.wanted.apply(select(Ticket.id, Ticket.customer_id, place, *more))
        if stream.waiting is not None:
            rows = rows.where(Ticket.waiting == stream.waiting)
        if self._order.moved is not None:
            rows = rows.where(self._order.moved.stays(Ticket.id))
        if self._last is not None:
            rows = rows.where(self.is_behind(column, _less(self._last.place, add), self._last.id))
        if floor is not None:
            rows = rows.where(column >= _less(floor, add))
        # No more than a NULL in all of them: only so does PostgreSQL see that an index is sorted as wanted.
        constant = (Ticket.assigned_to,) if self._wanted.unassigned and not self._wanted.by_owner else ()
        return self.ordered(rows, *constant, column, Ticket.id).limit(most)

    def moved(self, most: int, floor: Any) -> Iterator[Select[Any]]:
        """Those whose rank is another now, where they were; looked up one by one as far as it takes."""
        moved = self._order.moved
        if moved is None:
            return
        left = moved.left()
        place = self.either(left.c.waiting, left.c.inbox_rank).label("place")
        rows = select(left.c.ticket_id, left.c.sequence, place)
        if self._last is not None:
            rows = rows.where(self.is_behind(place, self._last.place, self._last.id, left.c.ticket_id))
        if floor is not None:
            rows = rows.where(place >= floor)
        # Only a limit keeps PostgreSQL from looking up all of them first.
        in_order = self.ordered(rows, place, left.c.ticket_id).limit(MOST_CHANGES + 1).subquery()
        owner = self._wanted.apply(select(Ticket.customer_id).where(Ticket.id == in_order.c.ticket_id))
        found = select(
            in_order.c.ticket_id.label("id"), owner.scalar_subquery().label("customer_id"), in_order.c.place
        ).where(moved.is_first(in_order.c.ticket_id, in_order.c.sequence))
        there = found.subquery()
        rows = select(there).where(there.c.customer_id.is_not(None))
        yield self.ordered(rows, there.c.place, there.c.id).limit(most)

    def either(self, waiting: AnyColumn, column: AnyColumn) -> ColumnElement[Any]:
        """The place, where it is not known beforehand who waits."""
        added = self._order.added
        return case(
            (waiting, self.place(column, added(waiting=True))),
            else_=self.place(column, added(waiting=False)),
        )

    @staticmethod
    def place(column: AnyColumn, add: Any) -> Any:
        return column if add is None else column + _value(add)

    def is_behind(
        self, column: Any, place: Any, ticket_id: Any, id_column: AnyColumn = Ticket.id
    ) -> ColumnElement[bool]:
        at = _value(place, self._order.column.type)
        if ticket_id is None:
            return cast("ColumnElement[bool]", column <= at)
        here, there = tuple_(column, id_column), tuple_(at, _value(ticket_id))
        return here > there if self._order.ascending else here < there

    def ordered(self, rows: Select[Any], *columns: AnyColumn) -> Select[Any]:
        ascending = self._order.ascending
        return rows.order_by(*(column.asc() if ascending else column.desc() for column in columns))


def first_of_all(
    wanted: TicketFilter, order: Order, last: Mark | None, most: int
) -> tuple[Select[Any], dict[str, Any]]:
    """A statement for `place` and `id` of the first `most`, and its parameters."""
    named = {
        name: value
        for name in (field.name for field in fields(wanted))
        if name not in OF_ITS_SHAPE and (value := getattr(wanted, name)) is not None
    }
    values = {"most": most} | ByParameters.values(order)
    behind = None
    if last is not None:
        behind = Mark(None, last.id and "last_id")
        values |= {"last_place": last.place, "last_id": last.id}
    if all(isinstance(value, str | datetime) for value in named.values()):
        shape = TicketFilter(**{name: getattr(wanted, name) for name in OF_ITS_SHAPE})
        return _built(order.shape, shape, tuple(named), behind), values | named
    merge = Merge(wanted, ByParameters(order.shape), _parameters(order, behind))
    return merge.told(_MOST), values


@lru_cache(maxsize=KINDS)
def _built(order: Order, shape: TicketFilter, named: tuple[str, ...], behind: Mark | None) -> Select[Any]:
    parameters: dict[str, Any] = {name: bindparam(name) for name in named}
    wanted = replace(shape, **parameters)
    return Merge(wanted, ByParameters(order), _parameters(order, behind)).told(_MOST)


def _parameters(order: Order, behind: Mark | None) -> Mark | None:
    if behind is None:
        return None
    last_id: Any = behind.id and bindparam(behind.id, type_=Ticket.id.type)
    return Mark(bindparam("last_place", type_=order.column.type), last_id)


def _value(value: Any, kind: Any = None) -> Any:
    return value if isinstance(value, ColumnElement) else literal(value, kind)


def _less(place: Any, add: Any) -> Any:
    return place if add is None else place - add
