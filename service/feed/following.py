"""What is made of events, after their commit: each has its effect exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class FedEvent:
    """A committed event at its place. `id` is its own of `events`; whom it names personally is not there.

    `position` is 1, 2, 3 …, without gaps. No event of a ticket comes before one whose change was made before.
    """

    position: int
    id: int
    type: str
    version: int
    subject_type: str
    subject_id: str
    ticket_id: str | None
    actor: str
    at: datetime
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """Of committed events without a position: how many there are, and when the earliest happened.

    Of more than `LOOKED_AT` the count is by their ids, and may be too high; the time is that of the first.
    """

    count: int
    since: datetime | None


class NotNow(Exception):
    """A follower cannot take what it is told: it is told the same later. What it wrote stays."""


class Follower(Protocol):
    """Knows of an event a second or so late, so it must decide no rule of the present."""

    @property
    def name(self) -> str:
        """Of the position that is kept for it: lower case and hyphens, the same for good."""

    @property
    def types(self) -> frozenset[str] | None:
        """Names of the event types that it wants; None for all."""

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        """In their order, in the transaction that moves its position.

        One that raises is given the same again, and nothing after it. `NotNow` is no failure.
        """
