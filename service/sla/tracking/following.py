"""Whatever moves a promise, and is committed, is followed: kept promises are a second or so behind."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.events import (
    CONVERSATION_RESET,
    MESSAGE_ADDED,
    MESSAGE_DELETED,
    TICKET_CREATED,
    TICKET_DELETED,
    TICKET_RESTORED,
    TICKET_UPDATED,
)
from service.feed.following import FedEvent
from service.sla.services import PolicyBook
from service.sla.tracking import queries
from service.sla.tracking.keeping import TargetKeeping
from service.sla.tracking.renewing import OF_RULES, to_renew
from service.tickets.services import NewFacts

OF_TICKETS = frozenset(
    kind.name
    for kind in (
        TICKET_CREATED,
        TICKET_UPDATED,
        TICKET_DELETED,
        TICKET_RESTORED,
        MESSAGE_ADDED,
        MESSAGE_DELETED,
        CONVERSATION_RESET,
    )
)
AT_ONCE = 200


class TargetFollower:
    """Implements `Follower`."""

    name = "service-levels"
    types = OF_TICKETS | OF_RULES

    def __init__(self, keeping: TargetKeeping) -> None:
        self._keeping = keeping

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        since = queries.held_since(session)
        moved = [event for event in events if event.ticket_id and _counts(event, since)]
        ids = sorted({event.ticket_id for event in moved if event.ticket_id})
        for start in range(0, len(ids), AT_ONCE):
            self._keeping.bring_up(session, ids[start : start + AT_ONCE])
        rules = [event for event in events if event.type in OF_RULES]
        if rules:
            for policy_id in dict.fromkeys(to_renew(rules, self._keeping.policies(session))):
                queries.renew(session, policy_id)


def _counts(event: FedEvent, since: datetime | None) -> bool:
    return event.type in OF_TICKETS and (since is None or event.at >= since)


class TierFollowing:
    """Facts of customers change, and no event tells of it: their tickets may be under another policy then."""

    def __init__(self, book: PolicyBook) -> None:
        self._book = book

    def facts_changed(self, session: Session, learnt: Sequence[NewFacts]) -> None:
        if self._book.policies().ask_for_tier:
            queries.renew_tickets(session, [facts.ticket.id for facts in learnt])
