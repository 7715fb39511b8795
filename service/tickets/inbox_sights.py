"""The rows of an order that an agent sees, as a merge of what each of some owners has."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, cast

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.orm import Session

from service.tickets.filters import TicketFilter
from service.tickets.inbox_merges import Merge
from service.tickets.inbox_orders import Mark, Order, Stream
from service.tickets.models import Ticket
from service.tickets.sights import Seen, of_each_owner


class MergeOfSeen(Merge):
    """Of a filter that tells whose tickets are seen, owner by owner."""

    def __init__(
        self, session: Session, wanted: TicketFilter, order: Order, last: Mark | None = None
    ) -> None:
        super().__init__(wanted, order, last)
        self._session = session
        self._seen = cast("Seen", wanted.owners_apart)

    def rows(self, most: Any, floor: Any = None) -> Subquery:
        return self.merged([*self._of_owners(most, floor), *self.moved(most, floor)], most, twice=True)

    def at_once(self, most: int, floor: Any) -> Subquery:
        """Those that are seen of the first `most` of all: soon enough where most are."""
        walked = self.merged(
            (
                self.stream(stream, most, floor, Ticket.owned_by, Ticket.assigned_to)
                for stream in self._order.streams(self._wanted.all_seen)
            ),
            most,
        )
        seen = self._seen.holds(walked.c.owned_by, walked.c.assigned_to)
        return select(walked.c.id, walked.c.customer_id, walked.c.place).where(seen).subquery()

    def _of_owners(self, most: int, floor: Any) -> Iterator[Select[Any]]:
        """What each of them has, and what is the agent's own, which may be the same."""
        for stream in self._order.streams(self._wanted):
            rows = self.stream(replace(stream, wanted=stream.wanted.all_seen), most, floor)
            yield of_each_owner(self._session, self._seen, rows, partial(self._place_of, stream))
            if self._seen.agent_id is None:
                continue
            own = rows.where(Ticket.assigned_to == self._seen.agent_id)
            yield own if self._order.sorted_by_assignee else self._ordered_anew(own)

    def _ordered_anew(self, rows: Select[Any]) -> Select[Any]:
        """Not along an index that is in this order, or all that others have would be read to find some."""
        column = self._order.column
        return self.ordered(rows.order_by(None), func.coalesce(column, column), Ticket.id)

    def _place_of(self, stream: Stream, ticket: Any) -> Any:
        column = getattr(ticket, self._order.column.key)
        return self.place(column, self._order.added(waiting=bool(stream.waiting)))
