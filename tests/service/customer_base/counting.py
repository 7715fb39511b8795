"""A desk without a server that counts its customers, and things that happen to it at random."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.customer_base.keeping import StatisticsKeeping
from service.customer_base.models import KeptStatistics
from service.customer_base.services import CustomerBaseServices
from service.customers.orders import Line, NewOrder, Refund
from service.customers.services import CustomerService, OrderService
from service.database import Database
from service.events import EventLog
from service.text_index import TextIndex
from service.tickets.models import Channel, TicketStatus
from service.tickets.scoring import Weights
from service.tickets.services import (
    ConversationService,
    NewMessage,
    NewTicket,
    NothingKnown,
    Ranking,
    TicketChange,
    TicketRecords,
    TicketService,
)

CUSTOMERS = ("ada", "grace", "joan", "mary")
CURRENCIES = ("EUR",) * 8 + ("USD",)
STATUSES = ("paid",) * 8 + ("cancelled", "Voided")
AMOUNTS = ("0", "0.0001", "12.5", "19.90", "480", "99999999999")


class CountingDesk:
    def __init__(self, database: Database, seed: int = 1) -> None:
        self.database, self.chance, self.clock = database, Random(seed), FakeClock()
        index, events = TextIndex(database.engine.dialect.name), EventLog()
        ranking = Ranking(database, Weights(), NothingKnown(), self.clock)
        self.customers = CustomerService(database, events, self.clock, index)
        self.orders = OrderService(database, self.customers, events, self.clock)
        records = TicketRecords(events, ranking, self.clock, self.chance)
        self.conversations = ConversationService(database, records, index)
        self.tickets = TicketService(database, self.customers, records, index)
        self.counting = CustomerBaseServices.over(database, self.clock)
        self.source = self.counting.source
        StatisticsKeeping(self.counting.base, self.customers, self.tickets).subscribe_to(events)
        self.known: dict[str, NewOrder] = {}
        self.ticket_ids: list[str] = []
        self.message_ids: list[str] = []

    def record(self, *orders: NewOrder) -> None:
        self.orders.record(orders, actor="test")
        self.known |= {order.external_id: order for order in orders}

    def rows(self) -> dict[str, dict[str, Any]]:
        """All that is kept, by customer."""
        with self.database.reading() as session:
            table = KeptStatistics.__table__
            return {row["customer_id"]: dict(row) for row in session.execute(select(table)).mappings()}

    def something_happens(self) -> None:
        self.clock.sleep(self.chance.expovariate(1 / 80_000))
        self.chance.choice(self._happenings())()

    def _happenings(self) -> list[Callable[[], None]]:
        happenings = [self._ordered, self._ordered, self._ordered, self._opened]
        if self.known:
            happenings += [self._order_changed, self._refunded, self._sent_again]
        if self.ticket_ids:
            happenings += [self._wrote, self._wrote, self._moved, self._assigned, self._deleted]
        if self.message_ids:
            happenings += [self._message_deleted, self._reset]
        return happenings

    # ------------------------------------------------------------ orders

    def _ordered(self) -> None:
        self.record(*(self._new_order() for _ in range(self.chance.choice((1, 1, 2, 5)))))

    def _new_order(self) -> NewOrder:
        days_ago = self.chance.choice((0, 0, 0, 0, 0.4, 3, 200, 900, -2))
        return NewOrder(
            external_id=f"order-{len(self.known)}-{self.chance.random()}",
            customer_id=self.chance.choice(CUSTOMERS),
            ordered_at=self.clock.now() - timedelta(days=days_ago),
            currency=self.chance.choice(CURRENCIES),
            status=self.chance.choice(STATUSES),
            total=Decimal(self.chance.choice(AMOUNTS)),
            discount=self.chance.choice((None, Decimal(0), Decimal(2))),
            lines=tuple(self._line() for _ in range(self.chance.choice((0, 1, 3)))),
            refunds=self.chance.choice(((), (), (self._refund(),))),
        )

    def _line(self) -> Line:
        return Line(
            title="Green tea",
            quantity=self.chance.choice((0, 1, 1_000_000)),
            price=Decimal(self.chance.choice(AMOUNTS)),
            category=self.chance.choice((None, *(f"category {number}" for number in range(20)))),
            discount=self.chance.choice((None, Decimal("0.5"))),
        )

    def _refund(self) -> Refund:
        amount = Decimal(self.chance.choice(AMOUNTS))
        return Refund(external_id=f"refund-{self.chance.random()}", at=self.clock.now(), amount=amount)

    def _any_order(self) -> NewOrder:
        return self.known[self.chance.choice(list(self.known))]

    def _order_changed(self) -> None:
        other = self._new_order()
        names = self.chance.sample(
            ("customer_id", "ordered_at", "currency", "status", "total", "lines", "discount"), 2
        )
        self.record(replace(self._any_order(), **{name: getattr(other, name) for name in names}))

    def _refunded(self) -> None:
        order = self._any_order()
        self.record(replace(order, refunds=(*order.refunds, self._refund())))

    def _sent_again(self) -> None:
        self.record(self._any_order(), self._new_order())

    # ------------------------------------------------------------ contacts

    def _opened(self) -> None:
        new = NewTicket(
            customer_id=self.chance.choice((*CUSTOMERS, "only writes")),
            subject="Where is it?",
            channel=self.chance.choice(list(Channel)),
            initial_message=self.chance.choice((None, "It is late.")),
        )
        made = self.tickets.create(new, actor="test")
        self.ticket_ids.append(made.ticket.id)
        self.message_ids += [message.id for message in made.messages]

    def _wrote(self) -> None:
        ticket_id = self._living_ticket()
        for _ in range(self.chance.choice((1, 1, 4))):
            new = NewMessage(content="And now?", from_agent=self.chance.random() < 0.2)
            self.message_ids.append(self.conversations.add(ticket_id, new, actor="test").message.id)

    def _moved(self) -> None:
        status = self.chance.choice(list(TicketStatus))
        self.tickets.change(self._living_ticket(), TicketChange(values={"status": status}), actor="test")

    def _assigned(self) -> None:
        agent = self.chance.choice((None, "noor", "jun"))
        self.tickets.change(self._living_ticket(), TicketChange(values={"assigned_to": agent}), actor="test")

    def _deleted(self) -> None:
        ticket_id = self._living_ticket()
        self.tickets.delete(ticket_id, actor="test")
        if self.chance.random() < 0.7:
            self.tickets.restore(ticket_id, actor="test")
        else:
            self.ticket_ids.remove(ticket_id)
            self._opened()

    def _message_deleted(self) -> None:
        self._on_message(lambda message_id: self.conversations.delete(message_id, actor="test"))

    def _reset(self) -> None:
        self.conversations.reset(self._living_ticket(), actor="test")

    def _on_message(self, act: Callable[[str], None]) -> None:
        message_id = self.message_ids.pop(self.chance.randrange(len(self.message_ids)))
        with self.database.reading() as session:
            there = self.conversations.written(session, message_id)
        if there is not None and there.ticket_id in self.ticket_ids:
            act(message_id)

    def _living_ticket(self) -> str:
        return self.chance.choice(self.ticket_ids)


def day(year: int, month: int, date_: int, hour: int = 12) -> datetime:
    return datetime(year, month, date_, hour, tzinfo=UTC)
