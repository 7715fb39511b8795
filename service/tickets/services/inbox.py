"""The list of tickets: by score as an inbox, or by time; narrowed by filters, words and topic alerts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Self

import msgspec
from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.models import CustomerRef
from providers.ports import Clock
from service.agents.services import AgentDirectory
from service.customers.services import Named
from service.database import Database
from service.errors import InvalidField, NotFound
from service.http.pagination import (
    Cursor,
    Listing,
    OwnCursor,
    Page,
    PageOf,
    ZonedTime,
    packed,
    paginate,
    unpacked,
)
from service.text_index import Phrase, TextIndex
from service.tickets import page_queries, past_ranks, queries
from service.tickets.filters import TicketFilter
from service.tickets.inbox_clauses import Clause, Said, Tagged
from service.tickets.inbox_orders import BEFORE_ALL_IDS, ByScore, ByTime, Key, Mark
from service.tickets.inbox_queries import USUAL, Effort, Walk
from service.tickets.models import Ticket
from service.tickets.past_ranks import Moment, Moved
from service.tickets.scoring import DIGITS, Part, Weights
from service.tickets.sights import Seen, Sight

TIMES = {"created_at": Ticket.created_at, "updated_at": Ticket.updated_at}
EXPIRED = (
    f"Has expired: a walk by score may take {past_ranks.KEPT // timedelta(minutes=1)} minutes, and ends when "
    "all scores are made anew. Begin again without a cursor."
)
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
IN_TIME = ByTime(Ticket.created_at, ascending=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tickets. `search`: terms that all have to be there; `alerts`: phrases that mark a ticket.

    `sight`: of whom these have to be seen, None for everything.
    """

    filter: TicketFilter = field(default_factory=TicketFilter)
    tag: str | None = None
    search: tuple[Phrase, ...] = ()
    alerts: tuple[Phrase, ...] = ()
    sight: Sight | None = None

    @property
    def terms(self) -> tuple[Clause, ...]:
        tagged = () if self.tag is None else (Tagged(self.tag),)
        return (*tagged, *(Said((phrase,), customer_too=True) for phrase in self.search))

    @property
    def alert(self) -> Clause | None:
        return Said(self.alerts) if self.alerts else None


@dataclass(frozen=True, slots=True)
class InboxCursor:
    """The last ticket of the page before, as the scores stood when the walk began: `at` that time.

    `moment`: which changes there had been by then.
    """

    at: datetime
    score: float
    id: str
    alerted: bool
    moment: Moment

    def encode(self) -> str:
        behind = [self.moment.next - number for number in self.moment.open]
        return packed([self.at, self.score, self.id, self.alerted, self.moment.next, behind])

    @classmethod
    def decode(cls, text: str) -> Self:
        values = unpacked(text, tuple[ZonedTime, float, str, bool, Number, list[Number]])
        at, score, ticket_id, alerted, following, behind = values
        return cls(at, score, ticket_id, alerted, Moment(following, tuple(following - one for one in behind)))

    def mark(self, *, alerted: bool) -> Mark:
        """Where to go on among the alerted tickets, or the others: at one score the alerted come first."""
        if alerted is self.alerted:
            return Mark(self.score, self.id)
        return Mark(self.score, BEFORE_ALL_IDS if alerted else None)


class InboxPage(PageOf[InboxCursor]):
    @classmethod
    def decoded(cls, cursor: str) -> InboxCursor:
        return InboxCursor.decode(cursor)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """`ticket`: a row with what is shown of `Ticket`, and of its customer."""

    ticket: Row[Any]
    tags: Sequence[str]
    alerted: bool
    score: float

    @property
    def customer(self) -> Named:
        known = self.ticket
        return Named(CustomerRef(known.customer_id, known.customer_external_ids), known.customer_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """`matches`: how many of the tickets a topic alert marks."""

    listing: Listing[InboxRow]
    matches: int
    matches_is_estimate: bool


@dataclass(frozen=True, slots=True)
class Breakdown:
    ticket_id: str
    parts: Sequence[Part]
    total: float


@dataclass(frozen=True, slots=True)
class _Marked:
    """A place in the order, and whether a topic alert marks the ticket."""

    key: Key
    alerted: bool


class InboxService:
    def __init__(
        self,
        database: Database,
        index: TextIndex,
        weights: Weights,
        clock: Clock,
        directory: AgentDirectory,
        *,
        effort: Effort = USUAL,
    ) -> None:
        self._database = database
        self._weights = weights
        self._clock = clock
        self._directory = directory
        self._walk = partial(Walk, index=index, effort=effort)

    def by_score(self, wanted: Wanted, page: InboxPage) -> Inbox:
        """Highest first. What a cursor leads to is as of the moment when the first page was asked for.

        Raises `InvalidField` for a cursor that has expired.
        """
        at = page.cursor.at if page.cursor else self._clock.now()
        if self._clock.now() - at > past_ranks.KEPT:
            raise InvalidField("cursor", EXPIRED)
        wanted = self._seen(wanted)
        with self._database.reading() as session:
            moment = page.cursor.moment if page.cursor else past_ranks.present(session)
            marked = self._as_of(moment, session, wanted, page, at)[page.offset :]
            listing = self._paginated(
                session,
                wanted,
                page,
                marked,
                lambda last: InboxCursor(at, last.key.place, last.key.id, last.alerted, moment),
            )
            return self._inbox(session, wanted, listing, at, scored=True)

    def _as_of(
        self, moment: Moment, session: Session, wanted: Wanted, page: InboxPage, at: datetime
    ) -> list[_Marked]:
        """By the present ranks, which mostly are those of the moment; else by those."""
        marked = self._by_score(session, wanted, page, at)
        if page.cursor is None and len(marked) <= page.offset + page.limit:
            return marked  # nobody walks on
        changes = moment.changes(session)
        if changes.too_many and page.cursor is not None:
            raise InvalidField("cursor", EXPIRED)
        return self._by_score(session, wanted, page, at, moment.moved()) if changes.any else marked

    def by_time(self, wanted: Wanted, page: Page, *, column: str, ascending: bool) -> Inbox:
        """By one of `TIMES`."""
        order, wanted = ByTime(TIMES[column], ascending), self._seen(wanted)
        with self._database.reading() as session:
            last = Mark(page.cursor.at, page.cursor.id) if page.cursor else None
            walk = self._walk(session, wanted=wanted.filter, order=order, last=last)
            keys = walk.first(page.offset + page.limit + 1, wanted.terms)[page.offset :]
            held = walk.holding([key.id for key in keys], wanted.alert) if wanted.alert else set()
            listing = self._paginated(
                session,
                wanted,
                page,
                [_Marked(key, alerted=key.id in held) for key in keys],
                lambda last: Cursor(last.key.place, last.key.id),
            )
            return self._inbox(session, wanted, listing, self._clock.now(), scored=False)

    def breakdown(self, ticket_id: str, alerts: tuple[Phrase, ...]) -> Breakdown:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            ticket = queries.living(session, ticket_id)
            if ticket is None:
                raise NotFound("ticket", ticket_id)
            alerted = None
            if alerts:
                walk = self._walk(session, wanted=TicketFilter(), order=IN_TIME)
                alerted = bool(walk.holding([ticket_id], Said(alerts)))
        at = self._clock.now()
        parts = self._weights.parts(ticket, at, alerted=alerted)
        return Breakdown(ticket_id, parts, self._weights.score(ticket, at, alerted=bool(alerted)))

    def _seen(self, wanted: Wanted) -> Wanted:
        if wanted.sight is None:
            return wanted
        return replace(wanted, filter=wanted.filter.seen_by(Seen.by(wanted.sight, self._directory)))

    def _by_score(
        self, session: Session, wanted: Wanted, page: InboxPage, at: datetime, moved: Moved | None = None
    ) -> list[_Marked]:
        most, last = page.offset + page.limit + 1, page.cursor
        until = wanted.filter if last is None else replace(wanted.filter, created_until=at)
        plain = self._walk(
            session,
            wanted=until,
            order=ByScore(self._weights, at, moved=moved),
            last=last.mark(alerted=False) if last else None,
        )
        alert = wanted.alert
        if alert is None:
            return [_Marked(key, alerted=False) for key in plain.first(most, wanted.terms)]
        boosted = self._walk(
            session,
            wanted=until,
            order=ByScore(self._weights, at, self._weights.boost, moved),
            last=last.mark(alerted=True) if last else None,
        )
        alerted = boosted.first(most, (*wanted.terms, alert))
        floor = alerted[-1].place if len(alerted) == most else None
        others = plain.first(most, wanted.terms, without=alert, floor=floor)
        marked = [_Marked(key, alerted=True) for key in alerted]
        marked += [_Marked(key, alerted=False) for key in others]
        marked.sort(key=lambda one: one.key.place, reverse=True)  # stable: at one score the alerted go first
        return marked[:most]

    def _paginated(
        self,
        session: Session,
        wanted: Wanted,
        page: PageOf[Any],
        marked: Sequence[_Marked],
        cursor: Callable[[_Marked], OwnCursor],
    ) -> Listing[_Marked]:
        if wanted.terms:
            total, estimated = self._count(session, wanted.filter, wanted.terms)
        else:
            total, estimated = queries.count(session, wanted.filter)
        return paginate(marked, page, total=total, estimated=estimated, place=cursor)

    def _inbox(
        self, session: Session, wanted: Wanted, listing: Listing[_Marked], at: datetime, *, scored: bool
    ) -> Inbox:
        """`scored`: the places are scores, as of the moment the list is of."""
        marked = {one.key.id: one for one in listing.rows}
        tickets = page_queries.listed(session, list(marked))
        matches, estimated = 0, False
        if wanted.alert:
            matches, estimated = self._count(session, wanted.filter, (*wanted.terms, wanted.alert))
        rows = []
        for ticket, tags in tickets:
            one = marked[ticket.id]
            score = (
                round(one.key.place, DIGITS)
                if scored
                else self._weights.kept_score(ticket, at, alerted=one.alerted)
            )
            rows.append(InboxRow(ticket, tags, one.alerted, score))
        return Inbox(
            listing=Listing(rows, listing.pagination), matches=matches, matches_is_estimate=estimated
        )

    def _count(self, session: Session, wanted: TicketFilter, clauses: Sequence[Clause]) -> tuple[int, bool]:
        return self._walk(session, wanted=wanted, order=IN_TIME).count(clauses)
