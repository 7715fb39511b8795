"""The rules of tickets: what they are, their conversations, notes, custom fields and history."""

from service.tickets.services.conversations import AddedMessage, ConversationService, NewMessage, preview
from service.tickets.services.fields import FieldChange, FieldService, NewField
from service.tickets.services.history import HistoryService
from service.tickets.services.notes import NewNote, NoteService
from service.tickets.services.past import PastTicketService
from service.tickets.services.records import TicketRecords
from service.tickets.services.tickets import Conversation, NewTicket, TicketChange, TicketService

__all__ = [
    "AddedMessage",
    "Conversation",
    "ConversationService",
    "FieldChange",
    "FieldService",
    "HistoryService",
    "NewField",
    "NewMessage",
    "NewNote",
    "NewTicket",
    "NoteService",
    "PastTicketService",
    "TicketChange",
    "TicketRecords",
    "TicketService",
    "preview",
]
