"""The audit: entries by page, and all of them as lines for a spreadsheet."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec

from providers.ports import Clock
from service import events as happenings
from service.audit import queries
from service.audit.queries import AuditFilter
from service.auditing import Audit
from service.clock import rfc3339
from service.database import Database
from service.events import AUDIT_EXPORTED, Event, EventType, StoredEvent
from service.http.pagination import Cursor, Listing, Page, paginate
from service.http.spreadsheets import as_csv

AT_ONCE = 500
COLUMNS = (
    "id",
    "at",
    "type",
    "actor",
    "address",
    "request_id",
    "subject_type",
    "subject_id",
    "ticket_id",
    "before",
    "after",
)
TYPES = tuple(
    sorted(kind.name for kind in vars(happenings).values() if isinstance(kind, EventType) and kind.audited)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`before` and `after` hold what is personal, too, until the person is erased."""

    id: str
    at: datetime
    type: str
    actor: str
    address: str | None
    request_id: str | None
    subject_type: str
    subject_id: str
    ticket_id: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @classmethod
    def told(cls, event: StoredEvent) -> "Entry":
        personal = dict(event.personal or {})
        before, after = personal.pop("before", {}), personal.pop("after", {})
        return cls(
            id=str(event.id),
            at=event.at,
            type=event.type,
            actor=event.actor,
            address=event.address,
            request_id=event.request_id,
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            ticket_id=event.ticket_id,
            before={**(event.before or {}), **before} or None,
            after={**(event.after or {}), **personal, **after} or None,
        )


class AuditTrail:
    def __init__(self, database: Database, audit: Audit, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    def listing(self, wanted: AuditFilter, page: Page) -> Listing[Entry]:
        """Newest first."""
        with self._database.reading() as session:
            rows = queries.entries(
                session, wanted, beyond=page.cursor, limit=page.limit + 1, offset=page.offset
            )
            total, estimated = queries.count(session, wanted)
        return paginate(
            [Entry.told(row) for row in rows],
            page,
            total=total,
            estimated=estimated,
            place=lambda entry: Cursor(entry.at, entry.id),
        )

    def lines(self, wanted: AuditFilter, *, actor: str) -> Iterator[str]:
        """Newest first, as CSV with a head; that they were taken is an entry itself, made before the first.

        They are read in slices, so that neither memory nor a transaction grows with them.
        """
        now = self._clock.now()
        told = {name: value for name, value in asdict(wanted).items() if value is not None}
        self._audit.record(
            Event(
                type=AUDIT_EXPORTED,
                subject_type="audit",
                subject_id="entries",
                actor=actor,
                at=now,
                after=told or None,
            )
        )
        return self._lines(wanted)

    def _lines(self, wanted: AuditFilter) -> Iterator[str]:
        yield as_csv([COLUMNS])
        beyond: Cursor | None = None
        while True:
            with self._database.reading() as session:
                rows = queries.entries(session, wanted, beyond=beyond, limit=AT_ONCE)
            if not rows:
                return
            yield as_csv([_cells(Entry.told(row)) for row in rows])
            beyond = Cursor(rows[-1].at, str(rows[-1].id))


def _cells(entry: Entry) -> list[str]:
    return [_cell(getattr(entry, name)) for name in COLUMNS]


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return rfc3339(value)
        case str():
            return value
        case _:
            return msgspec.json.encode(value).decode()
