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
    CompoundSelect,
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
    """Tickets that one of `owners` owns, and those that the agent has, if one is told.

    Owners are in order, none twice. `shared`: those of them that are no agents.
    """

    agent_id: str | None
    owners: tuple[str, ...]
    shared: tuple[str, ...] = ()

    @classmethod
    def by(cls, sight: Sight, directory: AgentDirectory) -> Self:
        """Who shares a team, and who is in none: their tickets are everybody's."""
        shared = {NOBODYS, *sight.team_ids}
        owners = shared | {sight.agent_id, *directory.agents_with(sight.team_ids)}
        return cls(sight.agent_id, tuple(sorted(owners)), tuple(sorted(shared)))

    @property
    def of_nobody(self) -> "Seen":
        """All that is seen of what no agent has."""
        return Seen(None, self.shared)

    def holds(self, owned_by: AnyColumn, assigned_to: AnyColumn) -> ColumnElement[bool]:
        owned = owned_by.in_(self.owners)
        return owned if self.agent_id is None else or_(owned, assigned_to == self.agent_id)


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


def count_seen(session: Session, seen: Seen, rows: Select[tuple[str]], most: int) -> int:
    """How many of the ids of `rows` are seen, `most` where there are more."""
    rows = rows.limit(most)
    if (
        seen.agent_id is None
    ):  # a few owners, of each by the index of what is its own, which IN would not take
        one_by_one = of_each_owner(session, seen, rows, lambda ticket: ticket.id)
        return _counted(session, one_by_one.limit(most))
    parts = rows.where(Ticket.owned_by.in_(seen.owners)), rows.where(Ticket.assigned_to == seen.agent_id)
    return _counted(session, union(*(select(part.subquery()) for part in parts)))


def _counted(session: Session, rows: Select[Any] | CompoundSelect[Any]) -> int:
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0
