"""The two followers of the feed: rules tell people, endpoints tell programs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.feed.following import FedEvent
from service.notifications import queries
from service.notifications.calendars import CalendarOf, not_before
from service.notifications.digests import MOST_AT_ONCE, about, digest_of
from service.notifications.models import NotificationRule, Occasion
from service.notifications.occasions import (
    AGENT_PREFIX,
    TYPES,
    TicketFacts,
    agent_who_did,
    assignee_told_by,
    happened_at,
    occasion_of,
    team_told_by,
)
from service.notifications.published import TEST, is_wanted
from service.notifications.services.rules import AGENT
from service.outbox.services import Addition, Outbox
from service.tickets.lifecycle import UNSETTLED

EMAIL, LOG_CHANNEL, SLACK_CHANNEL, WEBHOOK = "email", "log", "slack", "webhook"
DESK = "desk"
"""The target where nobody in particular is told: the log."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Told:
    event: FedEvent
    occasion: Occasion
    not_before: datetime | None


@dataclass(slots=True)
class _Batch:
    """What the rules need to know of the events that are followed together, read once."""

    tickets: Mapping[str, TicketFacts]
    leads: Mapping[str, str]
    managers: Sequence[str]
    told: dict[tuple[str, str], dict[int, _Told]] = field(default_factory=dict)
    """By channel and target, then position."""
    urgent: set[tuple[tuple[str, str], str]] = field(default_factory=set)
    """Who is told, and of which ticket."""

    def tell(self, place: tuple[str, str], told: _Told) -> None:
        """Who is told that a ticket is urgent is not told then that its customer may leave."""
        of_ticket = place, str(told.event.ticket_id)
        if told.occasion is Occasion.URGENT_TICKET:
            self.urgent.add(of_ticket)
        if told.occasion is not Occasion.CHURN_RISK or of_ticket not in self.urgent:
            self.told.setdefault(place, {}).setdefault(told.event.position, told)


class WebhookFollower:
    """Adds each event to the outbox for every endpoint that wants it and was there when it happened."""

    name = WEBHOOK + "s"
    types = None

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def wants(self, session: Session) -> bool:
        """No endpoint was there when it happened, where there is none now."""
        return queries.anybody_listens(session)

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        endpoints = [(row.id, row.event_types, row.created_at) for row in queries.listening(session)]
        self._outbox.add_all(
            session,
            [
                Addition(event, WEBHOOK, endpoint_id)
                for event in events
                for endpoint_id, wanted, since in endpoints
                if event.at >= since
                if (event.subject_id == endpoint_id if event.type == TEST else is_wanted(event, wanted))
            ],
        )


class NotificationFollower:
    """Applies the rules. Nobody is told of what is older than `max_age`, of what they did, or twice.

    `channels`: those that are on.
    """

    name = "notifications"
    types = TYPES

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        calendar_of: CalendarOf,
        *,
        channels: Collection[str],
        max_age: timedelta,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._calendar_of = calendar_of
        self._channels = frozenset(channels)
        self._max_age = max_age

    def wants(self, session: Session) -> bool:
        """Nobody is told of what happened before there was a rule, or a channel that it names."""
        if not self._channels:
            return False
        return any(self._leads_anywhere(channels) for channels in queries.channels_in_force(session))

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        now = self._clock.now()
        recent = [event for event in events if event.ticket_id and now - happened_at(event) <= self._max_age]
        if old := sum(event.ticket_id is not None for event in events) - len(recent):
            log.warning("notifications_too_old", events=old)
        rules = [rule for rule in queries.rules_in_force(session) if self._leads_anywhere(rule.channels)]
        if not recent or not rules:
            return
        batch = _read(session, recent)
        for event in recent:
            ticket = batch.tickets.get(event.ticket_id or "")
            if ticket is not None and not ticket.settled:
                self._apply(rules, event, ticket, batch, now)
        self._add(session, batch)

    def _leads_anywhere(self, channels: Iterable[str]) -> bool:
        return any(channel.partition(":")[0] in self._channels for channel in channels)

    def _apply(
        self,
        rules: Iterable[NotificationRule],
        event: FedEvent,
        ticket: TicketFacts,
        batch: _Batch,
        now: datetime,
    ) -> None:
        occasion = occasion_of(event)
        for rule in rules:
            if rule.occasion is not occasion:
                continue
            calendar = self._calendar_of(rule.calendar_id) if rule.calendar_id else None
            told = _Told(event, rule.occasion, not_before(calendar, now))
            for place in self._places(rule, event, ticket, batch):
                batch.tell(place, told)

    def _places(
        self, rule: NotificationRule, event: FedEvent, ticket: TicketFacts, batch: _Batch
    ) -> Iterator[tuple[str, str]]:
        for channel in rule.channels:
            kind, _, name = channel.partition(":")
            if kind not in self._channels:
                continue
            if kind == EMAIL:
                yield from ((EMAIL, agent_id) for agent_id in _recipients(rule, event, ticket, batch))
            else:
                yield kind, name or DESK

    def _add(self, session: Session, batch: _Batch) -> None:
        by_mail = {target for channel, target in batch.told if channel == EMAIL}
        active = queries.active_among(session, by_mail) if by_mail else frozenset[str]()
        wanted = {
            place: list(told.values())
            for place, told in batch.told.items()
            if place[0] != EMAIL or place[1] in active
        }
        at_once = [one for place, told in wanted.items() for one in _additions(*place, told)]
        self._outbox.add_all(session, at_once)
        queries.hold(session, [one for place, told in wanted.items() for one in _held(*place, told)])


def _additions(channel: str, target: str, told: Sequence[_Told]) -> Iterator[Addition]:
    """Of what is told at once."""
    at_once = [one for one in told if one.not_before is None]
    if len(at_once) > MOST_AT_ONCE:
        digest = digest_of(one.occasion for one in at_once)
        yield Addition(at_once[-1].event, channel, target, address=digest)
        return
    for one in at_once:
        yield Addition(one.event, channel, target, address=about(one.occasion))


def _held(channel: str, target: str, told: Sequence[_Told]) -> Iterator[Mapping[str, Any]]:
    for one in told:
        if one.not_before is not None:
            yield {
                "channel": channel,
                "target": target,
                "position": one.event.position,
                "ticket_id": one.event.ticket_id,
                "occasion": one.occasion,
                "not_before": one.not_before,
            }


def _read(session: Session, events: Sequence[FedEvent]) -> _Batch:
    rows = queries.tickets_told_of(session, {event.ticket_id for event in events if event.ticket_id})
    tickets = {
        ticket_id: TicketFacts(
            settled=row.status not in UNSETTLED,
            assignee_id=row.assigned_to if (row.assigned_to or "").startswith(AGENT_PREFIX) else None,
            team_id=row.team_id,
        )
        for ticket_id, row in rows.items()
    }
    teams = {
        team_told_by(event, tickets[event.ticket_id])
        for event in events
        if event.ticket_id is not None and event.ticket_id in tickets
    }
    leads = queries.leads_of(session, {team for team in teams if team is not None})
    return _Batch(tickets, leads, queries.managers(session))


def _recipients(rule: NotificationRule, event: FedEvent, ticket: TicketFacts, batch: _Batch) -> Iterator[str]:
    """Ids of agents, active or not, without the one who did it."""
    found: list[str | None] = []
    for recipient in rule.recipients:
        if recipient == "assignee":
            found.append(assignee_told_by(event, ticket))
        elif recipient == "team_lead":
            found.append(batch.leads.get(team_told_by(event, ticket) or ""))
        elif recipient == "managers":
            found += batch.managers
        else:
            found.append(recipient.removeprefix(AGENT))
    did = agent_who_did(event)
    yield from (agent_id for agent_id in dict.fromkeys(found) if agent_id is not None and agent_id != did)
