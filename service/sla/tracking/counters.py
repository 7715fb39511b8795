"""How many promises were met and breached: counted when it happens, by day and by quarter of an hour."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from service.columns import UtcDateTime
from service.sla.policies import Target
from service.sla.timeline import Status
from service.sla.tracking.models import ComplianceCounter
from service.writes import Write, recorded, write

ALL, POLICY, PRIORITY, TEAM, AGENT = "all", "policy", "priority", "team", "agent"
DIMENSIONS = (ALL, POLICY, PRIORITY, TEAM, AGENT)
DAY, QUARTER = "day", "quarter"
MET, BREACHED = Status.MET.value, Status.BREACHED.value
QUARTER_MINUTES = 15
"""Every time zone's days begin at one."""

_KEY = ("dimension", "grain", "begin", "value", "target", "outcome")
_ADDED = f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET cycles ="
_COUNT = Write(
    ComplianceCounter.__tablename__,
    of_json=recorded(ComplianceCounter.__table__, (*_KEY, "cycles"), known_as="kept")
    + f" {_ADDED} kept.cycles + excluded.cycles",
    one_by_one=text(
        f"INSERT INTO {ComplianceCounter.__tablename__} ({', '.join(_KEY)}, cycles)"  # noqa: S608  # names of ours
        f" VALUES ({', '.join(f':{name}' for name in _KEY)}, :cycles) {_ADDED} cycles + excluded.cycles"
    ).bindparams(bindparam("begin", type_=UtcDateTime())),
    by=_KEY,
    sums="cycles",
)


def counted(
    outcome: str, at: datetime, *, policy_id: str, priority: str, team_id: str | None, agent_id: str | None
) -> dict[str, Any]:
    """What is kept of it with the promise, so that it can be taken back."""
    return {
        "outcome": outcome,
        "at": at.isoformat(),
        POLICY: policy_id,
        PRIORITY: str(priority),
        TEAM: team_id or "",
        AGENT: agent_id or "",
    }


def count(session: Session, target: Target, what: Mapping[str, Any], by: int) -> None:
    """With the end of the transaction. `what` is of `counted`."""
    at = datetime.fromisoformat(what["at"])
    begins = {
        DAY: at.replace(hour=0, minute=0, second=0, microsecond=0),
        QUARTER: at.replace(minute=at.minute // QUARTER_MINUTES * QUARTER_MINUTES, second=0, microsecond=0),
    }
    rows = [
        {
            "dimension": dimension,
            "grain": grain,
            "begin": begin,
            "value": what.get(dimension, ""),
            "target": str(target),
            "outcome": what["outcome"],
            "cycles": by,
        }
        for dimension in DIMENSIONS
        for grain, begin in begins.items()
    ]
    write(session, _COUNT, rows)
