"""Who had a ticket, and has it now."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from service.assignment import queries
from service.assignment.models import Assignment
from service.database import Database
from service.errors import NotFound
from service.http.pagination import Cursor, Listing, Page, paginate
from service.tickets.ownership import AN_AGENTS


def present_assignment(session: Session, ticket: Row[Any]) -> Assignment | None:
    """Asks nobody about a ticket that no agent has."""
    if ticket.assigned_to is None or not AN_AGENTS.fullmatch(ticket.assigned_to):
        return None
    return queries.present(session, ticket.id)


class AssignmentHistory:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, ticket_id: str, page: Page) -> Listing[Assignment]:
        """The newest first. Raises `NotFound`."""
        with self._database.reading() as session:
            created_at = queries.created_at(session, ticket_id)
            if created_at is None:
                raise NotFound("ticket", ticket_id)
            rows, total, estimated = queries.history(session, ticket_id, page)
        return paginate(
            rows,
            page,
            total=total,
            estimated=estimated,
            place=lambda one: Cursor(one.assigned_at or created_at, str(one.sequence)),
        )
