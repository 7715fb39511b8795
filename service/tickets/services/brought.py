"""What others brought, by the ids that it has with them: each finds only what is its own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from sqlalchemy.orm import Session

from service.database import Database
from service.tickets import queries

T = TypeVar("T")


class BroughtRecords:
    """Whose a ticket is, and all in it, is told by who made it. The deleted are among them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ticket(self, external_ids: Sequence[str], *, actor: str) -> tuple[str, bool] | None:
        """The first of these that `actor` made: its id, and whether it is deleted."""
        with self._database.reading() as session:
            there = queries.ids_by_external_id(session, external_ids)
            return next(_own(session, there, external_ids, actor), None)

    def message(self, external_ids: Sequence[str], *, actor: str) -> tuple[str, str] | None:
        """The first of these in a ticket that `actor` made: the ticket's id and its own."""
        with self._database.reading() as session:
            there = queries.messages_by_external_id(session, external_ids)
            return next(_own(session, there, external_ids, actor), None)


def _own(
    session: Session, there: Mapping[str, tuple[str, T]], external_ids: Sequence[str], actor: str
) -> Iterator[tuple[str, T]]:
    """Of what is there, by external id, those in tickets that `actor` made; the ticket's id stands first."""
    for external_id in external_ids:
        found = there.get(external_id)
        if found is not None and queries.is_made_by(session, found[0], actor):
            yield found
