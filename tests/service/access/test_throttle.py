"""How often a sign-in may fail."""

import pytest
import redis

from service.access.throttle import OF_ACCOUNT, OF_ADDRESS, Shared, SignInThrottle, network_of
from service.clock import SystemClock
from service.errors import Throttled
from service.redis_gate import RedisGate

SECRET = "a secret of at least thirty-two bytes"
HERE = "192.0.2.7"


def fails(throttle, times, account="kim@desk.example", address=HERE):
    for _ in range(times):
        throttle.check(account, address)
        throttle.failed(account, address)


def is_throttled(throttle, account="kim@desk.example", address=HERE):
    try:
        throttle.check(account, address)
    except Throttled as throttled:
        return 1 <= throttled.retry_after_s <= 300
    return False


def shared_by(url):
    client = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
    return client, Shared(client, RedisGate(client.ping, SystemClock()), "desk:")


def test_an_account_may_fail_so_often_and_then_rests():
    throttle = SignInThrottle(SECRET)
    fails(throttle, OF_ACCOUNT.amount)
    assert is_throttled(throttle)
    assert is_throttled(throttle, address="198.51.100.1")
    assert not is_throttled(throttle, account="lee@desk.example")


def test_an_address_may_fail_so_often_whatever_account_it_tries():
    throttle = SignInThrottle(SECRET)
    for number in range(OF_ADDRESS.amount):
        fails(throttle, 1, account=f"{number}@desk.example")
    assert is_throttled(throttle, account="another@desk.example")
    assert not is_throttled(throttle, account="another@desk.example", address="198.51.100.1")


def test_whoever_gets_in_starts_anew_but_the_address_does_not():
    throttle = SignInThrottle(SECRET)
    for number in range(OF_ADDRESS.amount // 5):
        fails(throttle, 5, account="kim@desk.example")
        throttle.succeeded("kim@desk.example", HERE)
        assert is_throttled(throttle) is (number == OF_ADDRESS.amount // 5 - 1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_a_household_counts_as_one_address(address, network):
    assert network_of(address) == network


def test_all_processes_count_together_in_redis_which_learns_no_address_of_a_person(redis_url):
    client, shared = shared_by(redis_url)
    with client:
        here, there = SignInThrottle(SECRET, shared), SignInThrottle(SECRET, shared)
        fails(here, OF_ACCOUNT.amount // 2)
        fails(there, OF_ACCOUNT.amount // 2)
        assert is_throttled(here)
        assert is_throttled(there)
        keys = client.keys("*")
        assert keys
        assert all(key.startswith(b"desk:") for key in keys)
        assert not any(b"kim" in key for key in keys)
        assert all(0 < client.ttl(key) <= 300 for key in keys)
        here.succeeded("kim@desk.example", HERE)
        assert not is_throttled(there)


def test_while_redis_is_away_each_process_counts_for_itself(own_redis):
    client, shared = shared_by(own_redis.url)
    with client:
        throttle = SignInThrottle(SECRET, shared)
        fails(throttle, 1)
        own_redis.kill()
        fails(throttle, OF_ACCOUNT.amount)
        assert is_throttled(throttle)
        assert not shared.gate.is_open()
