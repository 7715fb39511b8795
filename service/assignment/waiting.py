"""What waits to be handed out, in the order of the inbox: a merge of what each team has waiting.

Of each team so many tickets are read as a batch has, by an index of what waits alone, so that handing out
costs the same however many wait.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    String,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from service.agents.models import TeamMember
from service.tickets.models import NOBODYS, Ticket
from service.tickets.scoring import Weights
from service.tickets.sights import Seen, of_each_owner

QUEUED = text("tickets.queued AND tickets.deleted_at IS NULL")
"""A literal, not a parameter: only so can a database tell that it may use the partial index."""

ONE: ColumnElement[int] = literal_column("1")
"""Of a parameter PostgreSQL does not know that it is few, and so plans the statement anew each time."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket in the queue; `place`: its score."""

    ticket_id: str
    place: float


def anything_waits(session: Session) -> bool:
    return session.scalar(first_of_all()) is not None


def first_of_all() -> Select[tuple[str]]:
    """In the order of the index, which is why that is read: where most tickets wait, or did when they were
    last counted, PostgreSQL would else go through the table until it meets one.
    """
    first = select(Ticket.id).where(QUEUED)
    return first.order_by(Ticket.owned_by, Ticket.waiting, Ticket.inbox_rank, Ticket.id).limit(1)


def others_before(session: Session, ticket: Ticket, agent_id: str, weights: Weights, at: datetime) -> bool:
    """Whether one waits that comes before this ticket, and is of a team of this agent's, or of none."""
    waited = weights.waited(at)
    place = _place_of(waited if ticket.waiting else 0.0, ticket)
    asked = {"agent": agent_id, "ticket": ticket.id, "waiting": place - waited, "others": place}
    return session.connection().scalar(_BEFORE, asked) is not None


def before() -> Select[tuple[str]]:
    """One look into the index for each owner. `waiting`, `others`: ranks at the place of the ticket."""
    owners = union_all(
        select(literal(NOBODYS, String).label("owner")),
        select(TeamMember.team_id).where(TeamMember.agent_id == bindparam("agent")),
    ).subquery("owners")
    here = {waiting: bindparam(name, type_=Float) for waiting, name in ((True, "waiting"), (False, "others"))}
    firsts = [
        select(Ticket.id)
        .where(QUEUED, Ticket.owned_by == owners.c.owner, Ticket.waiting == waiting)
        .where(tuple_(Ticket.inbox_rank, Ticket.id) > tuple_(rank, bindparam("ticket", type_=String)))
        .order_by(Ticket.inbox_rank.desc(), Ticket.id.desc())
        .limit(ONE)
        .scalar_subquery()
        for waiting, rank in here.items()
    ]
    return select(owners.c.owner).where(or_(*(first.is_not(None) for first in firsts))).limit(ONE)


_BEFORE = before()


def next_waiting(
    session: Session,
    weights: Weights,
    at: datetime,
    *,
    teams: Iterable[str],
    most: int,
    behind: Waiting | None = None,
) -> Sequence[Waiting]:
    """The next of these teams, and of no team, highest score first; those behind one of them."""
    owners = Seen(None, (NOBODYS, *teams))
    streams = [
        of_each_owner(session, owners, stream(most, waiting=waiting, added=added, behind=behind), place)
        for waiting, added in ((True, weights.waited(at)), (False, 0.0))
        for place in [partial(_place_of, added)]
    ]
    parts = union_all(*(select(part.subquery()) for part in streams)).subquery()
    merged = select(parts.c.id, parts.c.place).order_by(parts.c.place.desc(), parts.c.id.desc()).limit(most)
    return [Waiting(row.id, row.place) for row in session.execute(merged)]


def stream(most: int, *, waiting: bool, added: float, behind: Waiting | None) -> Select[Any]:
    """Of whichever owner it is asked for."""
    place = _place_of(added, Ticket).label("place")
    rows = select(Ticket.id, Ticket.customer_id, place).where(QUEUED, Ticket.waiting == waiting)
    if behind is not None:
        here = tuple_(Ticket.inbox_rank, Ticket.id)
        rows = rows.where(here < tuple_(literal(behind.place - added), literal(behind.ticket_id)))
    return rows.order_by(Ticket.inbox_rank.desc(), Ticket.id.desc()).limit(most)


def _place_of(added: float, ticket: Any) -> Any:
    return ticket.inbox_rank + added
