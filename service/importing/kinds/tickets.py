"""Tickets with their conversations; a spreadsheet brings those of one message at most."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from service.importing.columns import Columns
from service.importing.kinds import Kind, told
from service.importing.rows import Errors
from service.tickets.models import FieldType, TicketField
from service.tickets.schemas.past import PastTicketSchema
from service.tickets.services import FieldService
from service.tickets.services.past import PastTicket, PastTicketService
from service.upserts import Upsert

TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Tickets(Kind[PastTicket]):
    name: ClassVar[str] = "tickets"

    def __init__(self, tickets: PastTicketService, fields: FieldService) -> None:
        self._tickets = tickets
        self._fields = fields
        self._schema = PastTicketSchema()
        self._definitions: Sequence[TicketField] = ()

    def begin(self) -> Columns:
        self._definitions = self._fields.all()
        return Columns(
            key="external_id",
            schema=self._schema,
            separated=frozenset({"tags"}),
            converted={
                f"custom_fields.{field.key}": CONVERTED[field.type]
                for field in self._definitions
                if field.type in CONVERTED
            },
        )

    def accept(self, values: Mapping[str, Any]) -> PastTicket:
        ticket: PastTicket = self._schema.load(values)
        return ticket.with_fields(self._definitions)

    def store(
        self, session: Session, accepted: Sequence[PastTicket], *, actor: str
    ) -> Sequence[Upsert | Errors]:
        return [told(outcome) for outcome in self._tickets.bring(session, accepted, actor=actor)]


def _number(cell: str) -> int | float | str:
    """What is no number stays text, which the field then refuses."""
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell


def _truth(cell: str) -> bool | str:
    return TRUTH.get(cell.lower(), cell)


CONVERTED: Mapping[FieldType, Callable[[str], Any]] = {
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _truth,
}
