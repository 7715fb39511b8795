"""What webhooks bring: tickets and messages, each once by its external id."""

from dataclasses import dataclass, replace

from providers.ports import Clock
from service.database import Database
from service.errors import Conflict, InvalidField
from service.inbound import queries
from service.inbound.senders import Names, Sender
from service.tickets.services import (
    BroughtRecords,
    ConversationService,
    ExternalIdTaken,
    NewMessage,
    NewTicket,
    TicketService,
)

NO_TICKET = (
    "This webhook brought no ticket with this external id; bring the ticket first (ticket.created), then its "
    "messages."
)
DELETED = "The ticket with this external id was deleted; restore it, or bring a new one under another id."
OF_ANOTHER = "A message of another ticket has this external id; choose another."
TAKEN = (
    "data.external_id: somebody else gave this id and the id of the webhook before it to another {kind}; "
    "change that one, or choose another."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    new: NewMessage
    external_id: str
    ticket_external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One of a type's name and what it brings."""

    type: str
    brought: NewTicket | InboundMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """`created`: False where it was there already, and is as it was. `message_id`: None of a ticket."""

    type: str
    created: bool
    ticket_id: str
    message_id: str | None = None

    @property
    def result(self) -> str:
        return "created" if self.created else "unchanged"


class Deliveries:
    def __init__(
        self,
        database: Database,
        tickets: TicketService,
        conversations: ConversationService,
        brought: BroughtRecords,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._conversations = conversations
        self._brought = brought
        self._clock = clock

    def receive(self, source_id: str, delivery: Delivery) -> Delivered:
        """Raises `InvalidField`, as the field stands in the body, and `Conflict` for an external id."""
        sender = Sender(source_id)
        match delivery.brought:
            case InboundMessage() as message:
                delivered = self._message(delivery.type, message, sender)
            case ticket:
                delivered = self._ticket(delivery.type, ticket, sender)
        with self._database.writing() as session:
            queries.note_use(session, source_id, self._clock.now())
        return delivered

    def _ticket(self, kind: str, new: NewTicket, sender: Sender) -> Delivered:
        names = sender.names(str(new.external_id))
        for external_id in names:
            known = self._known_ticket(kind, names, sender)
            if known is not None:
                return known
            try:
                made = self._tickets.create(replace(new, external_id=external_id), actor=sender.actor)
            except InvalidField as error:
                raise InvalidField(f"data.{error.field}", str(error)) from error
            except ExternalIdTaken:  # another's, or another delivery of the same was first
                continue
            return Delivered(type=kind, created=True, ticket_id=made.ticket.id)
        known = self._known_ticket(kind, names, sender)
        if known is None:
            raise Conflict(TAKEN.format(kind="ticket"))
        return known

    def _known_ticket(self, kind: str, names: Names, sender: Sender) -> Delivered | None:
        found = self._brought.ticket(names, actor=sender.actor)
        return None if found is None else Delivered(type=kind, created=False, ticket_id=found[0])

    def _message(self, kind: str, brought: InboundMessage, sender: Sender) -> Delivered:
        found = self._brought.ticket(sender.names(brought.ticket_external_id), actor=sender.actor)
        if found is None:
            raise InvalidField("data.ticket_external_id", NO_TICKET)
        ticket_id, deleted = found
        names = sender.names(brought.external_id)
        for external_id in names:
            known = self._known_message(kind, names, ticket_id, sender)
            if known is not None:
                return known
            if deleted:
                raise InvalidField("data.ticket_external_id", DELETED)
            try:
                added = self._conversations.add(
                    ticket_id, brought.new, actor=sender.actor, external_id=external_id
                )
            except ExternalIdTaken:
                continue
            return Delivered(type=kind, created=True, ticket_id=ticket_id, message_id=added.message.id)
        known = self._known_message(kind, names, ticket_id, sender)
        if known is None:
            raise Conflict(TAKEN.format(kind="message"))
        return known

    def _known_message(self, kind: str, names: Names, ticket_id: str, sender: Sender) -> Delivered | None:
        """Raises `InvalidField` where it is in another ticket of the sender's."""
        found = self._brought.message(names, actor=sender.actor)
        if found is None:
            return None
        its_ticket_id, message_id = found
        if its_ticket_id != ticket_id:
            raise InvalidField("data.external_id", OF_ANOTHER)
        return Delivered(type=kind, created=False, ticket_id=ticket_id, message_id=message_id)
