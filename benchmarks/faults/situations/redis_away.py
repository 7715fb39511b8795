"""Redis is killed, frozen, emptied, filled with garbage, or comes only after the service."""

import json
import pickle
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, Final

import redis

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import ENOUGH_FOR_P99, Figure, unanswered
from benchmarks.faults.loads import WARM_UP_S, Offered, offered
from benchmarks.faults.mixes import INTELLIGENCE, READ, UNKNOWN, WARM, Desk
from benchmarks.faults.plans import Kind
from benchmarks.faults.samples import Samples
from benchmarks.faults.stage import Stage, cache_key

ADDED_ONCE_MS = 500.0
ADDED_THEN_MS = 5.0
ONCE_S = 1.0
"""After that long what a request costs more counts as lasting."""

IN_USE_WITHIN_S = 5.0
GIVE_UP_S = 15.0
POLL_S = 0.1
PROBES = 5
CONNECTIONS = 12
KNOWN_SHARE = 80

ENVELOPE = b'{"schema":1,"provider":"quimbi","capability":"analyze","arguments":{},"answer":'
GARBAGE: Final = (
    b"",
    b"null",
    b"\xff\xfe",
    b"x" * 1_000_000,
    b"[" * 200_000,
    pickle.dumps({"churn": 0.5}),
    ENVELOPE + b'{"customer_id":"x","metrics":NaN}}',
)

Act = Callable[[Stage, Desk], None]


def kill(stage: Stage, _desk: Desk) -> None:
    stage.redis.kill()


def start(stage: Stage, _desk: Desk) -> None:
    stage.redis.start()


def freeze(stage: Stage, _desk: Desk) -> None:
    stage.redis.freeze()


def thaw(stage: Stage, _desk: Desk) -> None:
    stage.redis.thaw()


def flush(stage: Stage, _desk: Desk) -> None:
    stage.empty_redis()


def spoil(stage: Stage, desk: Desk) -> None:
    with redis.Redis.from_url(stage.redis.url) as client:
        client.flushall()
        for customer_id, value in zip(desk.known, cycle((*GARBAGE, None)), strict=False):
            key = cache_key(customer_id)
            if value is None:  # a list; the service may have written an answer since the flush
                client.delete(key)
                client.rpush(key, "a", "b")
            else:
                client.set(key, value)


def nothing(_stage: Stage, _desk: Desk) -> None:
    """It is there all the time."""


FAULTS: Final[tuple[tuple[str, Act, Act], ...]] = (
    ("killed", kill, start),
    ("frozen", freeze, thaw),
    ("flushed", flush, nothing),
    ("garbage", spoil, nothing),
)


def redis_away(bench: Bench) -> Iterator[Figure]:
    for name, fail, bring_back in FAULTS:
        with bench.desk() as desk:
            yield from _under_load(bench, desk, name, fail, bring_back)
    yield from _absent_at_start(bench)


def _under_load(bench: Bench, desk: Desk, name: str, fail: Act, bring_back: Act) -> Iterator[Figure]:
    enough_s = bench.seconds_for(ENOUGH_FOR_P99, KNOWN_SHARE / 100, least=8, most=25)
    each_s = bench.pick(enough_s, 4)
    until_back_s = WARM_UP_S + each_s + ONCE_S + each_s
    seconds = until_back_s + IN_USE_WITHIN_S
    with offered(
        desk.served, _mix(desk, int(bench.rate * seconds)), rate=bench.rate, seconds=seconds
    ) as load:
        failed_at_s = load.wait_until(WARM_UP_S + each_s)
        fail(bench.stage, desk)
        if bring_back is nothing:
            in_use_s = _seconds_until_in_use(desk, failed_at_s)
        load.wait_until(until_back_s)
        until_s = load.wait_until(0)
        if bring_back is not nothing:
            bring_back(bench.stage, desk)
            in_use_s = _seconds_until_in_use(desk, until_s)
    yield from _added(name, load, failed_at_s, until_s)
    yield unanswered(f"{name}: ", load.samples)
    yield Figure(what=f"{name}: in use again after", measured=in_use_s, bound=IN_USE_WITHIN_S, unit="s")


def _added(name: str, load: Offered, failed_at_s: float, until_s: float) -> Iterator[Figure]:
    """To what a known customer's answer took before."""
    known = load.samples.of(WARM)
    before, lasting = known.due(load.warm_at_s, failed_at_s), known.due(failed_at_s + ONCE_S, until_s)
    once: Samples = known.due(failed_at_s, failed_at_s + ONCE_S)
    yield Figure(
        what=f"{name}: added once, slowest",
        measured=once.slowest_ms - before.p50_ms,
        bound=ADDED_ONCE_MS,
        unit="ms",
        samples=len(once),
    )
    yield Figure(
        what=f"{name}: added then, p99",
        measured=lasting.p99_ms - before.p99_ms,
        bound=ADDED_THEN_MS,
        unit="ms",
        samples=len(lasting),
    )
    yield Figure(
        what=f"{name}: added then, p50",
        measured=lasting.p50_ms - before.p50_ms,
        bound=ADDED_THEN_MS,
        unit="ms",
        samples=len(lasting),
    )


def _absent_at_start(bench: Bench) -> Iterator[Figure]:
    bench.stage.redis.kill()
    try:
        with bench.desk() as desk:
            seconds = 4 + IN_USE_WITHIN_S
            mix = _mix(desk, int(bench.rate * seconds))
            with offered(desk.served, mix, rate=bench.rate, seconds=seconds) as load:
                came_at_s = load.wait_until(4)
                bench.stage.redis.start()
                in_use_s = _seconds_until_in_use(desk, came_at_s)
    finally:
        if bench.stage.redis.process is None:
            bench.stage.redis.start()
    yield unanswered("absent at start: ", load.samples)
    yield Figure(what="absent at start: in use after", measured=in_use_s, bound=IN_USE_WITHIN_S, unit="s")


def _mix(desk: Desk, unknown: int) -> list[Kind]:
    strangers = desk.stage.new_customers(unknown)
    return [
        Kind(WARM, KNOWN_SHARE, INTELLIGENCE, customers=desk.known),
        Kind(UNKNOWN, 10, INTELLIGENCE, customers=strangers),
        Kind(READ, 10, "/api/tickets/{ticket}", tickets=desk.tickets),
    ]


def _seconds_until_in_use(desk: Desk, since_s: float) -> float:
    """Until every process says so, and what known customers are answered with is in Redis."""
    while time.monotonic() < since_s + GIVE_UP_S:
        for customer_id in desk.known[:PROBES]:
            desk.served.facts_of(customer_id)
        if _is_told_connected(desk) and all(
            _is_kept(desk, customer_id) for customer_id in desk.known[:PROBES]
        ):
            return time.monotonic() - since_s
        time.sleep(POLL_S)
    return float("inf")


def _is_told_connected(desk: Desk) -> bool:
    """Over so many connections that each process is asked."""
    told = (desk.served.answer("/health")["services"]["redis_cache"] for _ in range(CONNECTIONS))
    return all(state == "connected" for state in told)


def _is_kept(desk: Desk, customer_id: str) -> bool:
    with redis.Redis.from_url(desk.stage.redis.url) as client:
        try:
            kept: Any = json.loads(client.get(cache_key(customer_id)) or b"{}")
            return bool(kept["answer"]["customer_id"] == customer_id)
        except (redis.RedisError, ValueError, LookupError, TypeError, RecursionError):
            return False
