"""What narrows a list of tickets beyond its filter, or marks some of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import CTE, ColumnElement, Subquery, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from service.text_index import Phrase, SearchText, TextIndex
from service.tickets.models import Ticket, TicketTag

AnyColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


class Clause(Protocol):
    def holds(self, index: TextIndex, ticket_id: AnyColumn, customer_id: AnyColumn) -> ColumnElement[bool]:
        """Whether it holds for a ticket: for a few rows at a time."""

    def some(self, index: TextIndex, most: int) -> tuple[Subquery, Sequence[Subquery | CTE]]:
        """Ids of tickets for which it holds: all of them where no other has as many rows as `most`."""


@dataclass(frozen=True, slots=True)
class Said:
    """Any of the phrases stands in a ticket's texts; or in its customer's, where these count."""

    phrases: tuple[Phrase, ...]
    customer_too: bool = False

    def holds(self, index: TextIndex, ticket_id: AnyColumn, customer_id: AnyColumn) -> ColumnElement[bool]:
        of_ticket = index.stand_in(SearchText.ticket_id, ticket_id, self.phrases)
        if not self.customer_too:
            return of_ticket
        return or_(of_ticket, index.stand_in(SearchText.customer_id, customer_id, self.phrases))

    def some(self, index: TextIndex, most: int) -> tuple[Subquery, Sequence[Subquery | CTE]]:
        held = index.holding(self.phrases, most)
        own = select(held.c.ticket_id.label("id")).where(held.c.ticket_id.is_not(None))
        if not self.customer_too:
            return own.subquery(), [held]
        of_customers = select(Ticket.id).join(held, held.c.customer_id == Ticket.customer_id)
        both = union_all(own, select(of_customers.limit(most).subquery())).subquery()
        return both, [held, both]


@dataclass(frozen=True, slots=True)
class Tagged:
    tag: str

    def holds(self, index: TextIndex, ticket_id: AnyColumn, customer_id: AnyColumn) -> ColumnElement[bool]:
        return select(literal(1)).where(TicketTag.ticket_id == ticket_id, TicketTag.tag == self.tag).exists()

    def some(self, index: TextIndex, most: int) -> tuple[Subquery, Sequence[Subquery | CTE]]:
        tagged = select(TicketTag.ticket_id.label("id")).where(TicketTag.tag == self.tag)
        some = tagged.limit(most).subquery()
        return some, [some]
