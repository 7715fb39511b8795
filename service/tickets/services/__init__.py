"""The rules of tickets: what they are, their conversations, notes, custom fields and history."""

from service.tickets.services.brought import BroughtRecords
from service.tickets.services.cases import SupportCases, handed_off
from service.tickets.services.conversations import AddedMessage, ConversationService, NewMessage, preview
from service.tickets.services.fields import FieldChange, FieldService, NewField
from service.tickets.services.history import HistoryService
from service.tickets.services.inbox import (
    Breakdown,
    Inbox,
    InboxPage,
    InboxRow,
    InboxService,
    Wanted,
)
from service.tickets.services.notes import NewNote, NoteService, add_note
from service.tickets.services.past import PastTicketService
from service.tickets.services.ranking import FactsSource, NewFacts, NothingKnown, Ranking, ScoredFacts
from service.tickets.services.reading import ReadTicket, read_ticket
from service.tickets.services.records import ExternalIdTaken, TicketRecords
from service.tickets.services.tickets import Conversation, NewTicket, TicketChange, TicketService
from service.tickets.sights import Sight

__all__ = [
    "AddedMessage",
    "Breakdown",
    "BroughtRecords",
    "Conversation",
    "ConversationService",
    "ExternalIdTaken",
    "FactsSource",
    "FieldChange",
    "FieldService",
    "HistoryService",
    "Inbox",
    "InboxPage",
    "InboxRow",
    "InboxService",
    "NewFacts",
    "NewField",
    "NewMessage",
    "NewNote",
    "NewTicket",
    "NoteService",
    "NothingKnown",
    "PastTicketService",
    "Ranking",
    "ReadTicket",
    "ScoredFacts",
    "Sight",
    "SupportCases",
    "TicketChange",
    "TicketRecords",
    "TicketService",
    "Wanted",
    "add_note",
    "handed_off",
    "preview",
    "read_ticket",
]
