"""Internal notes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.database import Database
from service.errors import NotFound
from service.events import NOTE_ADDED
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.tickets import queries
from service.tickets.models import Note, Ticket
from service.tickets.services.records import TicketRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNote:
    content: str
    author_name: str | None = None
    author_id: str | None = None


def written(new: NewNote, ticket_id: str, *, actor: str, at: datetime) -> Note:
    return Note(
        id=new_id("note"),
        ticket_id=ticket_id,
        content=new.content,
        author_name=new.author_name,
        author_id=new.author_id or actor,
        created_at=at,
    )


def add_note(
    session: Session, records: TicketRecords, ticket: Ticket, new: NewNote, *, actor: str, at: datetime
) -> Note:
    """To a ticket that is held. No version: whoever calls this makes one."""
    note = written(new, ticket.id, actor=actor, at=at)
    session.add(note)
    records.changed(session, ticket, NOTE_ADDED, actor=actor, at=at, after={"note_id": note.id})
    return note


class NoteService:
    def __init__(self, database: Database, records: TicketRecords) -> None:
        self._database = database
        self._records = records

    def add(self, ticket_id: str, new: NewNote, *, actor: str) -> Note:
        """The caller is its author where none is named. Raises `NotFound`."""
        with self._database.writing() as session:
            ticket = self._records.held(session, ticket_id)
            ticket.version += 1
            return add_note(session, self._records, ticket, new, actor=actor, at=self._records.now())

    def listing(self, ticket_id: str, page: Page) -> Listing[Note]:
        """Oldest first. Raises `NotFound`."""
        with self._database.reading() as session:
            if queries.living(session, ticket_id) is None:
                raise NotFound("ticket", ticket_id)
            rows = queries.notes_page(session, ticket_id, page)
            total, estimated = queries.count_notes(session, ticket_id)
        return paginate(
            rows,
            page,
            total=total,
            estimated=estimated,
            place=lambda note: Cursor(note.created_at, str(note.sequence)),
        )
