"""From rows, as they are told on the wire, to the rules that work with them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from service.sla.models import StoredCalendar, StoredPolicy
from service.sla.policies import CONDITIONS, Conditions, Policy, Target
from service.sla.public_holidays import PublicHolidays
from service.sla.working_time import Calendar, ExceptionalDay, Interval
from service.tickets.models import Channel, Priority

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

TARGETS = {
    "first_response_minutes": Target.FIRST_RESPONSE,
    "next_response_minutes": Target.NEXT_RESPONSE,
    "resolution_minutes": Target.RESOLUTION,
}


def calendar_of(row: StoredCalendar) -> Calendar:
    """Raises `ValueError` for hours that are none, and for a time zone that nobody knows."""
    dated = {date.fromisoformat(told["date"]): str(told["name"]) for told in row.holidays}
    return Calendar(
        time_zone=row.time_zone,
        weekly={weekday: intervals(row.hours.get(day, ())) for weekday, day in enumerate(DAYS)},
        holidays=PublicHolidays(row.country, row.subdivision, dated),
        exceptions={
            date.fromisoformat(told["date"]): ExceptionalDay(intervals(told["hours"]), told["name"])
            for told in row.exceptions
        },
    )


def policy_of(row: StoredPolicy, calendar: Calendar, calendar_version: int) -> Policy:
    minutes = {target: getattr(row, name) for name, target in TARGETS.items()}
    return Policy(
        id=row.id,
        name=row.name,
        version=row.version,
        calendar_id=row.calendar_id,
        calendar_version=calendar_version,
        calendar=calendar,
        conditions=conditions_of({name: getattr(row, name) for name in CONDITIONS}),
        targets={
            target: timedelta(minutes=number) for target, number in minutes.items() if number is not None
        },
        warning_share=row.warning_share,
    )


def conditions_of(values: Mapping[str, Any]) -> Conditions:
    """`values` by the names of `CONDITIONS`; what is not there is no condition."""
    return Conditions(
        priorities=frozenset(map(Priority, values.get("priorities", ()))),
        channels=frozenset(map(Channel, values.get("channels", ()))),
        all_tags=frozenset(values.get("all_tags", ())),
        any_tags=frozenset(values.get("any_tags", ())),
        departments=frozenset(department.casefold() for department in values.get("departments", ())),
        min_lifetime_value=values.get("min_lifetime_value"),
        min_churn_risk=values.get("min_churn_risk"),
    )


def intervals(told: Sequence[Mapping[str, Any]]) -> tuple[Interval, ...]:
    """Raises `ValueError`."""
    return tuple(sorted(Interval(minutes_of(hours["from"]), minutes_of(hours["to"])) for hours in told))


def minutes_of(clock: str) -> int:
    """After midnight; `24:00` is the one that ends the day."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
