"""Rows into a database, in bulk: what hinders loading is taken away before it and made again after it."""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine, insert

from benchmarks.inbox.contents import Contents, Rows
from benchmarks.inbox.copying import CHANGES, COUNTERS, write
from providers.codec import encode
from service.database import engine_options
from service.engines import configure_engine, normalise_url
from service.models import metadata
from service.text_index import lexemes_of

TEXTS = "search_texts"
THEIR_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique
"""
SETTINGS = (
    "SET session_replication_role = replica",  # the rows refer to each other rightly: no key is looked up
    "SET maintenance_work_mem = '400MB'",
    "SET max_parallel_maintenance_workers = 1",
)
Connection = psycopg.Connection[Any]


def load_postgresql(url: str, contents: Contents, *, copies: int = 1) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in SETTINGS:
            connection.execute(setting)
        indexes = connection.execute(THEIR_INDEXES, [list(CHANGES)]).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(name)))
        columns = _first(connection, contents.batches())
        write(connection, columns, copies=copies)
        connection.execute(COUNTERS)
        for _, definition in indexes:
            connection.execute(sql.SQL(definition))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _first(connection: Connection, batches: Iterable[Rows]) -> Mapping[str, list[str]]:
    """Into temporary tables; the columns of each."""
    columns: dict[str, list[str]] = {}
    for rows in batches:
        for table, those in rows.items():
            if table not in CHANGES:
                _copy(connection, table, those, list(those[0]))
                continue
            if table not in columns:
                columns[table] = _columns(table)
                words = ", ''::text AS words" if table == TEXTS else ""
                connection.execute(
                    sql.SQL(f"CREATE TEMP TABLE first_{table} AS SELECT *{words} FROM {table} LIMIT 0")
                )
            if table == TEXTS:
                for row in those:
                    row["words"] = lexemes_of(row["words"])
            _copy(connection, f"first_{table}", those, columns[table])
    return columns


def _columns(table: str) -> list[str]:
    """Those that the database does not number."""
    there = metadata.tables[table]
    named = [column.name for column in there.columns if column is not there.autoincrement_column]
    return ["words" if name == "document" else name for name in named]


def _copy(connection: Connection, table: str, rows: list[dict[str, Any]], columns: list[str]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    lines = ("\t".join(_cell(row.get(name)) for name in columns) for row in rows)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("\n".join(lines) + "\n")


def _cell(value: Any) -> str:
    """No text of the bench has a tab, a line break or a backslash in it."""
    if value is None:
        return r"\N"
    if isinstance(value, dict):
        return encode(value).decode()
    return str(value)


def load_sqlite(url: str, contents: Contents) -> None:
    """Its triggers keep the index of words."""
    url = normalise_url(url)
    engine = create_engine(url, **engine_options(url))
    configure_engine(engine)
    try:
        for rows in contents.batches():
            _insert(engine, rows)
        with engine.begin() as connection:
            connection.exec_driver_sql(COUNTERS.replace("generate_series(0, 15) AS shard", SHARDS))
            connection.exec_driver_sql("ANALYZE")
    finally:
        engine.dispose()


SHARDS = "(SELECT value AS shard FROM json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]'))"


def _insert(engine: Engine, rows: Rows) -> None:
    with engine.begin() as connection:
        for name, those in rows.items():
            table = metadata.tables[name]
            for row in those:
                if name == TEXTS:
                    row["document"] = row.pop("words")
                for column in table.columns:
                    if column is not table.autoincrement_column:
                        row.setdefault(column.name, None)
            connection.execute(insert(table), those)
