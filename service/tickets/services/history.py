"""What became of a ticket: who did what, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.database import Database
from service.errors import NotFound
from service.events import StoredEvent
from service.http.pagination import Cursor, Listing, Page, paginate
from service.tickets import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """`before` and `after` hold the fields that changed, those about a person included."""

    id: str
    type: str
    at: datetime
    actor: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @classmethod
    def told(cls, event: StoredEvent) -> "Happening":
        personal = event.personal or {}
        return cls(
            id=str(event.id),
            type=event.type,
            at=event.at,
            actor=event.actor,
            before={**(event.before or {}), **personal.get("before", {})} or None,
            after={**(event.after or {}), **personal.get("after", {})} or None,
        )


class HistoryService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, ticket_id: str, page: Page, *, newest_first: bool) -> Listing[Happening]:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            if queries.living(session, ticket_id) is None:
                raise NotFound("ticket", ticket_id)
            events = queries.events_page(session, ticket_id, page, newest_first=newest_first)
            total, estimated = queries.count_events(session, ticket_id)
        return paginate(
            [Happening.told(event) for event in events],
            page,
            total=total,
            estimated=estimated,
            place=lambda event: Cursor(event.at, event.id),
        )
