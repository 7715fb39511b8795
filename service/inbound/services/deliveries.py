"""What webhooks bring: tickets and messages, each once by its external id."""

from dataclasses import dataclass

from providers.ports import Clock
from service.database import Database
from service.errors import Conflict, InvalidField
from service.inbound import queries
from service.tickets.services import ConversationService, NewMessage, NewTicket, TicketService

NO_TICKET = (
    "There is no ticket with this external id; bring the ticket first (ticket.created), then its messages."
)
DELETED = "The ticket with this external id was deleted; restore it, or bring a new one under another id."
OF_ANOTHER = "A message of another ticket has this external id; choose another."


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
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._conversations = conversations
        self._clock = clock

    def receive(self, source_id: str, delivery: Delivery) -> Delivered:
        """Raises `InvalidField`, as the field stands in the body."""
        actor = f"webhook:{source_id}"
        match delivery.brought:
            case InboundMessage() as message:
                delivered = self._message(delivery.type, message, actor=actor)
            case ticket:
                delivered = self._ticket(delivery.type, ticket, actor=actor)
        with self._database.writing() as session:
            queries.note_use(session, source_id, self._clock.now())
        return delivered

    def _ticket(self, kind: str, new: NewTicket, *, actor: str) -> Delivered:
        known = self._known_ticket(kind, str(new.external_id))
        if known is not None:
            return known
        try:
            made = self._tickets.create(new, actor=actor)
        except InvalidField as error:
            raise InvalidField(f"data.{error.field}", str(error)) from error
        except Conflict:  # another delivery of the same was first
            known = self._known_ticket(kind, str(new.external_id))
            if known is None:
                raise
            return known
        return Delivered(type=kind, created=True, ticket_id=made.ticket.id)

    def _known_ticket(self, kind: str, external_id: str) -> Delivered | None:
        found = self._tickets.with_external_id(external_id)
        return None if found is None else Delivered(type=kind, created=False, ticket_id=found[0])

    def _message(self, kind: str, brought: InboundMessage, *, actor: str) -> Delivered:
        found = self._tickets.with_external_id(brought.ticket_external_id)
        if found is None:
            raise InvalidField("data.ticket_external_id", NO_TICKET)
        ticket_id, deleted = found
        known = self._known_message(kind, brought, ticket_id)
        if known is not None:
            return known
        if deleted:
            raise InvalidField("data.ticket_external_id", DELETED)
        try:
            added = self._conversations.add(
                ticket_id, brought.new, actor=actor, external_id=brought.external_id
            )
        except Conflict:
            known = self._known_message(kind, brought, ticket_id)
            if known is None:
                raise
            return known
        return Delivered(type=kind, created=True, ticket_id=ticket_id, message_id=added.message.id)

    def _known_message(self, kind: str, brought: InboundMessage, ticket_id: str) -> Delivered | None:
        """Raises `InvalidField` where it is another ticket's."""
        found = self._conversations.with_external_id(brought.external_id)
        if found is None:
            return None
        if found.ticket_id != ticket_id:
            raise InvalidField("data.external_id", OF_ANOTHER)
        return Delivered(type=kind, created=False, ticket_id=ticket_id, message_id=found.id)
