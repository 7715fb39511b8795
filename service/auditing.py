"""What the audit is told that is no change of a record: who came in, who was turned away, what was read."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from providers.ports import Clock
from service.database import Database
from service.events import Event, EventLog, EventType, Origin

WINDOW = timedelta(minutes=1)
MOST_DISTINCT = 100
"""Different entries of a window that are told one by one, in each process; the rest are only counted."""

OTHERS = "others"
"""The actor of an entry that stands for the rest."""


@dataclass(slots=True)
class _Noted:
    event: Event
    times: int = 0
    told: bool = False


class Audit:
    """`record` what its caller answers for; `note` what a stranger can make happen as often as they like."""

    def __init__(
        self, database: Database, events: EventLog, clock: Clock, *, origin: Callable[[], Origin] = Origin
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._origin = origin
        self._lock = threading.Lock()
        self._noted: dict[tuple[str | None, ...], _Noted] = {}
        self._since: datetime | None = None

    def record(self, event: Event) -> None:
        """In a transaction of its own, or as a part of `together`."""
        with self._database.writing() as session:
            self._events.record(session, event)

    def note(self, event: Event) -> None:
        """Costs no statement: it is written behind, and what is the same within a minute is one entry more.

        The same is what has type, subject, actor and address in common.
        """
        known = replace(event, origin=event.origin or self._origin())
        with self._lock:
            if self._since is None:
                self._since = event.at
            noted = self._noted.get(_key(known))
            if noted is None:
                noted = self._room_for(known)
            noted.times += 1

    def write_noted(self, *, all_of_them: bool = False) -> Mapping[str, int]:
        """The first of each at once, how often it came again once its window is over."""
        now = self._clock.now()
        with self._lock:
            over = all_of_them or (self._since is not None and now - self._since >= WINDOW)
            due = [
                (noted, noted.times)
                for noted in self._noted.values()
                if noted.times and (over or not noted.told)
            ]
        if due:
            with self._database.writing() as session:
                self._events.record_all(session, [_told(noted.event, times) for noted, times in due])
        with self._lock:
            for noted, times in due:
                noted.times -= times
                noted.told = True
            if over:
                self._noted = {key: noted for key, noted in self._noted.items() if noted.times}
                self._since = now if self._noted else None
        return {"written": len(due)}

    def _room_for(self, event: Event) -> _Noted:
        if len(self._noted) >= MOST_DISTINCT:
            event = _rest_of(event.type, event.at)
        return self._noted.setdefault(_key(event), _Noted(event))


def _key(event: Event) -> tuple[str | None, ...]:
    address = event.origin.address if event.origin else None
    return event.type.name, event.subject_type, event.subject_id, event.actor, address


def _told(event: Event, times: int) -> Event:
    return replace(event, after={**(event.after or {}), "times": times})


def _rest_of(kind: EventType, at: datetime) -> Event:
    return Event(type=kind, subject_type="service", subject_id="desk", actor=OTHERS, at=at, origin=Origin())
