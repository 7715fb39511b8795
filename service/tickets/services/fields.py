"""Which custom fields tickets have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database
from service.errors import Conflict, InvalidField, NotFound
from service.events import (
    TICKET_FIELD_ARCHIVED,
    TICKET_FIELD_CHANGED,
    TICKET_FIELD_CREATED,
    Event,
    EventLog,
    EventType,
)
from service.tickets import queries
from service.tickets.models import FieldType, TicketField

MOST_FIELDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField:
    key: str
    label: str
    type: FieldType
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """None leaves as it is."""

    label: str | None = None
    choices: tuple[str, ...] | None = None


class FieldService:
    def __init__(self, database: Database, events: EventLog, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def all(self) -> Sequence[TicketField]:
        with self._database.reading() as session:
            return queries.ticket_fields(session)

    def create(self, new: NewField, *, actor: str) -> TicketField:
        """An archived field of that key and type comes back with its values. Raises `Conflict`."""
        _check_choices(new.type, new.choices)
        now = self._clock.now()
        try:
            with self._database.writing() as session:
                field = session.get(TicketField, new.key, with_for_update=True)
                if field is None:
                    field = self._added(session, new, now)
                elif field.archived_at is None or field.type is not new.type:
                    raise Conflict(
                        f"key: there is a field {new.key!r} of type {field.type}; choose another key."
                    )
                field.label, field.choices = new.label, _listed(new.choices)
                field.archived_at, field.updated_at = None, now
                self._record(session, TICKET_FIELD_CREATED, field, actor=actor, after=_state(field))
        except IntegrityError as error:
            raise Conflict(f"key: there is a field {new.key!r} by now; choose another key.") from error
        return field

    def change(self, key: str, change: FieldChange, *, actor: str) -> TicketField:
        """Raises `NotFound`, and `InvalidField` for choices of what has none."""
        with self._database.writing() as session:
            field = self._held(session, key)
            if change.choices is not None:
                _check_choices(field.type, change.choices)
            before = _state(field)
            field.label = change.label if change.label is not None else field.label
            field.choices = _listed(change.choices) if change.choices is not None else field.choices
            if _state(field) != before:
                field.updated_at = self._clock.now()
                self._record(
                    session, TICKET_FIELD_CHANGED, field, actor=actor, before=before, after=_state(field)
                )
        return field

    def archive(self, key: str, *, actor: str) -> None:
        """Raises `NotFound`."""
        with self._database.writing() as session:
            field = self._held(session, key)
            field.archived_at = field.updated_at = self._clock.now()
            self._record(session, TICKET_FIELD_ARCHIVED, field, actor=actor)

    def _added(self, session: Session, new: NewField, now: datetime) -> TicketField:
        if queries.count_fields(session) >= MOST_FIELDS:
            raise Conflict(f"There are {MOST_FIELDS} custom fields, and no room for more.")
        field = TicketField(key=new.key, label=new.label, type=new.type, created_at=now, updated_at=now)
        session.add(field)
        return field

    def _held(self, session: Session, key: str) -> TicketField:
        field = session.get(TicketField, key, with_for_update=True)
        if field is None or field.archived_at is not None:
            raise NotFound("custom field", key)
        return field

    def _record(
        self,
        session: Session,
        kind: EventType,
        field: TicketField,
        *,
        actor: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        self._events.record(
            session,
            Event(
                type=kind,
                subject_type="ticket_field",
                subject_id=field.key,
                actor=actor,
                at=field.updated_at,
                before=before,
                after=after,
            ),
        )


def _check_choices(kind: FieldType, choices: Sequence[str] | None) -> None:
    if kind is FieldType.CHOICE and not choices:
        raise InvalidField("choices", "Name at least one, since the type is choice.")
    if kind is not FieldType.CHOICE and choices:
        raise InvalidField("choices", f"Leave it out, since the type is {kind}.")


def _listed(choices: Sequence[str] | None) -> list[str] | None:
    return list(dict.fromkeys(choices)) if choices else None


def _state(field: TicketField) -> dict[str, Any]:
    return {"label": field.label, "type": field.type, "choices": field.choices}
