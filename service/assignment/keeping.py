"""Assignments and loads, kept in the transaction of whatever changes who has a ticket, or whether it counts.

A ticket that no agent has costs nothing here: what the event tells says so.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.assignment import queries
from service.assignment.loads import LoadChanges, Taken
from service.database import after_commit
from service.errors import InvalidField
from service.events import (
    AGENT_STATUS_CHANGED,
    AGENT_UPDATED,
    MESSAGE_ADDED,
    TEAM_MEMBER_ADDED,
    TICKET_ASSIGNED,
    TICKET_ASSIGNMENT_ACCEPTED,
    TICKET_CREATED,
    TICKET_DELETED,
    TICKET_QUEUED,
    TICKET_RESTORED,
    TICKET_UNASSIGNED,
    TICKET_UPDATED,
    Event,
    EventLog,
    about_ticket,
)
from service.tickets.handing import AS_IT_WAS, BY_HAND, AssignmentEnding, Handing, Taker
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket
from service.tickets.ownership import AN_AGENTS
from service.tickets.services import TicketRecords

RINGS = (AGENT_STATUS_CHANGED, AGENT_UPDATED, TEAM_MEMBER_ADDED, TICKET_QUEUED)
NOT_ACTIVE = "This agent is not active; choose another, or reactivate them."
NOT_IN_TEAM = (
    "This agent is not in the ticket's team; choose one who is, put them into the team, or give the ticket "
    "to another team first."
)


class AssignmentKeeping:
    """Hears of tickets. `ring`: something may be handed out now."""

    def __init__(self, events: EventLog, records: TicketRecords, ring: Callable[[], None]) -> None:
        self._events = events
        self._records = records
        self._ring = ring

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe_to_batches(TICKET_CREATED, self._created)
        events.subscribe(TICKET_UPDATED, self._updated)
        events.subscribe(TICKET_DELETED, self._deleted)
        events.subscribe(TICKET_RESTORED, self._restored)
        events.subscribe(MESSAGE_ADDED, self._answered)
        for kind in RINGS:
            events.subscribe(kind, lambda session, _event: after_commit(session, self._ring))

    def accept(self, session: Session, ticket: Ticket, agent_id: str, *, actor: str, at: datetime) -> bool:
        """False where there is nothing that the agent has not accepted."""
        accepted = queries.accept(session, ticket.id, agent_id, at)
        if accepted:
            told = {"agent_id": agent_id}
            kind = TICKET_ASSIGNMENT_ACCEPTED
            self._records.tell(
                session, ticket, [about_ticket(kind, ticket.id, actor=actor, at=at, after=told)]
            )
        return accepted

    def check_may_have(self, session: Session, agent: Taker, team_id: str | None, *, field: str) -> None:
        """A ticket of this team. Raises `InvalidField`."""
        if not agent.active:
            raise InvalidField(field, NOT_ACTIVE)
        if team_id is not None and not queries.is_member(session, team_id, agent.id):
            raise InvalidField(field, NOT_IN_TEAM)

    # ------------------------------------------------------------ what is heard

    def _created(self, session: Session, events: Sequence[Event]) -> None:
        begun: list[tuple[Ticket, str, Event]] = []
        for event in events:
            told = event.after or {}
            agent_id = _an_agents(told.get("assigned_to"))
            if agent_id is not None and told.get("status") in UNSETTLED:
                begun.append((_ticket(session, event), agent_id, event))
            elif told.get("assigned_to") is None and self._records.queues_new:
                self._queue_new(session, event)
        agents = queries.known(session, {agent_id for _, agent_id, _ in begun}) if begun else {}
        for ticket, agent_id, event in begun:
            if agent_id in agents:
                self._begin(session, ticket, agents[agent_id], event)

    def _queue_new(self, session: Session, event: Event) -> None:
        ticket = _ticket(session, event)
        if ticket.queued:
            self._records.queue(session, ticket, actor=event.actor, at=event.at)

    def _updated(self, session: Session, event: Event) -> None:
        before, after = event.before or {}, event.after or {}
        if "assigned_to" not in after and "status" not in after:
            return
        ticket = _ticket(session, event)
        self._keep_queue(session, ticket, before.get("status"), event)
        before_it = _an_agents(before.get("assigned_to", ticket.assigned_to))
        now_it = _an_agents(ticket.assigned_to)
        if before_it is None and now_it is None:
            return
        counted = before.get("status", ticket.status) in UNSETTLED
        counts = ticket.status in UNSETTLED
        if "status" in after and "assigned_to" not in after:
            self._accepted_by_doing(session, ticket, event)
        if before_it != now_it:
            had_one = counted and before_it is not None
            self._changed_hands(session, ticket, event, had_one=had_one, counts=counts)
        elif counted and not counts:
            self._end(session, ticket, AssignmentEnding.COMPLETED, event)
        elif counts and not counted:
            self._opened_again(session, ticket, event)

    def _changed_hands(
        self, session: Session, ticket: Ticket, event: Event, *, had_one: bool, counts: bool
    ) -> None:
        """`had_one`: whether there may be an assignment, which then ends."""
        agent = self._agent_of(session, ticket, event)
        handing = _handing(event)
        if had_one:
            given = AssignmentEnding.TRANSFERRED if agent else AssignmentEnding.UNASSIGNED
            self._end(session, ticket, handing.ending or given, event)
        if agent is not None and counts:
            self._begin(session, ticket, agent, event)

    def _keep_queue(self, session: Session, ticket: Ticket, status_before: str | None, event: Event) -> None:
        if ticket.assigned_to is not None or ticket.status not in UNSETTLED:
            self._records.unqueue(ticket)
        reopened = status_before is not None and status_before not in UNSETTLED
        if reopened and self._records.waits(ticket):
            self._records.queue(session, ticket, actor=event.actor, at=event.at)

    def _deleted(self, session: Session, event: Event) -> None:
        ticket = _ticket(session, event)
        self._records.unqueue(ticket)
        if _an_agents(ticket.assigned_to) and ticket.status in UNSETTLED:
            self._end(session, ticket, AssignmentEnding.DELETED, event)

    def _restored(self, session: Session, event: Event) -> None:
        ticket = _ticket(session, event)
        if _an_agents(ticket.assigned_to) and ticket.status in UNSETTLED:
            self._opened_again(session, ticket, event)
        elif self._records.waits(ticket):
            self._records.queue(session, ticket, actor=event.actor, at=event.at)

    def _answered(self, session: Session, event: Event) -> None:
        if event.actor.startswith("agent:") and (event.after or {}).get("from_agent"):
            self._accepted_by_doing(session, _ticket(session, event), event)

    # ------------------------------------------------------------ what is made of it

    def _accepted_by_doing(self, session: Session, ticket: Ticket, event: Event) -> None:
        agent_id = _an_agents(ticket.assigned_to)
        if agent_id is not None and event.actor == f"agent:{agent_id}":
            self.accept(session, ticket, agent_id, actor=event.actor, at=event.at)

    def _begin(self, session: Session, ticket: Ticket, agent: Taker, event: Event) -> None:
        """Raises `InvalidField`, and `NoRoom` once the transaction ends."""
        handing = _handing(event)
        if handing.checked:
            self.check_may_have(session, agent, ticket.team_id, field=handing.field)
        self._take(session, ticket, agent, event, handing)

    def _opened_again(self, session: Session, ticket: Ticket, event: Event) -> None:
        """It stays with its agent, beyond capacity too: that is what they had already."""
        agent = self._agent_of(session, ticket, event)
        if agent is None:
            return
        again = queries.to_go_on(session, ticket.id, agent.id)
        if again is not None:
            queries.begin_again(session, again)
        self._take(session, ticket, agent, event, AS_IT_WAS, again=again)

    def _agent_of(self, session: Session, ticket: Ticket, event: Event) -> Taker | None:
        agent_id, taker = _an_agents(ticket.assigned_to), _handing(event).taker
        if taker is not None and taker.id == agent_id:
            return taker
        return queries.known(session, [agent_id]).get(agent_id) if agent_id is not None else None

    def _take(
        self,
        session: Session,
        ticket: Ticket,
        agent: Taker,
        event: Event,
        handing: Handing,
        *,
        again: str | None = None,
    ) -> None:
        taken = Taken(
            ticket_id=ticket.id,
            agent_id=agent.id,
            team_id=ticket.team_id,
            capacity=agent.capacity,
            handing=handing,
            actor=event.actor,
            at=event.at,
            again=again,
        )
        LoadChanges.of(session).take(taken, self._tell)

    def _end(self, session: Session, ticket: Ticket, how: AssignmentEnding, event: Event) -> None:
        completed = how is AssignmentEnding.COMPLETED
        ended = queries.end(session, ticket.id, how, event.at, completed=completed)
        if ended is None:
            return
        LoadChanges.of(session).free(ended.agent_id)
        after_commit(session, self._ring)
        if how not in {AssignmentEnding.COMPLETED, AssignmentEnding.DELETED}:
            told = {"agent_id": ended.agent_id, "reason": how}
            kind = TICKET_UNASSIGNED
            self._records.tell(
                session, ticket, [about_ticket(kind, ticket.id, actor=event.actor, at=event.at, after=told)]
            )

    def _tell(self, session: Session, given: Sequence[tuple[Taken, bool]]) -> None:
        self._events.record_all(
            session,
            [
                about_ticket(
                    TICKET_ASSIGNED,
                    taken.ticket_id,
                    actor=taken.actor,
                    at=taken.at,
                    after={
                        "agent_id": taken.agent_id,
                        "reason": taken.handing.reason,
                        "strategies": list(taken.handing.strategies),
                        "over_capacity": over,
                    },
                )
                for taken, over in given
            ],
        )


def _ticket(session: Session, event: Event) -> Ticket:
    """Whoever tells of a ticket has it in the session."""
    return session.get_one(Ticket, event.subject_id)


def _an_agents(assignee: str | None) -> str | None:
    """Where it looks like the id of an agent."""
    return assignee if assignee is not None and AN_AGENTS.fullmatch(assignee) else None


def _handing(event: Event) -> Handing:
    return event.at_hand if isinstance(event.at_hand, Handing) else BY_HAND
