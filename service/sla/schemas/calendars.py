"""Calendars on the wire."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from service.customers.schemas.customers import TimeZone
from service.http.fields import FIRST_YEAR, LAST_YEAR, Count, Rfc3339, Text, telling
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.sla.parsing import DAYS
from service.sla.public_holidays import countries
from service.sla.services import CalendarChange, NewCalendar

MOST_INTERVALS = 48
MOST_DATES = 400
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)

OFFICE = [{"from": "09:00", "to": "12:30"}, {"from": "13:30", "to": "18:00"}]
WEEK = dict.fromkeys(DAYS[:5], OFFICE) | {day: [] for day in DAYS[5:]}
CHRISTMAS_EVE = [{"date": "2026-12-24", "name": "Christmas Eve", "hours": [{"from": "09:00", "to": "12:00"}]}]


class WallClock(fields.String):
    """A time of day in the calendar's zone; `24:00` is the midnight that ends the day."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, pattern=f"^(?:{CLOCK.pattern})$"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        shown: str = super()._deserialize(value, attr, data, **kwargs)
        if not CLOCK.fullmatch(shown):
            raise ValidationError("Must be a time of day such as 09:30, or 24:00 where a day ends.")
        return shown


class Day(fields.String):
    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, pattern=f"^{DATE.pattern}$", format="date", example="2026-12-24"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        day: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            known = DATE.fullmatch(day) and FIRST_YEAR <= date.fromisoformat(day).year <= LAST_YEAR
        except ValueError:
            known = False
        if not known:
            raise ValidationError(
                f"Must be a date such as 2026-12-24, of the years {FIRST_YEAR} to {LAST_YEAR}."
            )
        return day


class Country(fields.String):
    """An ISO 3166-1 code of a country whose public holidays are known."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**telling(options, pattern=f"^{COUNTRY.pattern}$", example="AT"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **kwargs)
        if not COUNTRY.fullmatch(code) or code not in countries():
            raise ValidationError(
                "Must be two capital letters of a country whose holidays are known, such as AT (ISO 3166-1)."
            )
        return code


class HoursSchema(Schema):
    """Within one day: hours that go on past midnight end at 24:00 and begin again at 00:00 of the next."""

    begin = WallClock(required=True, data_key="from", metadata={"example": "09:00"})
    end = WallClock(required=True, data_key="to", metadata={"example": "12:30"})

    @validates_schema(skip_on_field_errors=True)
    def _end_after_they_begin(self, values: Mapping[str, str], **_: Any) -> None:
        if values["begin"] >= values["end"]:
            told = "Must be later than from; split hours that cross midnight at 24:00."
            raise ValidationError(told, "to")

    @post_load
    def _make(self, values: dict[str, str], **_: Any) -> dict[str, str]:
        return {"from": values["begin"], "to": values["end"]}

    def get_attribute(self, told: Any, attr: str, default: Any) -> Any:
        return told.get({"begin": "from", "end": "to"}[attr], default)


class DayHours(fields.List[Any]):
    """In any order; kept in that of the day."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.Nested(HoursSchema), validate=validate.Length(max=MOST_INTERVALS), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        told: list[Any] = super()._deserialize(value, attr, data, **kwargs) or []
        hours = sorted(told, key=lambda each: str(each["from"]))
        if any(earlier["to"] > later["from"] for earlier, later in pairwise(hours)):
            raise ValidationError("Hours of one day must not overlap; put them together.")
        return hours


def _day(name: str) -> DayHours:
    return DayHours(load_default=list, metadata={"example": WEEK[name]})


class WeekSchema(Schema):
    """A day that is not named is closed."""

    monday = _day("monday")
    tuesday = _day("tuesday")
    wednesday = _day("wednesday")
    thursday = _day("thursday")
    friday = _day("friday")
    saturday = _day("saturday")
    sunday = _day("sunday")


class HolidaySchema(Schema):
    date = Day(required=True)
    name = Text(200, required=True, metadata={"example": "Company outing"})


class ExceptionSchema(Schema):
    date = Day(required=True)
    name = Text(200, load_default=None, allow_none=True, metadata={"example": "Christmas Eve"})
    hours = DayHours(load_default=list, metadata={"description": "none where it is closed"})


def _each_date_once(told: Sequence[Mapping[str, Any]]) -> None:
    if len({each["date"] for each in told}) < len(told):
        raise ValidationError("Name each date once.")


def _dated(kind: type[Schema], **options: Any) -> fields.List[dict[str, Any]]:
    bounds: list[Callable[[Any], Any]] = [validate.Length(max=MOST_DATES), _each_date_once]
    return fields.List(fields.Nested(kind), validate=bounds, **options)


HOLIDAYS = {"description": "beside those of the country", "example": []}
EXCEPTIONS = {
    "description": "days with other hours than their weekday's; they win over holidays",
    "example": CHRISTMAS_EVE,
}
COUNTRIES = {"description": "whose public holidays are no working time", "example": "AT"}
SUBDIVISION = {"description": "the part of the country whose holidays are kept, too", "example": None}
HOURS = {"description": "by weekday, in local time"}


class NewCalendarSchema(Schema):
    name = Text(200, required=True, metadata={"example": "Vienna office"})
    time_zone = TimeZone(required=True, metadata={"example": "Europe/Vienna"})
    hours = fields.Nested(WeekSchema, required=True, metadata=HOURS)
    country = Country(load_default=None, allow_none=True, metadata=COUNTRIES)
    subdivision = Text(40, load_default=None, allow_none=True, metadata=SUBDIVISION)
    holidays = _dated(HolidaySchema, load_default=list, metadata=HOLIDAYS)
    exceptions = _dated(ExceptionSchema, load_default=list, metadata=EXCEPTIONS)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewCalendar:
        return NewCalendar(**values)


class CalendarChangeSchema(Schema):
    name = Text(200, metadata={"example": "Vienna office"})
    time_zone = TimeZone(metadata={"example": "Europe/Vienna"})
    hours = fields.Nested(WeekSchema, metadata=HOURS)
    country = Country(allow_none=True, metadata=COUNTRIES)
    subdivision = Text(40, allow_none=True, metadata=SUBDIVISION)
    holidays = _dated(HolidaySchema, metadata=HOLIDAYS)
    exceptions = _dated(ExceptionSchema, metadata=EXCEPTIONS)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> CalendarChange:
        return CalendarChange(values=values)


class CalendarSchema(Schema):
    id = fields.String(metadata={"example": "calendar_4HfQz8"})
    name = fields.String(metadata={"example": "Vienna office"})
    time_zone = fields.String(metadata={"example": "Europe/Vienna"})
    hours = fields.Nested(WeekSchema)
    country = fields.String(allow_none=True, metadata=COUNTRIES)
    subdivision = fields.String(allow_none=True, metadata=SUBDIVISION)
    holidays = fields.List(fields.Nested(HolidaySchema), metadata=HOLIDAYS)
    exceptions = fields.List(fields.Nested(ExceptionSchema), metadata=EXCEPTIONS)
    created_at = Rfc3339()
    updated_at = Rfc3339()


class ToldCalendarSchema(Schema):
    calendar = fields.Nested(CalendarSchema)


class CalendarQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class CalendarListSchema(Schema):
    calendars = fields.List(fields.Nested(CalendarSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
