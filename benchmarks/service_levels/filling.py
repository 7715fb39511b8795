"""Open tickets by the thousand, each with messages, a history and its promises: written by PostgreSQL."""

from typing import Any

import psycopg
from psycopg import sql

FILLED = ("tickets", "messages", "events", "feed", "ticket_targets")
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique
"""
SETTINGS = (
    "SET session_replication_role = replica",  # the rows refer to each other rightly: no key is looked up
    "SET maintenance_work_mem = '400MB'",
    "SET max_parallel_maintenance_workers = 1",
    "SET synchronous_commit = off",
)
STATEMENTS = (
    """
    INSERT INTO customers (id, ref, external_ids, preferences, created_at, updated_at)
    SELECT 'cust_' || n, 'ref_' || n, '{}', '{}', now(), now() FROM generate_series(1, %(customers)s) AS n
    """,
    """
    INSERT INTO tickets (id, customer_id, subject, status, priority, channel, owned_by, custom_fields,
      version, conversation_version, message_count, service_level_score, waiting, inbox_rank,
      first_response_at, waiting_since, created_at, updated_at)
    SELECT 'ticket_' || md5(n::text), 'cust_' || (1 + n %% %(customers)s), 'Where is it?', 'open',
      (ARRAY['urgent', 'high', 'normal', 'normal', 'low'])[1 + n %% 5], 'email', '', '{}', 4, 3, 3, 0, true,
      (n::bigint * 7919 %% 16777216) / 8388608.0, made + interval '5 min',
      made + interval '10 min', made, made
    FROM generate_series(1, %(tickets)s) AS n,
      LATERAL (SELECT now() - (n %% 600) * interval '1 s' AS made) AS m
    """,
    """
    INSERT INTO messages (id, ticket_id, from_agent, content, send_to_customer, created_at)
    SELECT 'msg_' || md5(t.id || k), t.id, k = 2, 'Where is my parcel?', false,
      t.created_at + k * interval '4 min'
    FROM tickets AS t, generate_series(0, 2) AS k
    """,
    """
    INSERT INTO events (type, version, subject_type, subject_id, ticket_id, actor, at, after, audited)
    SELECT (ARRAY['ticket.created', 'message.added', 'message.added', 'ticket.updated'])[1 + k], 1, 'ticket',
      t.id, t.id, 'bench', t.created_at + k * interval '1 min',
      CASE k WHEN 3 THEN '{"priority": "normal"}' ELSE '{"from_agent": true}' END::jsonb, false
    FROM tickets AS t, generate_series(0, 3) AS k
    """,
    "INSERT INTO feed (position, event_id) SELECT row_number() OVER (ORDER BY id), id FROM events",
    """
    INSERT INTO feed_followers (name, position, after_event_id)
    SELECT 'service-levels', max(position), 0 FROM feed
    """,
    """
    INSERT INTO ticket_targets (ticket_id, target, cycle_at, policy_id, policy_version, calendar_id,
      calendar_version, length_s, begin, status, warn_at, due_at, next_check_at, elapsed_us, priority,
      owned_by, made_at)
    SELECT t.id, target, t.created_at, 'policy_' || t.priority, 1, 'calendar_always', 1, 604800, t.created_at,
      'within_sla', t.created_at + interval '6 days', t.created_at + interval '7 days',
      t.created_at + interval '6 days', 0, t.priority, '', now()
    FROM tickets AS t, unnest(ARRAY['first_response', 'resolution']) AS target
    """,
)


def fill(url: str, tickets: int) -> None:
    """What hinders filling is taken away before it and made again after it."""
    told: dict[str, Any] = {"tickets": tickets, "customers": max(1, tickets // 5)}
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in SETTINGS:
            connection.execute(setting)
        indexes = connection.execute(INDEXES, [list(FILLED)]).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(name)))
        for statement in STATEMENTS:
            connection.execute(statement, told if "%(" in statement else None)  # type: ignore[arg-type]  # constants of ours
        for _, definition in indexes:
            connection.execute(sql.SQL(definition))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
