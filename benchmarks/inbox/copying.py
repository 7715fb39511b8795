"""A large desk is a smaller one, written several times by PostgreSQL itself.

Each copy has other ids and numbers, and is a little earlier. What ten tickets of all have is in the first.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.inbox.contents import RARE_TAG
from benchmarks.inbox.words import TEN

ANOTHER_WORD = "catalogue"
APART, GAINED = timedelta(microseconds=17_578_125), 2**-11
"""Who waits so much longer gains so many points, at a tenth an hour: a whole number of a rank's steps."""

ID = "substr({0}, 1, strpos({0}, '_')) || substr(md5({0} || %(copy)s), 1, 22)"
CUSTOMER = "{0} || '_' || %(copy)s"
EARLIER = "{0} - %(earlier)s"
RANK = "CASE WHEN waiting THEN {0} + %(gained)s ELSE {0} END"
TEXT = (
    f"regexp_replace(replace({{0}}, '{TEN}', '{ANOTHER_WORD}'), '(\\d\\d\\d\\d\\d\\d+)', '\\1' || %(copy)s)"
)
SOURCE = f"CASE WHEN kind = 'customer' THEN {CUSTOMER} ELSE {ID} END"
TIMES = (
    "waiting_since",
    "created_at",
    "updated_at",
    "last_message_at",
    "first_response_at",
    "resolved_at",
    "closed_at",
)

CHANGES: Mapping[str, Mapping[str, str]] = {
    "customers": {"id": CUSTOMER, "ref": ID},
    "customer_snapshots": {"customer_id": CUSTOMER},
    "tickets": {
        "id": ID,
        "customer_id": CUSTOMER,
        "inbox_rank": RANK,
        "last_message_preview": TEXT,
        **dict.fromkeys(TIMES, EARLIER),
    },
    "ticket_tags": {"ticket_id": ID},
    "messages": {"id": ID, "ticket_id": ID, "content": TEXT, "created_at": EARLIER},
    "events": {"subject_id": ID, "ticket_id": ID, "at": EARLIER},
    "search_texts": {"source_id": SOURCE, "ticket_id": ID, "customer_id": CUSTOMER, "words": TEXT},
}
STORED_TEXT = "{0}::tsvector"
NOT_COPIED = {"ticket_tags": f"tag <> '{RARE_TAG}'"}

COUNTERS = """
INSERT INTO ticket_counters (status, shard, tickets)
SELECT status, shard, (count(*) + 15 - shard) / 16
FROM tickets, generate_series(0, 15) AS shard GROUP BY status, shard
"""


def write(connection: psycopg.Connection[Any], columns: Mapping[str, list[str]], *, copies: int) -> None:
    """From the temporary tables `first_…`."""
    for number in range(copies):
        told = {"copy": f"{number:02}", "earlier": number * APART, "gained": number * GAINED}
        for table, names in columns.items():
            statement = _statement(table, names, copied=number > 0)
            connection.execute(sql.SQL(statement), told)  # type: ignore[arg-type]  # made of the constants above


def _statement(table: str, names: list[str], *, copied: bool) -> str:
    changes = CHANGES[table] if copied else {}
    values = {name: changes.get(name, "{0}").format(f'"{name}"') for name in names}
    if "words" in values:
        values["document"] = STORED_TEXT.format(values.pop("words"))
    into = ", ".join(f'"{name}"' for name in values)
    where = f" WHERE {NOT_COPIED[table]}" if copied and table in NOT_COPIED else ""
    return f"INSERT INTO {table} ({into}) SELECT {', '.join(values.values())} FROM first_{table}{where}"
