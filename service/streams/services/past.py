"""Events as they are kept: read page by page, for those who may see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service.database import Database
from service.errors import InvalidField
from service.feed.following import FedEvent
from service.feed.outsiders import told_outside
from service.feed.services import Feed
from service.permissions import Owners
from service.streams.viewing import Viewer
from service.tickets.ownership import TicketOwnership

MOST_SCANNED = 1_000
"""Positions that one page looks at, however few of them its reader sees."""

Types = frozenset[str] | None
"""Names of event types; None for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """`last`: where the next page begins. `has_more`: there is one, even where this one is empty."""

    events: Sequence[FedEvent]
    last: int
    has_more: bool


class PastEvents:
    def __init__(self, database: Database, feed: Feed, ownership: TicketOwnership) -> None:
        self._database = database
        self._feed = feed
        self._ownership = ownership

    def newest(self) -> int:
        with self._database.reading() as session:
            return self._feed.position(session)

    def window(self, after: int, positions: int, types: Types = None) -> Sequence[FedEvent]:
        """Those at the `positions` that follow, as they are told."""
        with self._database.reading() as session:
            return [told_outside(event) for event in self._feed.read(session, after, positions, types)]

    def owners(self, ticket_ids: Collection[str]) -> dict[str, Owners]:
        return self._ownership.of_tickets(ticket_ids)

    def begin_of(self, after: int | None, *, field: str) -> int:
        """The position to go on behind: the newest for None. Raises `InvalidField` for one yet to come."""
        newest = self.newest()
        if after is not None and after > newest:
            raise InvalidField(
                field, f"The newest event is {newest}; go on from there, or from an earlier one."
            )
        return newest if after is None else after

    def page(self, viewer: Viewer, after: int, *, limit: int, types: Types) -> EventPage:
        """A bounded look: one that shows few of the events may well be empty before the last of them."""
        newest = self.newest()
        scanned = limit if viewer.sees_all_tickets and types is None else max(limit, MOST_SCANNED)
        found = self.window(after, scanned, types)
        seen = self.seen(viewer, found)
        if len(seen) > limit:
            seen = seen[:limit]
            last = seen[-1].position
        else:  # events that came since the newest was asked for are among those found
            last = max(after, min(after + scanned, newest), found[-1].position if found else 0)
        return EventPage(events=seen, last=last, has_more=last < newest)

    def seen(self, viewer: Viewer, found: Sequence[FedEvent]) -> Sequence[FedEvent]:
        owners: dict[str, Owners] = {}
        if not viewer.sees_all_tickets:
            ticket_ids = {event.ticket_id for event in found if event.ticket_id is not None}
            owners = self.owners(ticket_ids) if ticket_ids else {}
        return [event for event in found if viewer.sees(event, owners.get(event.ticket_id or ""))]
