"""What an agent sees of the tickets: what they and their teams have, and what belongs to nobody.

A ticket is told by `owned_by`, of which an index keeps each order sorted: what an agent sees is a merge of
what each of some owners has, and of what is assigned to the agent whosever it is. Each part is asked for as
far as the page goes, so a team with few tickets is as quick as one with most of them (docs/adr/0057).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    cast,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from service.agents.services import AgentDirectory
from service.tickets.models import NOBODYS, Ticket

AnyColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose lists these are. Where there is none, they show everything."""

    agent_id: str
    team_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Seen:
    """Tickets that one of `owners` owns, and those that the agent has. Owners are in order, none twice."""

    agent_id: str
    owners: tuple[str, ...]

    @classmethod
    def by(cls, sight: Sight, directory: AgentDirectory) -> Self:
        """Who shares a team, and who is in none: their tickets are everybody's."""
        agents = directory.agents_with(sight.team_ids)
        return cls(sight.agent_id, tuple(sorted({NOBODYS, sight.agent_id, *sight.team_ids, *agents})))

    def holds(self, owned_by: AnyColumn, assigned_to: AnyColumn) -> ColumnElement[bool]:
        return or_(owned_by.in_(self.owners), assigned_to == self.agent_id)


def of_each_owner(
    session: Session, seen: Seen, rows: Select[Any], place: Callable[[Any], Any]
) -> Select[Any]:
    """`rows` of tickets, in an order and so many at most, once for each owner.

    `place`: what they select as such, made of a ticket.
    """
    if session.get_bind().dialect.name == "postgresql":
        listed = func.unnest(cast(list(seen.owners), ARRAY(String))).table_valued("value")
        owners = listed.render_derived(name="owners")
        own = rows.where(Ticket.owned_by == owners.c.value).lateral()
        return select(own).select_from(owners).join(own, true())
    owners = func.json_each(json.dumps(seen.owners)).table_valued("value", name="owners")
    ids = rows.with_only_columns(Ticket.id).where(Ticket.owned_by == owners.c.value).correlate(owners)
    ticket = aliased(Ticket)  # SQLite knows no lateral joins, but it looks for those of each owner, too
    shown = select(ticket.id, ticket.customer_id, place(ticket).label("place"))
    return shown.select_from(owners).join(ticket, ticket.id.in_(ids))


def count_seen(session: Session, seen: Seen, rows: Select[tuple[str]]) -> int:
    """How many of the ids of `rows` are seen; where there are more than its limit, that or more."""
    parts = (
        rows.where(Ticket.owned_by.in_(seen.owners)),
        rows.where(Ticket.assigned_to == seen.agent_id),
    )
    together = union(*(select(part.subquery()) for part in parts)).subquery()
    return session.scalar(select(func.count()).select_from(together)) or 0
