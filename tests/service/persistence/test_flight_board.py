"""The board as the chain needs it, in Redis and in memory; and what is only true of Redis."""

import time
from collections.abc import Callable, Iterator

import pytest
import redis
from flask import Flask

from providers.ports import Clock, FlightBoard, Sighting
from providers.testing.fakes import FakeClock, InMemoryFlightBoard
from service.cache import GatedAnswerCache, install_cache
from service.clock import SystemClock
from service.flight_board import RedisFlightBoard
from tests.servers import Redis

KEY = "quimbi:customer_intel:cust_123"
WORST_S = 0.5
MADE: list[GatedAnswerCache] = []


def board_on(url: str, prefix: str = "", clock: Clock | None = None) -> RedisFlightBoard:
    cache = install_cache(Flask("desk"), redis_url=url, key_prefix=prefix, clock=clock or SystemClock())
    assert isinstance(cache, GatedAnswerCache)
    MADE.append(cache)
    return RedisFlightBoard(cache.client, cache.gate, key_prefix=prefix)


@pytest.fixture(autouse=True)
def connections_ended() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


@pytest.fixture(params=["redis", "in memory"])
def board(request: pytest.FixtureRequest) -> FlightBoard:
    if request.param == "in memory":
        return InMemoryFlightBoard(SystemClock())
    return board_on(request.getfixturevalue("redis_url"))


def test_a_key_is_one_flights_at_a_time(board: FlightBoard) -> None:
    ours, theirs = board.claim(KEY, ttl_s=5), board.claim(KEY, ttl_s=5)
    assert ours is not None
    assert theirs is not None
    assert (ours.mine, theirs.mine) == (True, False)
    assert ours.token == theirs.token
    assert board.look(theirs) == Sighting(flying=True)
    another = board.claim("another", ttl_s=5)
    assert another is not None
    assert another.mine


@pytest.mark.parametrize("note", ["draft_1", None])
def test_a_landing_frees_the_key_and_leaves_its_note(board: FlightBoard, note: str | None) -> None:
    ours = board.claim(KEY, ttl_s=5)
    assert ours is not None
    board.land(ours, note)
    assert board.look(ours) == Sighting(flying=False, note=note)
    following = board.claim(KEY, ttl_s=5)
    assert following is not None
    assert following.mine
    assert board.look(ours) == Sighting(flying=False, note=note)
    assert board.look(following) == Sighting(flying=True)


def test_a_claim_ends_by_itself_and_takes_no_other_with_it(board: FlightBoard) -> None:
    late = board.claim(KEY, ttl_s=0.02)
    time.sleep(0.05)
    following = board.claim(KEY, ttl_s=5)
    assert late is not None
    assert following is not None
    assert following.mine
    board.land(late, "draft_late")
    assert board.look(following) == Sighting(flying=True)


def test_keys_are_under_the_prefix_and_none_is_left(redis_url: str) -> None:
    board = board_on(redis_url, prefix="desk:")
    claim = board.claim(KEY, ttl_s=13)
    assert claim is not None
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == [b"desk:flight:quimbi:customer_intel:cust_123"]
        assert 12_000 < client.pttl(client.keys()[0]) <= 13_000
        board.land(claim, None)
        assert client.keys() == []


@pytest.mark.parametrize("spoil", [b"garbage", b"", ["a"], b"\xff" * 32])
def test_what_is_no_flight_of_ours_keeps_nobody_waiting(redis_url: str, spoil: bytes | list[str]) -> None:
    board = board_on(redis_url)
    with redis.Redis.from_url(redis_url) as client:
        if isinstance(spoil, list):
            client.rpush(f"flight:{KEY}", *spoil)
        else:
            client.set(f"flight:{KEY}", spoil)
    assert board.claim(KEY, ttl_s=5) is None
    another = board.claim("another", ttl_s=5)
    assert another is not None


def test_a_spoilt_note_is_none(redis_url: str) -> None:
    board = board_on(redis_url)
    claim = board.claim(KEY, ttl_s=5)
    assert claim is not None
    board.land(claim, "draft_1")
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"flight:{KEY}:{claim.token}", b"\xff\x00")
    assert board.look(claim) == Sighting(flying=False)


def test_a_redis_that_was_emptied_knows_the_scripts_again(redis_url: str) -> None:
    board = board_on(redis_url)
    assert board.claim(KEY, ttl_s=5)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        client.script_flush()
    claim = board.claim(KEY, ttl_s=5)
    assert claim is not None
    assert claim.mine


@pytest.mark.parametrize("fault", [Redis.kill, Redis.freeze], ids=["killed", "frozen"])
def test_a_redis_that_is_away_is_paid_for_once(own_redis: Redis, fault: Callable[[Redis], None]) -> None:
    board = board_on(own_redis.url, clock=FakeClock())
    claim = board.claim(KEY, ttl_s=5)
    assert claim is not None
    fault(own_redis)
    assert seconds_of(lambda: board.look(claim)) < WORST_S

    def everything() -> None:
        for _ in range(100):
            assert board.claim(KEY, ttl_s=5) is None
            assert board.look(claim) is None
            board.land(claim, "draft_1")

    assert seconds_of(everything) < 0.05


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
