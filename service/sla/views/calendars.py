"""`/api/sla/calendars`."""

from typing import Any

from flask import url_for

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.idempotency import idempotent
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.sla.models import StoredCalendar
from service.sla.schemas.calendars import (
    CalendarChangeSchema,
    CalendarListSchema,
    CalendarQuerySchema,
    NewCalendarSchema,
    ToldCalendarSchema,
)
from service.sla.services import CalendarChange, CalendarService, NewCalendar

blueprint = Blueprint(
    "sla_calendars", __name__, url_prefix="/api/sla/calendars", description="When somebody works"
)

Told = tuple[dict[str, StoredCalendar], int, dict[str, str]]


@blueprint.get("")
@needs(Permission.SERVICE_LEVELS_READ)
@blueprint.arguments(CalendarQuerySchema, location="query")
@blueprint.response(200, CalendarListSchema)
def list_sla_calendars(query: dict[str, Any]) -> Listing[StoredCalendar]:
    """List calendars in the order in which they were made"""
    return component(CalendarService).listing(Page.asked(**query))


@blueprint.post("")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(NewCalendarSchema)
@idempotent
@blueprint.response(201, ToldCalendarSchema)
def create_sla_calendar(new: NewCalendar) -> Told:
    """Create a calendar"""
    calendar = component(CalendarService).create(new, actor=current_caller().id)
    where = {"Location": url_for("sla_calendars.read_sla_calendar", calendar_id=calendar.id)}
    return {"calendar": calendar}, 201, where | etag(calendar.version)


@blueprint.get("/<id:calendar_id>")
@needs(Permission.SERVICE_LEVELS_READ)
@blueprint.response(200, ToldCalendarSchema)
def read_sla_calendar(calendar_id: str) -> Told:
    """Read a calendar"""
    return _told(component(CalendarService).read(calendar_id))


@blueprint.patch("/<id:calendar_id>")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(CalendarChangeSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldCalendarSchema)
def change_sla_calendar(change: CalendarChange, headers: dict[str, Any], calendar_id: str) -> Told:
    """Change a calendar: what is not named stays as it is"""
    changed = component(CalendarService).change(
        calendar_id, change, actor=current_caller().id, expected=headers["expected"]
    )
    return _told(changed)


@blueprint.delete("/<id:calendar_id>")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(204)
def delete_sla_calendar(headers: dict[str, Any], calendar_id: str) -> None:
    """Delete a calendar that no policy uses"""
    component(CalendarService).delete(calendar_id, actor=current_caller().id, expected=headers["expected"])


def _told(calendar: StoredCalendar) -> Told:
    return {"calendar": calendar}, 200, etag(calendar.version)
