"""PostgreSQL is locked, or gone; and a provider hangs while its connections are looked at."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
import requests

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure, count
from benchmarks.faults.mixes import Desk

RECOVERED_WITHIN_S = 5.0
GIVE_UP_S = 20.0
POLL_S = 0.1
ASKED_AT_ONCE = 12
CROWD = 40
"""More than the desk's threads: all of them wait for the lock."""
STANDING_AFTER_S = 0.5
LOOKS = 40
OPEN_FOR_S = 1
"""A transaction that is open for longer is held across something slow."""

HELD = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'support-desk'
  AND state <> 'idle' AND xact_start < clock_timestamp() - make_interval(secs => %s)
"""


def database(bench: Bench) -> Iterator[Figure]:
    with bench.desk() as desk:
        yield from _gone(bench, desk)
        yield from _locked(bench, desk)
        yield from _held(bench, desk)
        died = desk.served.log.read_text().count('"process_died"')
    yield count("processes that died", died, 0)


def _gone(bench: Bench, desk: Desk) -> Iterator[Figure]:
    bench.stage.postgres.stop()
    try:
        replies = _asked_at_once(desk, [*_of_the_desk(desk)] * 3)
    finally:
        bench.stage.postgres.start()
    back_at_s = time.monotonic()
    yield from _refused("gone", replies)
    yield from _recovered("gone", desk, back_at_s)


def _locked(bench: Bench, desk: Desk) -> Iterator[Figure]:
    with psycopg.connect(bench.stage.database_url) as connection:
        connection.execute("LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(CROWD) as clients:
            asked = [clients.submit(desk.served.ask, path) for path in _of_the_desk(desk) * (CROWD // 4)]
            time.sleep(STANDING_AFTER_S)
            alive = _asked_at_once(desk, ["/livez"] * 6)
            replies = [each.result() for each in asked]
        connection.rollback()
    back_at_s = time.monotonic()
    yield from _refused("locked", replies)
    yield count(
        "locked: /livez other than 200", sum(reply.status_code != 200 for reply in alive), 0, len(alive)
    )
    slowest_s = max(reply.elapsed.total_seconds() for reply in alive)
    yield Figure(what="locked: /livez, slowest", measured=slowest_s, unit="s", samples=len(alive))
    yield from _recovered("locked", desk, back_at_s)


def _held(bench: Bench, desk: Desk) -> Iterator[Figure]:
    bench.stage.simulator.inject("hang")
    strangers = bench.stage.new_customers(8)
    paths = [f"/api/ai/customers/{customer_id}/intelligence" for customer_id in strangers]
    paths += [f"/api/ai/tickets/{ticket_id}/draft-response" for ticket_id in desk.tickets[:4]]
    with ThreadPoolExecutor(len(paths)) as clients:
        asked = [clients.submit(desk.served.ask, path) for path in paths]
        held, waiting = _looked_at(bench)
        bench.stage.simulator.clear_faults()
        answered = sum(each.result().status_code == 200 for each in asked)
    yield Figure(what="upstream calls that hung while looked at", measured=waiting, bound=1, least=True)
    yield count("connections held across an upstream call", held, 0, LOOKS)
    yield count("unanswered meanwhile", len(paths) - answered, 0, len(paths))


def _looked_at(bench: Bench) -> tuple[int, int]:
    """The most connections that were held, and the fewest upstream calls that hung, over all looks."""
    time.sleep(OPEN_FOR_S + 0.5)
    held, waiting = 0, bench.stage.simulator.in_flight
    with psycopg.connect(bench.stage.database_url, autocommit=True) as connection:
        for _ in range(LOOKS):
            (now,) = connection.execute(HELD, [OPEN_FOR_S]).fetchone() or (0,)
            held = max(held, now)
            time.sleep(0.05)
    return held, min(waiting, bench.stage.simulator.in_flight)


def _of_the_desk(desk: Desk) -> list[str]:
    ticket = desk.tickets[0]
    return ["/readyz", "/api/tickets", f"/api/tickets/{ticket}", f"/api/ai/tickets/{ticket}/draft-response"]


def _asked_at_once(desk: Desk, paths: Sequence[str]) -> list[requests.Response]:
    with ThreadPoolExecutor(ASKED_AT_ONCE) as clients:
        return list(clients.map(desk.served.ask, paths))


def _refused(name: str, replies: Sequence[requests.Response]) -> Iterator[Figure]:
    refused = [reply for reply in replies if reply.status_code != 200]  # a lock of tickets stops no /readyz
    unclear = [reply for reply in refused if not _is_clear(reply)]
    slowest_s = max(reply.elapsed.total_seconds() for reply in replies)
    yield Figure(what=f"{name}: refusals", measured=len(refused), bound=1, least=True, samples=len(replies))
    yield count(f"{name}: refusals that are no clear 503", len(unclear), 0, len(refused))
    yield Figure(what=f"{name}: slowest refusal", measured=slowest_s, unit="s", samples=len(replies))


def _is_clear(reply: requests.Response) -> bool:
    return (
        reply.status_code == 503
        and reply.headers["Content-Type"] == "application/problem+json"
        and "Retry-After" in reply.headers
        and any(word in reply.json()["detail"].lower() for word in ("database", "more requests"))
    )


def _recovered(name: str, desk: Desk, back_at_s: float) -> Iterator[Figure]:
    recovered_s = float("inf")
    while recovered_s == float("inf") and time.monotonic() < back_at_s + GIVE_UP_S:
        if all(reply.status_code == 200 for reply in _asked_at_once(desk, _of_the_desk(desk) * 2)):
            recovered_s = time.monotonic() - back_at_s
        time.sleep(POLL_S)
    yield Figure(what=f"{name}: recovered after", measured=recovered_s, bound=RECOVERED_WITHIN_S, unit="s")
