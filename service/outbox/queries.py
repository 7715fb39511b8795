"""Statements of the outbox."""

from typing import Any

from sqlalchemy.dialects import sqlite

from service.outbox.models import OutboxEntry
from service.writes import Write, recorded

_TABLE: Any = OutboxEntry.__table__
_ADDED = (
    *("id", "position", "ticket_id", "about", "channel", "target", "address"),
    *("state", "attempts", "not_before", "next_attempt_at", "created_at"),
)
ADD = Write(
    table=_TABLE.name,
    of_json=recorded(_TABLE, _ADDED) + " ON CONFLICT (position, channel, target) DO NOTHING",
    one_by_one=sqlite.insert(_TABLE).on_conflict_do_nothing().inline(),
)
"""What is there already stays as it is."""
