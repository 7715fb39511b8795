"""What is kept of each ticket and agent, so that the next event of theirs can be told from it.

Times are whole milliseconds since 1970. What was recorded before the desk wrote events is not known: such a
ticket has no `created_ms`, and nothing is measured from it.
"""

from dataclasses import dataclass, field

import msgspec

from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import TicketStatus

MOST_UNANSWERED = 50
"""Messages of a customer that wait for the same answer, and whose deletion is still noticed."""


@dataclass(slots=True)
class Settling:
    """The last one: an erasure takes it back, which closes what is open. `took_ms` None: not measured."""

    at_ms: int
    agent_id: str | None
    team_ids: list[str]
    took_ms: int | None


@dataclass(slots=True)
class TicketHistory:
    """`agent_id` and `team_id`: who has it. `round_ms`: when it was created or last reopened.

    `unanswered`: id and time of each message of the customer since the last answer, oldest first. `counted`:
    whether it is in the backlog. `settled`: None until it was resolved or closed.
    """

    created_ms: int | None = None
    round_ms: int | None = None
    channel: str | None = None
    team_id: str | None = None
    agent_id: str | None = None
    status: str = TicketStatus.OPEN.value
    deleted: bool = False
    responded: bool = False
    counted: bool = False
    unanswered: list[tuple[str, int]] = field(default_factory=list)
    settled: Settling | None = None

    @property
    def is_open(self) -> bool:
        """Or pending."""
        return self.status in UNSETTLED

    def waits(self, message_id: str, at_ms: int) -> None:
        if len(self.unanswered) < MOST_UNANSWERED:
            self.unanswered.append((message_id, at_ms))


@dataclass(slots=True)
class AgentHistory:
    """`status` None: never told."""

    status: str | None = None
    team_ids: list[str] = field(default_factory=list)


History = TicketHistory | AgentHistory

_ENCODER = msgspec.json.Encoder()
_TICKETS = msgspec.json.Decoder(TicketHistory)
_AGENTS = msgspec.json.Decoder(AgentHistory)


def encoded(history: History) -> str:
    return _ENCODER.encode(history).decode()


def ticket_history(text: str) -> TicketHistory:
    return _TICKETS.decode(text)


def agent_history(text: str) -> AgentHistory:
    return _AGENTS.decode(text)
