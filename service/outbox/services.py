"""What is to leave the desk, kept until it has."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.feed.following import FedEvent
from service.identifiers import new_id
from service.outbox import queries
from service.outbox.models import State
from service.writes import write


class Outbox:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def add(
        self,
        session: Session,
        event: FedEvent,
        channel: str,
        target: str,
        not_before: datetime | None = None,
        *,
        address: Mapping[str, Any] | None = None,
    ) -> None:
        """In the caller's transaction. The same event for the same target again changes nothing.

        One that waits for `not_before` holds nothing else up. `address` has nothing personal and no secret.
        """
        now = self._clock.now()
        row = {
            "id": new_id("dlv"),
            "position": event.position,
            "ticket_id": event.ticket_id,
            "about": event.ticket_id or event.subject_id,
            "channel": channel,
            "target": target,
            "address": address,
            "state": State.PENDING,
            "attempts": 0,
            "not_before": not_before,
            "next_attempt_at": max(now, not_before or now),
            "created_at": now,
        }
        write(session, queries.ADD, [row])
