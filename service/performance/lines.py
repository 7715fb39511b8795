"""Figures as lines for a spreadsheet: a head, then a line for each day, member, channel or customer."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from service.clock import rfc3339
from service.http.spreadsheets import as_csv
from service.intelligence.risk_classes import told_revenue
from service.performance.durations import NONE
from service.performance.figures import (
    AgentReport,
    ChannelReport,
    TeamReport,
    Volume,
    VolumeReport,
)

WORK_COLUMNS = (
    *("assigned", "resolved", "reopened", "transferred", "messages"),
    *(
        f"{measure}_{told}"
        for measure in ("first_response", "next_response", "resolution")
        for told in asdict(NONE)
    ),
    *("drafts_verbatim", "drafts_edited", "drafts_set_aside"),
    *("time_online_s", "time_away_s", "time_busy_s"),
)
REVENUE = "revenue_at_risk"
AT_RISK_COLUMNS = (
    *("customer_id", "name", "churn_risk", "churn_risk_level", "lifetime_value", REVENUE),
    *("currency", "archetype_id", "provider", "as_of"),
)
"""No amount comes without its currency in the same line."""


def of_agent(report: AgentReport) -> str:
    return _table(
        ("date", "agent_id", *WORK_COLUMNS),
        ([one.date, report.agent_id, *_flat(one.figures, WORK_COLUMNS)] for one in report.by_day),
    )


def of_team(report: TeamReport) -> str:
    """First the days, then each member's own figures over all of them, which have no date."""
    days = (["day", one.date, None, None, *_flat(one.figures, WORK_COLUMNS)] for one in report.by_day)
    members = (
        ["member", None, member.agent_id, member.name, *_flat(member.work, WORK_COLUMNS)]
        for member in report.members or ()
    )
    return _table(("of", "date", "agent_id", "name", *WORK_COLUMNS), [*days, *members])


def of_volume(report: VolumeReport) -> str:
    columns = tuple(Volume.__dataclass_fields__)
    return _table(("date", *columns), ([one.date, *_flat(one.figures, columns)] for one in report.by_day))


def of_channels(report: ChannelReport) -> str:
    volume = tuple(Volume.__dataclass_fields__)
    durations = WORK_COLUMNS[5:17]
    return _table(
        ("channel", "share", *volume, *durations),
        (
            [one.channel, one.share, *_flat(one.volume, volume), *_flat(one, durations)]
            for one in report.channels
        ),
    )


def of_customers(rows: Iterable[Any]) -> str:
    return _table(AT_RISK_COLUMNS, ([_of_customer(row, name) for name in AT_RISK_COLUMNS] for row in rows))


def _of_customer(row: Any, name: str) -> Any:
    if name == REVENUE:
        return told_revenue(row.churn_risk, row.lifetime_value)
    return getattr(row, name)


def _flat(figures: Any, columns: Sequence[str]) -> list[Any]:
    """What stands within another has its name before its own."""
    told: dict[str, Any] = {}
    for name, value in asdict(figures).items():
        if isinstance(value, dict):
            told |= {f"{name}_{part}": inner for part, inner in value.items()}
        else:
            told[name] = value
    return [told[name] for name in columns]


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return as_csv([head, *([_cell(value) for value in row] for row in rows)])


def _cell(value: Any) -> str:
    """Empty where it is unknown."""
    match value:
        case None:
            return ""
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
