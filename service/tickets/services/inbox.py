"""The list of tickets: by score as an inbox, or by time; narrowed by filters, words and topic alerts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Self

from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.agents.services import AgentDirectory
from service.database import Database
from service.errors import NotFound
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
from service.tickets import page_queries, queries
from service.tickets.filters import TicketFilter
from service.tickets.inbox_clauses import Clause, Said, Tagged
from service.tickets.inbox_orders import BEFORE_ALL_IDS, ByScore, ByTime, Key, Mark
from service.tickets.inbox_queries import USUAL, Effort, Walk
from service.tickets.models import Ticket
from service.tickets.scoring import Part, Weights
from service.tickets.sights import Seen, Sight

TIMES = {"created_at": Ticket.created_at, "updated_at": Ticket.updated_at}
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
    """The last ticket of the page before, as the scores stood `at` the moment the walk began."""

    at: datetime
    score: float
    id: str
    alerted: bool

    def encode(self) -> str:
        return packed([self.at, self.score, self.id, self.alerted])

    @classmethod
    def decode(cls, text: str) -> Self:
        return cls(*unpacked(text, tuple[ZonedTime, float, str, bool]))

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
    """`ticket`: a row with what is shown of `Ticket`."""

    ticket: Row[Any]
    tags: Sequence[str]
    alerted: bool
    score: float


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
        """Highest first. What a cursor leads to is as of the moment when the first page was asked for."""
        at = page.cursor.at if page.cursor else self._clock.now()
        wanted = self._seen(wanted)
        with self._database.reading() as session:
            marked = self._by_score(session, wanted, page, at)[page.offset :]
            listing = self._paginated(
                session,
                wanted,
                page,
                marked,
                lambda last: InboxCursor(at, last.key.place, last.key.id, last.alerted),
            )
            return self._inbox(session, wanted, listing, at)

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
            return self._inbox(session, wanted, listing, self._clock.now())

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

    def _by_score(self, session: Session, wanted: Wanted, page: InboxPage, at: datetime) -> list[_Marked]:
        most, last = page.offset + page.limit + 1, page.cursor
        until = wanted.filter if last is None else replace(wanted.filter, created_until=at)
        plain = self._walk(
            session,
            wanted=until,
            order=ByScore(self._weights, at),
            last=last.mark(alerted=False) if last else None,
        )
        alert = wanted.alert
        if alert is None:
            return [_Marked(key, alerted=False) for key in plain.first(most, wanted.terms)]
        boosted = self._walk(
            session,
            wanted=until,
            order=ByScore(self._weights, at, self._weights.boost),
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

    def _inbox(self, session: Session, wanted: Wanted, listing: Listing[_Marked], at: datetime) -> Inbox:
        alerted = {one.key.id for one in listing.rows if one.alerted}
        tickets = page_queries.listed(session, [one.key.id for one in listing.rows])
        matches, estimated = 0, False
        if wanted.alert:
            matches, estimated = self._count(session, wanted.filter, (*wanted.terms, wanted.alert))
        rows = [
            InboxRow(
                ticket,
                tags,
                ticket.id in alerted,
                self._weights.kept_score(ticket, at, alerted=ticket.id in alerted),
            )
            for ticket, tags in tickets
        ]
        return Inbox(
            listing=Listing(rows, listing.pagination), matches=matches, matches_is_estimate=estimated
        )

    def _count(self, session: Session, wanted: TicketFilter, clauses: Sequence[Clause]) -> tuple[int, bool]:
        return self._walk(session, wanted=wanted, order=IN_TIME).count(clauses)
