"""The rows that change are looked up one by one, however many there are and whatever is known of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from service.database import Database
from service.performance import queries, scopes
from service.performance.models import Span
from service.performance.queries import NEVER, Stretch

SCOPES, SLOTS = 40, 500
FILLED = {
    "postgresql": """
        INSERT INTO performance_figures (scope, span, slot, counts, spread, levels)
        SELECT 'agent:' || scope, 'day', slot, '{"assigned": 3}', '', '{"online": 1}'
        FROM generate_series(1, :scopes) AS scope, generate_series(1, :slots) AS slot
    """,
    "sqlite": """
        INSERT INTO performance_figures (scope, span, slot, counts, spread, levels)
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :slots)
        SELECT 'agent:' || scopes.n, 'day', slots.n, '{"assigned": 3}', '', '{"online": 1}'
        FROM numbers AS scopes CROSS JOIN numbers AS slots WHERE scopes.n <= :scopes
    """,
}
EXPLAIN = {"postgresql": "EXPLAIN", "sqlite": "EXPLAIN QUERY PLAN"}
BY_KEY = {"postgresql": "pk_performance_figures", "sqlite": "SEARCH"}


@pytest.fixture
def filled(database: Database, engine_name: str) -> Iterator[Session]:
    """Many rows, of which the statistics know."""
    with database.writing() as session:
        session.execute(text(FILLED[engine_name]), {"scopes": SCOPES, "slots": SLOTS})
        session.execute(text("ANALYZE performance_figures"))
    with database.reading() as session:
        yield session


def test_rows_are_found_by_their_key_whatever_the_statistics_say(
    filled: Session, database: Database, engine_name: str
) -> None:
    ran: list[tuple[str, Any]] = []

    def note(*call: Any) -> None:
        if "performance_figures" in call[2]:
            ran.append((call[2], call[3]))

    those = [
        Stretch(scopes.of_agent(str(number)), Span.DAY, SLOTS - 1, NEVER) for number in range(1, SCOPES + 1)
    ]
    event.listen(database.engine, "before_cursor_execute", note)
    assert len(queries.all_within(filled, those)) == 2 * SCOPES
    assert len(queries.last_within(filled, those)) == SCOPES
    event.remove(database.engine, "before_cursor_execute", note)
    assert len(ran) == 2
    for statement, parameters in ran:
        explained = filled.connection().exec_driver_sql(f"{EXPLAIN[engine_name]} {statement}", parameters)
        plan = [str(step) for step in explained.all()]
        assert any(BY_KEY[engine_name] in step for step in plan), plan
        assert not any("Seq Scan" in step or "Hash" in step for step in plan), plan
        assert not any("SCAN found" in step or "SCAN one" in step for step in plan), plan
