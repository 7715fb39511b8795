"""From events to figures: what each event of a ticket or an agent changes. Pure; nothing is asked of anybody.

What each figure means, and whose it is, stands in docs/analytics.md. Of a ticket the events come in the order
in which they happened; those of agents may come before or after those of tickets.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from service import events as happenings
from service.feed.following import FedEvent
from service.performance import scopes
from service.performance.durations import Measure
from service.performance.histories import AgentHistory, Settling, TicketHistory
from service.performance.presence import Presence
from service.performance.tallies import BACKLOG, Counter, Tally
from service.tickets.models import TicketStatus
from service.tickets.ownership import AN_AGENTS

AGENT_CALLS, IMPORT_CALLS = "agent:", "import:"
DRAFT_COUNTERS = {
    "verbatim": Counter.DRAFTS_VERBATIM,
    "edited": Counter.DRAFTS_EDITED,
    "set_aside": Counter.DRAFTS_SET_ASIDE,
}

Told = Mapping[str, Any]


def agent_of(actor: str) -> str | None:
    return actor.removeprefix(AGENT_CALLS) if actor.startswith(AGENT_CALLS) else None


def agent_named(assigned_to: str | None) -> str | None:
    """None for nobody, and for a label, which is no agent."""
    return assigned_to if assigned_to and AN_AGENTS.fullmatch(assigned_to) else None


def milliseconds(event: FedEvent) -> int:
    return round(event.at.timestamp() * 1_000)


class Folding:
    """Over histories at hand: `tickets` of all that the events name, `agents` of all that may come up.

    They are changed in place; `changes` are what they came to, by scope, of one moment.
    """

    def __init__(
        self,
        tickets: MutableMapping[str, TicketHistory],
        agents: MutableMapping[str, AgentHistory],
        changes: Callable[[str], Tally],
    ) -> None:
        """`changes` gives the tally of a scope at the moment of the event at hand."""
        self._tickets = tickets
        self._agents = agents
        self._changes = changes
        self._presence = Presence(agents, changes)
        self._of_tickets: Mapping[str, Callable[[TicketHistory, FedEvent], None]] = {
            happenings.TICKET_CREATED.name: self._created,
            happenings.TICKET_UPDATED.name: self._updated,
            happenings.TICKET_DELETED.name: self._deleted,
            happenings.TICKET_RESTORED.name: self._restored,
            happenings.TICKET_ERASED.name: self._erased,
            happenings.MESSAGE_ADDED.name: self._message_added,
            happenings.MESSAGE_DELETED.name: self._message_deleted,
            happenings.CONVERSATION_RESET.name: self._conversation_reset,
            happenings.DRAFT_OUTCOME_RECORDED.name: self._draft_decided,
        }

    def take(self, event: FedEvent, counted_ms: int) -> None:
        """`counted_ms`: the moment at which it counts, which is its own unless that is sealed."""
        of_ticket = self._of_tickets.get(event.type)
        if of_ticket is not None and event.ticket_id is not None:
            ticket = self._tickets.get(event.ticket_id)
            if ticket is None:
                ticket = self._tickets[event.ticket_id] = _first_seen(event)
            of_ticket(ticket, event)
        else:
            self._presence.take(event, counted_ms)

    # ---------------------------------------------------------------- tickets

    def _created(self, ticket: TicketHistory, event: FedEvent) -> None:
        """One that was kept elsewhere until now (`created_at` is told) only joins the backlog."""
        told = event.after or {}
        at_ms = milliseconds(event)
        imported = "created_at" in told
        ticket.created_ms = ticket.round_ms = _told_ms(told["created_at"]) if imported else at_ms
        ticket.channel, ticket.team_id = told.get("channel"), told.get("team_id")
        ticket.agent_id = agent_named(told.get("assigned_to"))
        ticket.status = told.get("status", TicketStatus.OPEN.value)
        ticket.responded = imported
        if imported:
            self._on_its_way(ticket, Counter.TICKETS_IMPORTED)
        else:
            self._on_its_way(ticket, Counter.TICKETS_CREATED)
            if ticket.agent_id is not None:
                self._work(ticket, ticket.agent_id, lambda tally: tally.count(Counter.ASSIGNED))
            if not ticket.is_open:
                self._settle(ticket, event, took_ms=None)
        self._recount(ticket)

    def _updated(self, ticket: TicketHistory, event: FedEvent) -> None:
        told = event.after or {}
        if "assigned_to" in told or "team_id" in told:
            self._hand_over(ticket, told)
        if "status" in told:
            self._move(ticket, told["status"], event)

    def _hand_over(self, ticket: TicketHistory, told: Told) -> None:
        before, team_before = ticket.agent_id, ticket.team_id
        after = agent_named(told["assigned_to"]) if "assigned_to" in told else before
        team_after = told.get("team_id", team_before)
        between_agents = before is not None and after is not None and after != before
        between_teams = team_before is not None and team_after is not None and team_after != team_before
        if between_agents or between_teams:
            self._work(ticket, before, lambda tally: tally.count(Counter.TRANSFERRED))
        if team_after != team_before:
            was_counted, ticket.counted = ticket.counted, False
            self._level(ticket, -was_counted)
            ticket.team_id = team_after
            self._level(ticket, was_counted)
            ticket.counted = was_counted
        ticket.agent_id = after
        if after is not None and after != before:
            self._work(ticket, after, lambda tally: tally.count(Counter.ASSIGNED))

    def _move(self, ticket: TicketHistory, status: str, event: FedEvent) -> None:
        was_open = ticket.is_open
        ticket.status = status
        if was_open and not ticket.is_open:
            since_ms = ticket.round_ms
            took_ms = None if since_ms is None else max(0, milliseconds(event) - since_ms)
            self._settle(ticket, event, took_ms=took_ms)
        elif status == TicketStatus.CLOSED:
            self._on_its_way(ticket, Counter.TICKETS_CLOSED)
        elif not was_open and ticket.is_open:
            self._reopen(ticket, event)
        self._recount(ticket)

    def _settle(self, ticket: TicketHistory, event: FedEvent, *, took_ms: int | None) -> None:
        agent_id = ticket.agent_id or agent_of(event.actor)
        ticket.settled = Settling(
            milliseconds(event), agent_id, self._teams_of_work(ticket, agent_id), took_ms
        )
        self._count_settling(ticket, ticket.settled, 1)
        if ticket.status == TicketStatus.CLOSED:
            self._on_its_way(ticket, Counter.TICKETS_CLOSED)

    def _count_settling(self, ticket: TicketHistory, settled: Settling, change: int) -> None:
        for scope in self._scopes_of_work(ticket, settled.agent_id, settled.team_ids):
            tally = self._changes(scope)
            tally.count(Counter.RESOLVED, change)
            if settled.took_ms is not None:
                tally.took(Measure.RESOLUTION, settled.took_ms, change)
        self._on_its_way(ticket, Counter.TICKETS_RESOLVED, change)

    def _reopen(self, ticket: TicketHistory, event: FedEvent) -> None:
        """Of the agent whose resolution did not hold."""
        agent_id = ticket.settled.agent_id if ticket.settled else ticket.agent_id
        self._work(ticket, agent_id, lambda tally: tally.count(Counter.REOPENED))
        self._on_its_way(ticket, Counter.TICKETS_REOPENED)
        ticket.round_ms = milliseconds(event)

    def _deleted(self, ticket: TicketHistory, event: FedEvent) -> None:
        ticket.deleted = True
        self._on_its_way(ticket, Counter.TICKETS_DELETED)
        self._recount(ticket)

    def _restored(self, ticket: TicketHistory, event: FedEvent) -> None:
        ticket.deleted = False
        self._on_its_way(ticket, Counter.TICKETS_RESTORED)
        self._recount(ticket)

    def _erased(self, ticket: TicketHistory, event: FedEvent) -> None:
        """An erasure closes what is open, at the same moment: nobody resolved it, so that is taken back."""
        if ticket.settled is not None and ticket.settled.at_ms == milliseconds(event):
            self._count_settling(ticket, ticket.settled, -1)
            ticket.settled = None
        ticket.unanswered = []

    # ---------------------------------------------------------------- conversations

    def _message_added(self, ticket: TicketHistory, event: FedEvent) -> None:
        """When an imported one was written is not told: it is neither counted nor measured."""
        told, at_ms = event.after or {}, milliseconds(event)
        imported = event.actor.startswith(IMPORT_CALLS)
        if told.get("from_agent"):
            if not imported:
                self._answer(ticket, event, at_ms)
            ticket.responded, ticket.unanswered = True, []
        elif not imported:
            self._on_its_way(ticket, Counter.CUSTOMER_MESSAGES)
            ticket.waits(told.get("message_id", ""), at_ms)

    def _answer(self, ticket: TicketHistory, event: FedEvent, at_ms: int) -> None:
        measure, since_ms = Measure.NEXT_RESPONSE, next((at for _, at in ticket.unanswered), None)
        if not ticket.responded and ticket.created_ms is not None:
            measure, since_ms = Measure.FIRST_RESPONSE, ticket.created_ms

        def count(tally: Tally) -> None:
            tally.count(Counter.MESSAGES)
            if since_ms is not None:
                tally.took(measure, max(0, at_ms - since_ms))

        self._work(ticket, agent_of(event.actor) or ticket.agent_id, count)

    def _message_deleted(self, ticket: TicketHistory, event: FedEvent) -> None:
        gone = (event.after or {}).get("message_id")
        ticket.unanswered = [waiting for waiting in ticket.unanswered if waiting[0] != gone]

    def _conversation_reset(self, ticket: TicketHistory, event: FedEvent) -> None:
        """The first message stays: before any answer, that is the first that waits."""
        ticket.unanswered = [] if ticket.responded else ticket.unanswered[:1]

    def _draft_decided(self, ticket: TicketHistory, event: FedEvent) -> None:
        counter = DRAFT_COUNTERS.get((event.after or {}).get("outcome", ""))
        if counter is not None:
            agent_id = agent_of(event.actor) or ticket.agent_id
            self._work(ticket, agent_id, lambda tally: tally.count(counter))

    # ---------------------------------------------------------------- whose it is

    def _work(self, ticket: TicketHistory, agent_id: str | None, count: Callable[[Tally], None]) -> None:
        """Something that an agent did: the agent's, the teams', the desk's and the channel's."""
        for scope in self._scopes_of_work(ticket, agent_id, self._teams_of_work(ticket, agent_id)):
            count(self._changes(scope))

    def _scopes_of_work(
        self, ticket: TicketHistory, agent_id: str | None, team_ids: Sequence[str]
    ) -> Iterable[str]:
        agents = [scopes.of_agent(agent_id)] if agent_id is not None else []
        return [scopes.DESK, *_channel(ticket), *scopes.of_teams(team_ids), *agents]

    def _teams_of_work(self, ticket: TicketHistory, agent_id: str | None) -> list[str]:
        """The ticket's; of a ticket that belongs to none, those of the agent."""
        if ticket.team_id is not None:
            return [ticket.team_id]
        agent = self._agents.get(agent_id) if agent_id is not None else None
        return list(agent.team_ids) if agent is not None else []

    def _on_its_way(self, ticket: TicketHistory, counter: Counter, change: int = 1) -> None:
        for scope in _scopes_of_ticket(ticket):
            self._changes(scope).count(counter, change)

    def _recount(self, ticket: TicketHistory) -> None:
        """Whether it is in the backlog."""
        counts = ticket.is_open and not ticket.deleted
        self._level(ticket, counts - ticket.counted)
        ticket.counted = counts

    def _level(self, ticket: TicketHistory, change: int) -> None:
        if change:
            for scope in _scopes_of_ticket(ticket):
                self._changes(scope).level(BACKLOG, change)


def _scopes_of_ticket(ticket: TicketHistory) -> list[str]:
    team = [scopes.of_team(ticket.team_id)] if ticket.team_id is not None else []
    return [scopes.DESK, *_channel(ticket), *team]


def _channel(ticket: TicketHistory) -> list[str]:
    return [scopes.of_channel(ticket.channel)] if ticket.channel is not None else []


def _first_seen(event: FedEvent) -> TicketHistory:
    """Of a ticket whose creation no event tells, as far as this one does."""
    told = event.before or {}
    return TicketHistory(
        team_id=told.get("team_id"),
        agent_id=agent_named(told.get("assigned_to")),
        status=told.get("status", TicketStatus.OPEN.value),
    )


def _told_ms(told: str) -> int:
    return round(datetime.fromisoformat(told).timestamp() * 1_000)
