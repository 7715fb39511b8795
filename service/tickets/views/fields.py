"""`/api/ticket-fields`."""

from collections.abc import Sequence

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.idempotency import idempotent
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.tickets.models import TicketField
from service.tickets.schemas.fields import (
    FieldChangeSchema,
    NewTicketFieldSchema,
    TicketFieldListSchema,
    ToldTicketFieldSchema,
)
from service.tickets.services import FieldChange, FieldService, NewField

blueprint = Blueprint(
    "ticket_fields", __name__, url_prefix="/api/ticket-fields", description="Custom fields of tickets"
)


@blueprint.get("")
@needs(Permission.CONFIGURATION_READ)
@blueprint.response(200, TicketFieldListSchema)
def list_ticket_fields() -> dict[str, Sequence[TicketField]]:
    """List the custom fields that tickets have"""
    return {"fields": component(FieldService).all()}


@blueprint.post("")
@needs(Permission.FIELDS_CHANGE)
@blueprint.arguments(NewTicketFieldSchema)
@idempotent
@blueprint.response(201, ToldTicketFieldSchema)
def create_ticket_field(new: NewField) -> dict[str, TicketField]:
    """Define a custom field, or bring an archived one back"""
    return {"field": component(FieldService).create(new, actor=current_caller().id)}


@blueprint.patch("/<id:key>")
@needs(Permission.FIELDS_CHANGE)
@blueprint.arguments(FieldChangeSchema)
@blueprint.response(200, ToldTicketFieldSchema)
def change_ticket_field(change: FieldChange, key: str) -> dict[str, TicketField]:
    """Change the label or the choices of a custom field; values that tickets have stay"""
    return {"field": component(FieldService).change(key, change, actor=current_caller().id)}


@blueprint.delete("/<id:key>")
@needs(Permission.FIELDS_CHANGE)
@blueprint.response(204)
def archive_ticket_field(key: str) -> None:
    """Archive a custom field: tickets keep its values and take no new ones"""
    component(FieldService).archive(key, actor=current_caller().id)
