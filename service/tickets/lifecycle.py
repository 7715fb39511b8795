"""The rules of a ticket's status: what moves it, and which times it keeps."""

from dataclasses import dataclass
from datetime import datetime

from service.tickets.models import TicketStatus

UNSETTLED = (TicketStatus.OPEN, TicketStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Settled:
    """Since when a ticket is resolved and closed; a reopened one is neither."""

    resolved_at: datetime | None = None
    closed_at: datetime | None = None

    def moved(self, status: TicketStatus, now: datetime) -> "Settled":
        """After a move to another status. A resolved ticket that is closed stays resolved."""
        match status:
            case TicketStatus.RESOLVED:
                return Settled(resolved_at=now)
            case TicketStatus.CLOSED:
                return Settled(self.resolved_at, closed_at=now)
            case _:
                return Settled()


def status_after_message(status: TicketStatus, *, from_agent: bool, closes: bool) -> TicketStatus:
    """A customer's message reopens whatever is not open."""
    if closes:
        return TicketStatus.CLOSED
    return status if from_agent else TicketStatus.OPEN
