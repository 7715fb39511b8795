"""How many drafts were generated, and what became of them: counted when it happens, by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from providers.ports import Random
from service.database import Database
from service.events import DRAFT_GENERATED, DRAFT_OUTCOME_RECORDED, Event, EventLog
from service.intelligence import queries
from service.intelligence.models import OTHER_TONE, TONES

COUNTED_TONES = (*TONES, OTHER_TONE)
SHARDS = 4
"""Rows per day, provider and tone, so that parallel changes seldom wait for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedDrafts:
    """`edited_share_sum` is over the edited ones."""

    provider: str
    tone: str
    generated: int
    verbatim: int
    edited: int
    set_aside: int
    edited_share_sum: float


class DraftCounters:
    """Written in the transaction of what they count; a read takes as many rows as days, not as drafts."""

    def __init__(self, database: Database, random: Random) -> None:
        self._database = database
        self._random = random

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe(DRAFT_GENERATED, self._generated)
        events.subscribe(DRAFT_OUTCOME_RECORDED, self._decided)

    def counted(
        self, since: date, until: date, *, provider: str | None = None, tone: str | None = None
    ) -> Sequence[CountedDrafts]:
        """By provider and tone, of drafts generated from `since` to the day before `until`, in UTC."""
        with self._database.reading() as session:
            rows = queries.counted_drafts(session, since, until, provider=provider, tone=tone)
        return [CountedDrafts(**row._mapping) for row in rows]  # noqa: SLF001  # public, by SQLAlchemy's word

    def _generated(self, session: Session, event: Event) -> None:
        self._count(session, event, event.at, {"generated": 1})

    def _decided(self, session: Session, event: Event) -> None:
        told = event.after or {}
        changes = {told["outcome"]: 1, "edited_share_sum": told["edited_share"] or 0.0}
        self._count(session, event, datetime.fromisoformat(told["generated_at"]), changes)

    def _count(
        self, session: Session, event: Event, generated_at: datetime, changes: dict[str, float]
    ) -> None:
        told = event.after or {}
        queries.count_draft(
            session,
            generated_at.astimezone(UTC).date(),
            told["provider"],
            told["tone"] if told["tone"] in TONES else OTHER_TONE,
            shard=int(self._random.random() * SHARDS),
            changes=changes,
        )
