"""Databases with the figures of a year: its events go through the product's own folding, in memory.

They are neither stored nor numbered, and no tickets are: figures are read from what is kept alone. Each day's
changes are written as the follower writes them. Customers and their snapshots are written by the database.
"""

import time
from datetime import datetime

from sqlalchemy import create_engine, text

from benchmarks.analytics.happening import AGENTS, TEAM, days_of, staff
from service.database import Database, engine_options
from service.engines import normalise_url
from service.performance.counting import count_up
from service.performance.following import counted
from service.performance.histories import AgentHistory, TicketHistory
from service.performance.models import NOTHING_FOLLOWED, FigureProgress
from service.testing.desk import migrate

CUSTOMERS_PER_TICKET = 0.4

_STAFF = """
    INSERT INTO agents (id, email, name, folded_name, role, status, languages, specialisations,
        capacity, active, version, created_at, updated_at)
    SELECT one, one || '@desk.example', one, one, 'agent', 'online', '[]', '[]', 10, true, 1, :at, :at
    FROM unnest(CAST(:agents AS text[])) AS one
"""
_TEAM = """
    INSERT INTO teams (id, name, folded_name, version, created_at, updated_at)
    VALUES (:team, 'Team', 'team', 1, :at, :at)
"""
_MEMBERS = """
    INSERT INTO team_members (team_id, agent_id, joined_at)
    SELECT :team, one, :at FROM unnest(CAST(:agents AS text[])) AS one
"""
_CUSTOMERS = """
    INSERT INTO customers (id, ref, name, external_ids, preferences, created_at, updated_at)
    SELECT 'cust_' || n, 'ref_' || n, 'Customer ' || n, '{}', '{}', :at, :at
    FROM generate_series(1, :count) AS n
"""
_SNAPSHOTS = """
    INSERT INTO customer_snapshots (customer_id, capability, arguments, provider, as_of, known, answer,
        churn_risk, churn_risk_level, lifetime_value, currency, revenue_at_risk, risk_class)
    SELECT 'cust_' || n, 'analyze', '', 'stub', :at, true, '{}', risk, level, worth, 'EUR',
        round(risk * worth, 4), 'EUR' || lpad(trunc(risk * 20)::text, 2, '0') || level
    FROM (
        SELECT n, risk, worth, CASE WHEN risk < 0.3 THEN 'low' WHEN risk < 0.6 THEN 'medium'
            WHEN risk < 0.8 THEN 'high' ELSE 'critical' END AS level
        FROM (
            SELECT n, round(random()::numeric, 3) AS risk,
                round((20 + 2000 * random() ^ 3)::numeric, 2) AS worth
            FROM generate_series(1, :count) AS n
        ) AS drawn
    ) AS classed
"""


def fill(url: str, tickets: int, begin: datetime, now: datetime) -> None:
    migrate(normalise_url(url))
    engine = create_engine(normalise_url(url), **engine_options(normalise_url(url)))
    database = Database(engine)
    _fill_staff_and_customers(database, int(tickets * CUSTOMERS_PER_TICKET), begin, now)
    histories: dict[str, TicketHistory] = {}
    agents: dict[str, AgentHistory] = {}
    progress = FigureProgress(**NOTHING_FOLLOWED)
    started_s, events = time.monotonic(), 0
    with database.writing() as session:
        count_up(session, counted(staff(begin), histories, agents, progress))
    for day in days_of(tickets, begin):
        with database.writing() as session:
            count_up(session, counted(day, histories, agents, progress))
        events += len(day)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    database.close()
    print(f"{tickets:,} tickets: {events:,} events in {time.monotonic() - started_s:.0f} s", flush=True)


def _fill_staff_and_customers(database: Database, customers: int, begin: datetime, now: datetime) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(_STAFF), {"agents": AGENTS, "at": begin})
        connection.execute(text(_TEAM), {"team": TEAM, "at": begin})
        connection.execute(text(_MEMBERS), {"team": TEAM, "agents": AGENTS, "at": begin})
        connection.execute(text(_CUSTOMERS), {"count": customers, "at": begin})
        connection.execute(text(_SNAPSHOTS), {"count": customers, "at": now})
