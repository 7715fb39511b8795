"""Sample data into a database, in bulk: what is there already stays as it is."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session

from service.agents.models import Agent, Team, TeamMember
from service.assignment.models import Assignment
from service.assignment.queries import add_load
from service.customer_base.keeping import CustomerBase
from service.customer_base.rebuilding import Rebuilding
from service.customers.models import Customer, Order, OrderLine, Refund
from service.customers.services import OrderLog, found_by
from service.database import Database
from service.sample_data import rows, staff
from service.sample_data.cases import Case, featured_case, make_case
from service.sample_data.shoppers import Shopper, shoppers
from service.text_index import TextIndex
from service.tickets import queries
from service.tickets.models import COUNTER_SHARDS, Message, Ticket, TicketStatus, TicketTag
from service.tickets.services import Ranking, SupportCases

BATCH = 500
"""Customers or tickets per transaction, so that nobody waits long for SQLite's write lock."""

RANKED = ("churn_risk", "lifetime_value", "waiting", "inbox_rank")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How many rows are new."""

    customers: int
    orders: int
    tickets: int
    messages: int


def is_empty(database: Database) -> bool:
    """Whether there is no customer at all."""
    with database.reading() as session:
        return session.scalar(select(Customer.id).limit(1)) is None


def load(
    database: Database,
    ranking: Ranking,
    *,
    customers: int,
    tickets: int,
    seed: int,
    now: datetime,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Loaded:
    """Beside the agents, the customers and the ticket that are always there.

    `on_progress`: how many more are done.
    """
    new: Counter[str] = Counter()
    index = TextIndex(database.engine.dialect.name)
    with database.writing() as session:
        _add_staff(session, now)
    known = list(shoppers(customers, seed=seed))
    for some in _batches(known):
        with database.writing() as session:
            new.update(_add_customers(session, some, now, index))
        on_progress(len(some))
    for number, cases in enumerate(_batches(_cases(tickets, known, seed))):
        with database.writing() as session:
            added = _add_tickets(session, cases, now, ranking, shard=number % COUNTER_SHARDS)
            index.add(session, [text for case in added for text in rows.texts(case, now)])
            new.update(tickets=len(added), messages=sum(len(case.turns) for case in added))
        on_progress(len(cases))
    count(database, [shopper.id for shopper in known])
    return Loaded(
        customers=new["customers"], orders=new["orders"], tickets=new["tickets"], messages=new["messages"]
    )


def count(database: Database, customer_ids: Sequence[str]) -> None:
    """Rows that come in bulk pass by the place where a customer's figures are kept up otherwise."""
    orders = OrderLog()
    Rebuilding(database, CustomerBase(orders, SupportCases()), orders).rebuild(those=customer_ids)


def _cases(wanted: int, known: Sequence[Shopper], seed: int) -> Iterator[Case]:
    yield featured_case(known)
    for number in range(1, wanted + 1):
        yield make_case(number, known, seed=seed)


def _add_staff(session: Session, now: datetime) -> None:
    """Those who are there already stay as they are, and in their teams."""
    new = _insert(session, Agent.id, list(staff.agent_rows(now)))
    there = new | set(session.scalars(select(Agent.id).where(Agent.id.in_(staff.AGENT_IDS.values()))))
    teams = _insert(session, Team.id, [row for row in staff.team_rows(now) if row["lead_id"] in there])
    members = (row for row in staff.member_rows(now) if row["team_id"] in teams and row["agent_id"] in there)
    _insert_all(session, TeamMember, members)


def _add_customers(
    session: Session, some: Sequence[Shopper], now: datetime, index: TextIndex
) -> dict[str, int]:
    people = [rows.customer_row(shopper, now) for shopper in some]
    added = _insert(session, Customer.id, people)
    index.add(
        session, [found_by(row["id"], row["name"], row["email"]) for row in people if row["id"] in added]
    )
    bought = [
        (rows.order_row(shopper, purchase, now), purchase)
        for shopper in some
        for purchase in shopper.purchases
    ]
    ordered = _insert(session, Order.id, [order for order, _ in bought])
    new = [(order["id"], purchase) for order, purchase in bought if order["id"] in ordered]
    _insert_all(session, OrderLine, (line for of, purchase in new for line in rows.line_rows(of, purchase)))
    _insert_all(
        session, Refund, (refund for of, purchase in new for refund in rows.refund_rows(of, purchase, now))
    )
    return {"customers": len(added), "orders": len(ordered)}


def _add_tickets(
    session: Session, cases: Sequence[Case], now: datetime, ranking: Ranking, *, shard: int
) -> list[Case]:
    """Those that are new."""
    added = _insert(
        session, Ticket.id, _ranked(session, [rows.ticket_row(case, now) for case in cases], ranking)
    )
    new = [case for case in cases if case.id in added]
    _insert_all(session, TicketTag, (tag for case in new for tag in rows.tag_rows(case)))
    _insert_all(session, Message, (message for case in new for message in rows.message_rows(case, now)))
    assigned = [row for case in new if (row := rows.assignment_row(case, now)) is not None]
    _insert_all(session, Assignment, assigned)
    for agent_id, count in sorted(Counter(row["agent_id"] for row in assigned).items()):
        add_load(session, agent_id, count)
    statuses: Counter[TicketStatus] = Counter(case.status for case in new)
    for status, count in sorted(statuses.items()):
        queries.recount(session, status, count, shard=shard)
    return new


def _ranked(session: Session, listed: Sequence[rows.Row], ranking: Ranking) -> list[rows.Row]:
    """What is inserted in bulk passes by the place where ranks are made otherwise."""
    tickets = [Ticket(**row) for row in listed]
    ranking.take_facts(session, tickets)
    for ticket in tickets:
        ranking.rank(ticket)
    return [
        row | {name: getattr(ticket, name) for name in RANKED}
        for row, ticket in zip(listed, tickets, strict=True)
    ]


def _insert(session: Session, key: InstrumentedAttribute[str], values: Sequence[rows.Row]) -> set[str]:
    """The keys of those rows that were not there before."""
    if not values:
        return set()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(key.class_).on_conflict_do_nothing().returning(key)
    return set(session.execute(statement, values).scalars())


def _insert_all(session: Session, table: type[DeclarativeBase], values: Iterable[rows.Row]) -> None:
    listed = list(values)
    if listed:
        session.connection().execute(table.__table__.insert(), listed)  # type: ignore[attr-defined]  # a Table


def _batches(sequence: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(sequence)
    while batch := list(islice(rest, BATCH)):
        yield batch
