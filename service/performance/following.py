"""The follower of the feed that counts: each event once, with the position of the last one counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service import events as happenings
from service.days import QUARTER_S, quarter_of
from service.feed.following import FedEvent, NotNow
from service.performance import queries
from service.performance.clearing import TakingBack
from service.performance.counting import Changes, count_up
from service.performance.folding import Folding, agent_named, agent_of, milliseconds
from service.performance.histories import (
    AgentHistory,
    History,
    TicketHistory,
    agent_history,
    encoded,
    ticket_history,
)
from service.performance.models import FigureProgress, KindOfHistory
from service.performance.tallies import Tally

NAME = "performance"
TYPES = frozenset(
    kind.name
    for kind in (
        happenings.TICKET_CREATED,
        happenings.TICKET_UPDATED,
        happenings.TICKET_DELETED,
        happenings.TICKET_RESTORED,
        happenings.TICKET_ERASED,
        happenings.MESSAGE_ADDED,
        happenings.MESSAGE_DELETED,
        happenings.CONVERSATION_RESET,
        happenings.DRAFT_OUTCOME_RECORDED,
        happenings.AGENT_CREATED,
        happenings.AGENT_STATUS_CHANGED,
        happenings.AGENT_DEACTIVATED,
        happenings.TEAM_MEMBER_ADDED,
        happenings.TEAM_MEMBER_REMOVED,
    )
)


class PerformanceFollower:
    """`counted` is told how many events were counted, batch by batch.

    A rebuild that was broken off while it took figures back is gone on with, and nothing counted until then.
    """

    def __init__(self, counted: Callable[[int], None] = lambda _: None) -> None:
        self.counted = counted
        self._taking_back = TakingBack()

    @property
    def name(self) -> str:
        return NAME

    @property
    def types(self) -> frozenset[str]:
        return TYPES

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        progress = queries.held_progress(session)
        if progress.taking_back:
            self._taking_back.step(session, progress)
            raise NotNow
        fresh = [event for event in events if event.position > progress.position]
        if not fresh:
            return
        known = KnownHistories.of(session, fresh)
        count_up(session, counted(fresh, known.tickets, known.agents, progress))
        known.keep(session)
        progress.position = fresh[-1].position
        self.counted(len(fresh))


def counted(
    events: Iterable[FedEvent],
    tickets: MutableMapping[str, TicketHistory],
    agents: MutableMapping[str, AgentHistory],
    progress: FigureProgress,
) -> Changes:
    """What they change, by scope and quarter.

    What happened before the seal is in what is sealed, where it was counted by then (a rebuild meets it
    again); what came later counts at the first quarter after.
    """
    changes: Changes = {}
    quarter, sealed = 0, progress.sealed_slot or 0
    nowhere = Tally()

    def at_hand(scope: str) -> Tally:
        if quarter < sealed:
            return nowhere
        return changes.setdefault(scope, {}).setdefault(quarter, Tally())

    folding = Folding(tickets, agents, at_hand)
    for event in events:
        quarter, at_ms = quarter_of(event.at), milliseconds(event)
        if quarter < sealed and event.position > progress.sealed_position:
            quarter, at_ms = sealed, sealed * QUARTER_S * 1_000
        folding.take(event, at_ms)
    return changes


class KnownHistories:
    """Those of all that some events may touch; where nothing was known, nothing is there yet."""

    def __init__(
        self,
        tickets: dict[str, TicketHistory],
        agents: dict[str, AgentHistory],
        before: Mapping[str, str],
    ) -> None:
        self.tickets = tickets
        self.agents = agents
        self._before = before

    @classmethod
    def of(cls, session: Session, events: Sequence[FedEvent], *, sealed: bool = False) -> "KnownHistories":
        """`sealed`: as of the position at which a rebuild begins."""
        ticket_ids = {event.ticket_id for event in events if event.ticket_id is not None}
        texts = _texts(session, ticket_ids, sealed=sealed)
        tickets = {ticket_id: ticket_history(text) for ticket_id, text in texts.items()}
        agent_ids = {agent_id for event in events for agent_id in _agents_in(event)}
        agent_ids |= {agent_id for ticket in tickets.values() for agent_id in _agents_of(ticket)}
        of_agents = _texts(session, agent_ids, sealed=sealed)
        agents = {agent_id: agent_history(text) for agent_id, text in of_agents.items()}
        return cls(tickets, agents, texts | of_agents)

    def changed(self) -> Iterator[tuple[str, KindOfHistory, str]]:
        kinds: tuple[tuple[KindOfHistory, Mapping[str, History]], ...] = (
            (KindOfHistory.TICKET, self.tickets),
            (KindOfHistory.AGENT, self.agents),
        )
        for kind, those in kinds:
            for one, history in sorted(those.items()):
                text = encoded(history)
                if self._before.get(one) != text:
                    yield one, kind, text

    def keep(self, session: Session) -> None:
        queries.put_histories(
            session, [{"id": one, "kind": kind, "history": text} for one, kind, text in self.changed()]
        )


def _texts(session: Session, ids: set[str], *, sealed: bool) -> dict[str, str]:
    rows = queries.histories(session, ids) if ids else ()
    texts = {row.id: row.sealed if sealed else row.history for row in rows}
    return {one: text for one, text in texts.items() if text is not None}


def _agents_in(event: FedEvent) -> Iterator[str]:
    told: Mapping[str, Any] = {**(event.before or {}), **(event.after or {})}
    named = (
        agent_of(event.actor),
        agent_named(told.get("assigned_to")),
        told.get("agent_id"),
        event.subject_id if event.subject_type == "agent" else None,
    )
    return (agent_id for agent_id in named if agent_id is not None)


def _agents_of(ticket: TicketHistory) -> Iterator[str]:
    named = (ticket.agent_id, ticket.settled.agent_id if ticket.settled else None)
    return (agent_id for agent_id in named if agent_id is not None)
