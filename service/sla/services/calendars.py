"""When somebody works: calendars listed, made, changed and deleted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database, after_commit
from service.errors import Conflict, InvalidField, NotFound, Stale
from service.events import (
    SLA_CALENDAR_CHANGED,
    SLA_CALENDAR_CREATED,
    SLA_CALENDAR_DELETED,
    Event,
    EventLog,
    EventType,
    differing,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.sla import queries
from service.sla.models import StoredCalendar
from service.sla.public_holidays import countries
from service.sla.services.book import PolicyBook

MOST_CALENDARS = 100
TOLD = ("name", "time_zone", "hours", "country", "subdivision", "holidays", "exceptions")
IN_USE = "This calendar is in use; give its policies another one first."

Versions = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCalendar:
    """`hours`, `holidays` and `exceptions` as on the wire, checked to be sound."""

    name: str
    time_zone: str
    hours: Mapping[str, Any]
    country: str | None = None
    subdivision: str | None = None
    holidays: list[Mapping[str, Any]] = field(default_factory=list)
    exceptions: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarChange:
    """`values`: each of the fields of `NewCalendar` that is to be another."""

    values: Mapping[str, Any] = field(default_factory=dict)


class CalendarService:
    def __init__(self, database: Database, events: EventLog, book: PolicyBook, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._book = book
        self._clock = clock

    def listing(self, page: Page) -> Listing[StoredCalendar]:
        """In the order in which they were made."""
        with self._database.reading() as session:
            rows = queries.calendars_page(session, page)
            total = queries.count_calendars(session)
        return paginate(
            rows, page, total=total, estimated=False, place=lambda row: Cursor(row.created_at, row.id)
        )

    def read(self, calendar_id: str) -> StoredCalendar:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            calendar = session.get(StoredCalendar, calendar_id)
        if calendar is None:
            raise NotFound("calendar", calendar_id)
        return calendar

    def create(self, new: NewCalendar, *, actor: str) -> StoredCalendar:
        """Raises `Conflict`, and `InvalidField` for a part of a country that has none of this name."""
        now = self._clock.now()
        calendar = StoredCalendar(
            id=new_id("calendar"),
            folded_name=new.name.casefold(),
            version=1,
            created_at=now,
            updated_at=now,
            **{name: getattr(new, name) for name in TOLD},
        )
        _check_subdivision(calendar)
        with _unique_name(), self._database.writing() as session:
            if queries.count_calendars(session) >= MOST_CALENDARS:
                raise Conflict(f"There are {MOST_CALENDARS} calendars, and no room for more.")
            session.add(calendar)
            session.flush()
            self._record(session, calendar, SLA_CALENDAR_CREATED, actor, after=_state(calendar))
        return calendar

    def change(
        self, calendar_id: str, change: CalendarChange, *, actor: str, expected: Versions | None = None
    ) -> StoredCalendar:
        """Raises `NotFound`, `Stale`, `Conflict` and `InvalidField`."""
        with _unique_name(), self._database.writing() as session:
            calendar = _held(session, calendar_id, expected)
            before = _state(calendar)
            for name, value in change.values.items():
                setattr(calendar, name, value)
            calendar.folded_name = calendar.name.casefold()
            _check_subdivision(calendar)
            if told := differing(before, _state(calendar)):  # else it is no version and no event
                calendar.version += 1
                calendar.updated_at = self._clock.now()
                self._record(session, calendar, SLA_CALENDAR_CHANGED, actor, **told)
        return calendar

    def delete(self, calendar_id: str, *, actor: str, expected: Versions | None = None) -> None:
        """Only one that nothing uses, here or elsewhere. Raises `NotFound`, `Stale` and `Conflict`."""
        with _unused(), self._database.writing() as session:
            calendar = _held(session, calendar_id, expected)
            if queries.count_policies(session, calendar_id=calendar_id):
                raise Conflict(IN_USE)
            session.delete(calendar)
            session.flush()
            self._record(session, calendar, SLA_CALENDAR_DELETED, actor, before=_state(calendar))

    def _record(
        self, session: Session, calendar: StoredCalendar, kind: EventType, actor: str, **told: Any
    ) -> None:
        about = Event(
            type=kind,
            subject_type="sla_calendar",
            subject_id=calendar.id,
            actor=actor,
            at=self._clock.now(),
            **told,
        )
        self._events.record(session, about)
        after_commit(session, self._book.forget)


def _held(session: Session, calendar_id: str, expected: Versions | None) -> StoredCalendar:
    calendar = queries.held_calendar(session, calendar_id)
    if calendar is None:
        raise NotFound("calendar", calendar_id)
    if expected is not None and calendar.version not in expected:
        raise Stale(f"The calendar is at version {calendar.version} by now; read it again, then repeat.")
    return calendar


def _check_subdivision(calendar: StoredCalendar) -> None:
    if calendar.subdivision is None:
        return
    if calendar.country is None:
        raise InvalidField("subdivision", "Name the country, too, or leave it out.")
    parts = countries()[calendar.country]
    if calendar.subdivision not in parts:
        known = f"Must be one of: {', '.join(parts)}." if parts else "This country has none; leave it out."
        raise InvalidField("subdivision", known)


def _state(calendar: StoredCalendar) -> dict[str, Any]:
    return {name: getattr(calendar, name) for name in TOLD}


@contextmanager
def _unique_name() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("name: another calendar has this name; choose another.") from error


@contextmanager
def _unused() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict(IN_USE) from error
