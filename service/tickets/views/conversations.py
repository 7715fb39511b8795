"""Messages and notes."""

from typing import Any

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.idempotency import idempotent
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.tickets.models import Message, Note
from service.tickets.schemas.conversations import (
    AddedMessageSchema,
    AddedNoteSchema,
    EditSchema,
    MessageListSchema,
    MessageQuerySchema,
    NewMessageSchema,
    NewNoteSchema,
    NoteListSchema,
    NoteQuerySchema,
    ResetSchema,
)
from service.tickets.services import AddedMessage, ConversationService, NewMessage, NewNote, NoteService
from service.tickets.views.authors import message_of, note_of

blueprint = Blueprint("conversations", __name__, url_prefix="/api", description="Messages and internal notes")


@blueprint.get("/tickets/<id:ticket_id>/messages")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(MessageQuerySchema, location="query")
@blueprint.response(200, MessageListSchema)
def list_messages(query: dict[str, Any], ticket_id: str) -> Listing[Message]:
    """List a ticket's messages, oldest first"""
    newest_first = query.pop("order") == "desc"
    return component(ConversationService).listing(ticket_id, Page.asked(**query), newest_first=newest_first)


@blueprint.post("/tickets/<id:ticket_id>/messages")
@needs(Permission.MESSAGES_WRITE)
@blueprint.arguments(NewMessageSchema)
@idempotent
@blueprint.response(201, AddedMessageSchema)
def add_message(new: NewMessage, ticket_id: str) -> AddedMessage:
    """Add a message to a ticket"""
    caller = current_caller()
    return component(ConversationService).add(ticket_id, message_of(caller, new), actor=caller.id)


@blueprint.patch("/messages/<id:message_id>")
@needs(Permission.MESSAGES_CHANGE)
@blueprint.arguments(EditSchema)
@blueprint.response(200, AddedMessageSchema)
def edit_message(body: dict[str, str], message_id: str) -> AddedMessage:
    """Edit a message; what was first written is kept"""
    return component(ConversationService).edit(message_id, body["content"], actor=current_caller().id)


@blueprint.delete("/messages/<id:message_id>")
@needs(Permission.MESSAGES_CHANGE)
@blueprint.response(204)
def delete_message(message_id: str) -> None:
    """Delete a message; it is kept, and shown to nobody"""
    component(ConversationService).delete(message_id, actor=current_caller().id)


@blueprint.post("/tickets/<id:ticket_id>/reset-conversation")
@needs(Permission.MESSAGES_CHANGE)
@blueprint.response(200, ResetSchema)
def reset_conversation(ticket_id: str) -> dict[str, Any]:
    """Delete all messages of a ticket but the first"""
    deleted = component(ConversationService).reset(ticket_id, actor=current_caller().id)
    return {"status": "reset", "messages_deleted": deleted}


@blueprint.get("/tickets/<id:ticket_id>/notes")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(NoteQuerySchema, location="query")
@blueprint.response(200, NoteListSchema)
def list_notes(query: dict[str, Any], ticket_id: str) -> Listing[Note]:
    """List a ticket's internal notes, oldest first"""
    return component(NoteService).listing(ticket_id, Page.asked(**query))


@blueprint.post("/tickets/<id:ticket_id>/notes")
@needs(Permission.MESSAGES_WRITE)
@blueprint.arguments(NewNoteSchema)
@idempotent
@blueprint.response(201, AddedNoteSchema)
def add_note(new: NewNote, ticket_id: str) -> dict[str, Note]:
    """Add an internal note, which neither customers nor providers ever see"""
    caller = current_caller()
    return {"note": component(NoteService).add(ticket_id, note_of(caller, new), actor=caller.id)}
