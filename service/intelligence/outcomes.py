"""How providers did when last really called, by any process of the service."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from providers.interface import Connection, ProviderHealth
from providers.models import Reason
from providers.ports import CallRecord, Clock, Outcome, ServedRecord
from service.database import Database
from service.intelligence.models import ProviderOutcome

SILENCE = timedelta(seconds=19)
"""Without a call for so long a provider is asked in the background. The check may come one interval (5 s)
and one poll (1 s) after that: a fault without traffic is told within 25 s, or 35 s where the check itself
hangs until its deadline (10 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastOutcome:
    """`reason` is None where the provider answered; an unknown customer is an answer."""

    connection: Connection
    reason: Reason | None
    at: datetime


class OutcomeBoard:
    """`providers.ports.CallObserver` of this process, shared with the others through the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._here: dict[str, LastOutcome] = {}
        self._published: dict[str, LastOutcome] = {}

    def called(self, record: CallRecord) -> None:
        answered = record.outcome is Outcome.ANSWERED or record.reason is Reason.UNKNOWN_CUSTOMER
        self._note(
            record.provider,
            LastOutcome(
                connection=Connection.CONNECTED if answered else Connection.UNAVAILABLE,
                reason=None if answered else record.reason,
                at=record.at,
            ),
        )

    def served(self, record: ServedRecord) -> None:
        """An answer says nothing of the provider that a call to it does not say."""

    def checked(self, provider: str, health: ProviderHealth) -> None:
        self._note(
            provider,
            LastOutcome(connection=health.connection, reason=health.reason, at=self._clock.now()),
        )

    def here(self) -> Mapping[str, LastOutcome]:
        """By provider, this process's own."""
        with self._lock:
            return dict(self._here)

    def latest(self) -> Mapping[str, LastOutcome]:
        """By provider, the newest of this process's outcomes and the shared ones."""
        shared, here = self._shared(), self.here()
        return {
            name: max((o for o in (shared.get(name), here.get(name)) if o), key=lambda outcome: outcome.at)
            for name in shared.keys() | here.keys()
        }

    def silent(self, providers: Sequence[str]) -> list[str]:
        """Those without an outcome, anywhere, for `SILENCE`."""
        latest, now = self.latest(), self._clock.now()
        return [name for name in providers if name not in latest or now - latest[name].at >= SILENCE]

    def publish(self) -> Mapping[str, int]:
        """Share what is news since the last time."""
        with self._lock:
            news = {name: o for name, o in self._here.items() if self._published.get(name) != o}
        if not news:
            return {"published": 0}
        dialect = postgresql if self._database.engine.dialect.name == "postgresql" else sqlite
        with self._database.writing() as session:
            for name, outcome in sorted(news.items()):
                values = {"connection": outcome.connection, "reason": outcome.reason, "at": outcome.at}
                statement = dialect.insert(ProviderOutcome).values(provider=name, **values)
                session.execute(
                    statement.on_conflict_do_update(
                        index_elements=["provider"],
                        set_=values,
                        where=ProviderOutcome.at <= statement.excluded.at,
                    )
                )
        with self._lock:
            self._published.update(news)
        return {"published": len(news)}

    def _note(self, provider: str, outcome: LastOutcome) -> None:
        with self._lock:
            self._here[provider] = outcome

    def _shared(self) -> dict[str, LastOutcome]:
        with self._database.reading() as session:
            rows = session.scalars(select(ProviderOutcome)).all()
        return {
            row.provider: LastOutcome(
                connection=row.connection, reason=Reason(row.reason) if row.reason else None, at=row.at
            )
            for row in rows
        }
