"""What is breached and what is at risk: as far as the caller sees it, by indexes in the order shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    String,
    cast,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.orm import Session, aliased

from service.agents.services import AgentDirectory
from service.database import Database
from service.http.pagination import Cursor, Listing, Page, paginate
from service.sla.policies import Policies, Target
from service.sla.services import PolicyBook
from service.sla.tracking.models import AT_RISK, BREACHED, KeptTarget
from service.sla.tracking.reading import NamedPolicy
from service.tickets.models import Priority, Ticket
from service.tickets.sights import Seen, Sight

COUNTED_EXACTLY = 1_000


class Which(StrEnum):
    BREACHED = "breached"
    AT_RISK = "at_risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """None for any. `met`: whether what was promised was done by now, late."""

    policy_id: str | None = None
    priority: Priority | None = None
    team_id: str | None = None
    agent_id: str | None = None
    target: Target | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class ListedTarget:
    """`kept`: a row with what is shown of `KeptTarget` and of its ticket."""

    kept: Row[Any]
    policy: NamedPolicy


class TargetLists:
    def __init__(self, database: Database, book: PolicyBook, directory: AgentDirectory) -> None:
        self._database = database
        self._book = book
        self._directory = directory

    def breached(self, filters: Filters, page: Page, *, sight: Sight | None) -> Listing[ListedTarget]:
        """What was breached last comes first."""
        return self._listed(Which.BREACHED, filters, page, sight)

    def at_risk(self, filters: Filters, page: Page, *, sight: Sight | None) -> Listing[ListedTarget]:
        """What is due first comes first."""
        return self._listed(Which.AT_RISK, filters, page, sight)

    def count(self, which: Which, sight: Sight | None) -> tuple[int, bool]:
        """Of what is not done; where there are many, a lower bound, and that it is one."""
        with self._database.reading() as session:
            return Walk(session, which, Filters(met=False), self._seen(sight)).count()

    def _seen(self, sight: Sight | None) -> Seen | None:
        return Seen.by(sight, self._directory) if sight else None

    def _listed(
        self, which: Which, filters: Filters, page: Page, sight: Sight | None
    ) -> Listing[ListedTarget]:
        seen = self._seen(sight)
        policies = self._book.policies()
        with self._database.reading() as session:
            walk = Walk(session, which, filters, seen)
            rows = walk.page(page)
            total, estimated = walk.count()
        return paginate(
            [ListedTarget(row, _policy(row, policies)) for row in rows],
            page,
            total=total,
            estimated=estimated,
            place=lambda one: Cursor(one.kept.place, str(one.kept.id)),
        )


class Walk:
    """Along one of the two lists, in its order."""

    def __init__(self, session: Session, which: Which, filters: Filters, seen: Seen | None) -> None:
        self._session = session
        self._seen = seen
        self._newest_first = which is Which.BREACHED
        self._where: list[Any] = (
            [BREACHED] if self._newest_first else [AT_RISK, KeptTarget.due_at.is_not(None)]
        )
        self._where += _narrowed(filters)

    def page(self, page: Page) -> Sequence[Row[Any]]:
        """One more than the page has, where there is a next one."""
        place = self._place(KeptTarget)
        ids = self._ids(page.offset + page.limit + 1, page.cursor)
        statement = (
            select(
                KeptTarget.id,
                place.label("place"),
                KeptTarget.target,
                KeptTarget.status,
                KeptTarget.policy_id,
                KeptTarget.length_s,
                KeptTarget.begin,
                KeptTarget.due_at,
                KeptTarget.breached_at,
                KeptTarget.met_at,
                KeptTarget.paused_since,
                Ticket.id.label("ticket_id"),
                Ticket.subject,
                Ticket.status.label("ticket_status"),
                Ticket.priority,
                Ticket.assigned_to,
                Ticket.team_id,
            )
            .join(Ticket, Ticket.id == KeptTarget.ticket_id)
            .where(KeptTarget.id.in_(select(ids.subquery().c.id)))
            .order_by(*self._order(KeptTarget))
            .offset(page.offset)
            .limit(page.limit + 1)
        )
        return self._session.execute(statement).all()

    def count(self) -> tuple[int, bool]:
        some = self._ids(COUNTED_EXACTLY + 1, None).subquery()
        found = self._session.scalar(select(func.count()).select_from(some)) or 0
        return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY

    def _ids(self, most: int, last: Cursor | None) -> Select[Any]:
        """Of the first `most` at least; of what each owner has, so that few are found as quickly as many."""
        rows = select(KeptTarget.id).where(*self._where, self._is_shown()).limit(most)
        rows = rows.order_by(*self._order(KeptTarget))
        if last is not None:
            place = tuple_(self._place(KeptTarget), KeptTarget.id)
            mark = tuple_(literal(last.at, KeptTarget.made_at.type), literal(last.number))
            rows = rows.where(place < mark if self._newest_first else place > mark)
        if self._seen is None:
            return rows
        own = rows.where(KeptTarget.agent_id == self._seen.agent_id)
        parts = (self._of_each_owner(rows, self._seen), own)
        found = union(*(select(part.subquery().c.id) for part in parts)).subquery()
        shown = select(KeptTarget.id).where(KeptTarget.id.in_(select(found.c.id)))
        return shown.order_by(*self._order(KeptTarget)).limit(most)

    def _of_each_owner(self, rows: Select[Any], seen: Seen) -> Select[Any]:
        if self._session.get_bind().dialect.name == "postgresql":
            listed = func.unnest(cast(list(seen.owners), ARRAY(String))).table_valued("value")
            owners = listed.render_derived(name="owners")
            of_owner = rows.where(KeptTarget.owned_by == owners.c.value).lateral()
            return select(of_owner.c.id).select_from(owners).join(of_owner, true())
        owners = func.json_each(json.dumps(seen.owners)).table_valued("value", name="owners")
        ids = rows.where(KeptTarget.owned_by == owners.c.value).correlate(owners)
        row = aliased(KeptTarget)
        return select(row.id).select_from(owners).join(row, row.id.in_(ids))

    def _is_shown(self) -> ColumnElement[bool]:
        """By the ticket as it is: what is kept of whose it is may be a second old."""
        there = select(Ticket.id).where(Ticket.id == KeptTarget.ticket_id, Ticket.deleted_at.is_(None))
        if self._seen is not None:
            there = there.where(self._seen.holds(Ticket.owned_by, Ticket.assigned_to))
        return exists(there)

    def _place(self, row: Any) -> Any:
        return row.breached_at if self._newest_first else row.due_at

    def _order(self, row: Any) -> tuple[Any, Any]:
        columns = (self._place(row), row.id)
        first, last = (column.desc() if self._newest_first else column.asc() for column in columns)
        return first, last


def _narrowed(filters: Filters) -> list[ColumnElement[bool]]:
    wanted = [
        getattr(KeptTarget, name) == value
        for name in ("policy_id", "priority", "team_id", "agent_id", "target")
        if (value := getattr(filters, name)) is not None
    ]
    if filters.met is not None:
        wanted.append(KeptTarget.met_at.is_not(None) if filters.met else KeptTarget.met_at.is_(None))
    return wanted


def _policy(row: Row[Any], policies: Policies) -> NamedPolicy:
    policy = policies.find(row.policy_id)
    return NamedPolicy(row.policy_id, policy.name if policy else None)
