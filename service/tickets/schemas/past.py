"""Tickets that were kept elsewhere, as they are imported: what a REST call takes, and when it was."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from service.http.fields import Flag, Rfc3339, Text
from service.tickets.lifecycle import Settled
from service.tickets.models import TicketStatus
from service.tickets.schemas.conversations import NewMessageSchema, NewNoteSchema
from service.tickets.schemas.tickets import NewTicketSchema
from service.tickets.services.past import PastMessage, PastNote, PastTicket

NOT_SETTLED = "Leave it out, since the status is {}."


class PastMessageSchema(NewMessageSchema):
    class Meta:
        exclude = ("send_to_customer", "close_ticket", "draft_id")

    external_id = Text(200, load_default=None, allow_none=True)
    from_agent = Flag(required=True)
    created_at = Rfc3339(required=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> PastMessage:
        external_id, at = values.pop("external_id"), values.pop("created_at")
        return PastMessage(new=super()._make(values), at=at, external_id=external_id)


class PastNoteSchema(NewNoteSchema):
    created_at = Rfc3339(required=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> PastNote:
        at = values.pop("created_at")
        return PastNote(new=super()._make(values), at=at)


class PastTicketSchema(NewTicketSchema):
    external_id = Text(200, required=True)
    created_at = Rfc3339(load_default=None, allow_none=True)
    updated_at = Rfc3339(load_default=None, allow_none=True)
    resolved_at = Rfc3339(load_default=None, allow_none=True)
    closed_at = Rfc3339(load_default=None, allow_none=True)
    messages = fields.List(fields.Nested(PastMessageSchema), load_default=list)
    notes = fields.List(fields.Nested(PastNoteSchema), load_default=list)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> PastTicket:
        new = super()._make(values)
        settled = Settled(values["resolved_at"], values["closed_at"])
        if settled.resolved_at and new.status not in {TicketStatus.RESOLVED, TicketStatus.CLOSED}:
            raise ValidationError({"resolved_at": [NOT_SETTLED.format(new.status)]})
        if settled.closed_at and new.status is not TicketStatus.CLOSED:
            raise ValidationError({"closed_at": [NOT_SETTLED.format(new.status)]})
        return PastTicket(
            new=new,
            settled=settled,
            created_at=values["created_at"],
            updated_at=values["updated_at"],
            messages=tuple(values["messages"]),
            notes=tuple(values["notes"]),
        )
