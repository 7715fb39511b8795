"""Answers in Redis: exact keys, exact bytes, and no caller who pays for a Redis that is away."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from flask import Flask
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from providers.ports import Clock
from providers.testing.fakes import FakeClock
from service.cache import (
    REDIS_TIMEOUT_S,
    BytesOnly,
    CacheStatus,
    GatedAnswerCache,
    InProcessAnswerCache,
    cache_configuration,
    install_cache,
)
from service.clock import SystemClock
from service.redis_gate import COOLDOWN_S, STATUS_MAX_AGE_S, RedisGate
from tests.servers import Redis

KEY = "customer_intel:cust_123"
ANSWER = b'{"provider":"quimbi"}'
WORST_S = 0.5
MADE: list[GatedAnswerCache] = []


def cache_on(url: str, prefix: str = "", clock: Clock | None = None) -> GatedAnswerCache:
    installed = install_cache(Flask("desk"), redis_url=url, key_prefix=prefix, clock=clock or SystemClock())
    assert isinstance(installed, GatedAnswerCache)
    MADE.append(installed)
    return installed


@pytest.fixture(autouse=True)
def connections_ended() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


def in_process() -> InProcessAnswerCache:
    installed = install_cache(Flask("desk"), redis_url=None, key_prefix="", clock=SystemClock())
    assert isinstance(installed, InProcessAnswerCache)
    return installed


@pytest.fixture(params=["redis", "in process"])
def cache(request: pytest.FixtureRequest) -> GatedAnswerCache | InProcessAnswerCache:
    return in_process() if request.param == "in process" else cache_on(request.getfixturevalue("redis_url"))


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_the_bytes_that_went_in_come_out(cache: GatedAnswerCache | InProcessAnswerCache) -> None:
    assert cache.get(KEY) is None
    cache.set(KEY, ANSWER, ttl_s=60)
    assert cache.get(KEY) == ANSWER
    assert (cache.counts().hits, cache.counts().misses) == (1, 1)


def test_deleted_keys_are_gone_and_absent_ones_do_no_harm(
    cache: GatedAnswerCache | InProcessAnswerCache,
) -> None:
    keys = [f"ltv_forecast:cust_123:{months}" for months in range(1, 37)]
    cache.set(keys[11], ANSWER, ttl_s=60)
    cache.set(KEY, ANSWER, ttl_s=60)
    cache.delete(*keys)
    cache.delete()
    assert cache.get(keys[11]) is None
    assert cache.get(KEY) == ANSWER


def test_an_operator_reads_the_same_key_and_bytes_with_its_time_to_live(redis_url: str) -> None:
    cache_on(redis_url).set(KEY, ANSWER, ttl_s=900)
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == [KEY.encode()]
        assert client.get(KEY) == ANSWER
        assert 895 <= client.ttl(KEY) <= 900


def test_a_prefix_keeps_our_keys_apart_on_a_shared_redis(redis_url: str) -> None:
    prefixed = cache_on(redis_url, prefix="desk:")
    prefixed.set(KEY, ANSWER, ttl_s=60)
    prefixed.set("other", ANSWER, ttl_s=60)
    prefixed.delete("other")
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == [f"desk:{KEY}".encode()]


def test_a_pickle_in_redis_is_never_opened(redis_url: str) -> None:
    opens = b"!cbuiltins\nexit\n(tR."
    with redis.Redis.from_url(redis_url) as client:
        client.set(KEY, opens)
    assert cache_on(redis_url).get(KEY) == opens


@pytest.mark.parametrize("value", [{"a": 1}, "text", None])
def test_only_bytes_are_cached(value: object) -> None:
    with pytest.raises(TypeError, match="bytes"):
        BytesOnly().dumps(value)


def test_a_key_of_another_shape_is_a_miss_and_redis_still_in_use(redis_url: str) -> None:
    cache = cache_on(redis_url)
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(KEY, "garbage")
    assert cache.get(KEY) is None
    cache.set(KEY, ANSWER, ttl_s=60)
    assert cache.get(KEY) == ANSWER
    assert cache.counts().errors == 1


def test_without_a_redis_the_cache_is_disabled_which_is_healthy() -> None:
    assert in_process().status() is CacheStatus.DISABLED


def test_the_database_named_in_the_url_is_used(redis_url: str) -> None:
    other = redis_url.removesuffix("/0") + "/3"
    cache_on(other).set(KEY, ANSWER, ttl_s=60)
    with redis.Redis.from_url(other) as client:
        assert client.exists(KEY)


def test_an_unset_prefix_is_not_flask_cachings_own() -> None:
    assert cache_configuration("redis://localhost", "")["CACHE_KEY_PREFIX"] == ""


# ---------------------------------------------------------------- a Redis that fails


def test_a_redis_that_never_answers_costs_half_a_second_once(own_redis: Redis) -> None:
    cache = cache_on(own_redis.url)
    cache.set(KEY, ANSWER, ttl_s=60)
    own_redis.freeze()
    assert seconds_of(lambda: cache.get(KEY)) < WORST_S
    after = seconds_of(lambda: [cache.get(KEY) for _ in range(1000)])
    assert after < 0.1
    assert cache.status() is CacheStatus.UNAVAILABLE
    own_redis.thaw()


def silence_of(redis_: Redis) -> None:
    """What a frozen server costs at the least: one connection that waits for a byte until the time limit."""
    with (
        socket.create_connection(("127.0.0.1", redis_.port), timeout=REDIS_TIMEOUT_S) as plain,
        pytest.raises(TimeoutError),
    ):
        plain.recv(1)


def test_many_callers_at_once_pay_one_time_limit_each_and_at_the_same_time(own_redis: Redis) -> None:
    cache = cache_on(own_redis.url)
    own_redis.freeze()
    with ThreadPoolExecutor(48) as pool:
        floor = [pool.submit(seconds_of, lambda: silence_of(own_redis)) for _ in range(24)]
        took = [pool.submit(seconds_of, lambda: cache.get(KEY)) for _ in range(24)]
    longest_silence = max(call.result() for call in floor)
    assert max(call.result() for call in took) < longest_silence + REDIS_TIMEOUT_S
    own_redis.thaw()


def test_a_killed_redis_costs_next_to_nothing_and_is_in_use_again_after_the_cooldown(
    own_redis: Redis, clock: FakeClock
) -> None:
    cache = cache_on(own_redis.url, clock=clock)
    with ThreadPoolExecutor(8) as pool:  # several connections, all of which die
        list(pool.map(lambda _: cache.set(KEY, ANSWER, ttl_s=60), range(64)))
    own_redis.kill()
    assert seconds_of(lambda: [cache.get(KEY) for _ in range(100)]) < WORST_S
    cache.set(KEY, ANSWER, ttl_s=60)
    cache.delete(KEY)
    assert cache.status() is CacheStatus.UNAVAILABLE

    own_redis.start()
    clock.advance(COOLDOWN_S)
    began = time.monotonic()
    while cache.status() is not CacheStatus.CONNECTED:
        assert time.monotonic() - began < 2
        time.sleep(0.005)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cache.set(KEY, ANSWER, ttl_s=60), range(64)))
    assert cache.get(KEY) == ANSWER
    assert cache.counts().errors == 1


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew_at_once(own_redis: Redis) -> None:
    cache = cache_on(own_redis.url)
    cache.set(KEY, ANSWER, ttl_s=60)
    assert cache.get(KEY) == ANSWER
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.client_kill_filter(_type="normal", skipme=True) >= 1
    assert cache.get(KEY) == ANSWER
    assert cache.status() is CacheStatus.CONNECTED
    assert cache.counts().errors == 0


def test_a_thread_that_ends_gives_its_connection_back(redis_url: str) -> None:
    cache = cache_on(redis_url)
    cache.set(KEY, ANSWER, ttl_s=60)
    found = []
    for _ in range(150):  # more than the pool has connections
        thread = threading.Thread(target=lambda: found.append(cache.get(KEY)))
        thread.start()
        thread.join()
    assert found == [ANSWER] * 150


def test_a_redis_absent_at_start_is_used_once_it_is_there(own_redis: Redis) -> None:
    own_redis.stop()
    cache = cache_on(own_redis.url)
    assert cache.get(KEY) is None
    assert cache.status() is CacheStatus.UNAVAILABLE
    own_redis.start()
    cache.gate.probe()
    cache.set(KEY, ANSWER, ttl_s=60)
    assert cache.get(KEY) == ANSWER


# ---------------------------------------------------------------- the gate, on a fake clock


class Pings:
    def __init__(self) -> None:
        self.count = 0
        self.failure: Exception | None = None

    def __call__(self) -> None:
        self.count += 1
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def pings() -> Pings:
    return Pings()


@pytest.fixture
def gate(pings: Pings, clock: FakeClock) -> RedisGate:
    return RedisGate(pings, clock, spawn=lambda work: work())


def test_an_open_gate_asks_nothing_of_its_own(gate: RedisGate, pings: Pings) -> None:
    assert all(gate.is_open() for _ in range(100))
    assert pings.count == 0


def test_a_closed_gate_lets_nobody_through_until_the_cooldown_is_over(
    gate: RedisGate, pings: Pings, clock: FakeClock
) -> None:
    gate.failed(RedisConnectionError())
    clock.advance(COOLDOWN_S - 0.1)
    assert not gate.is_open()
    assert pings.count == 0
    clock.advance(0.1)
    assert gate.is_open()
    assert pings.count == 1


def test_a_probe_that_fails_begins_the_cooldown_anew(gate: RedisGate, pings: Pings, clock: FakeClock) -> None:
    gate.failed(RedisConnectionError())
    pings.failure = RedisConnectionError()
    for probes in (1, 2, 3):
        clock.advance(COOLDOWN_S)
        assert not any(gate.is_open() for _ in range(10))
        assert pings.count == probes


def test_only_one_probe_runs_at_a_time(pings: Pings, clock: FakeClock) -> None:
    waiting: list[Callable[[], None]] = []
    gate = RedisGate(pings, clock, spawn=waiting.append)
    gate.failed(RedisConnectionError())
    clock.advance(COOLDOWN_S)
    assert not any(gate.is_open() for _ in range(10))
    assert len(waiting) == 1
    waiting.pop()()
    assert gate.is_open()


def test_without_traffic_the_state_is_still_found_out(
    gate: RedisGate, pings: Pings, clock: FakeClock
) -> None:
    assert gate.is_connected()
    pings.failure = RedisConnectionError()
    clock.advance(STATUS_MAX_AGE_S)
    assert not gate.is_connected()


def test_a_probe_that_finds_no_thread_is_tried_again(pings: Pings, clock: FakeClock) -> None:
    def no_thread(_: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    gate = RedisGate(pings, clock, spawn=no_thread)
    gate.failed(RedisConnectionError())
    clock.advance(COOLDOWN_S)
    assert not gate.is_open()
    assert not gate.is_open()


def test_a_refusal_is_an_answer_and_leaves_the_gate_open(gate: RedisGate) -> None:
    class Refusing:
        def get(self, key: str) -> bytes:
            raise ResponseError("WRONGTYPE")

    cache = GatedAnswerCache(Refusing(), gate, client=redis.Redis())
    assert cache.get(KEY) is None
    assert gate.is_open()


def test_counts_are_right_under_threads() -> None:
    cache = in_process()
    start = threading.Barrier(8)

    def look_up(_: int) -> None:
        start.wait()
        for _ in range(500):
            cache.get(KEY)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look_up, range(8)))
    assert cache.counts().misses == 4000
