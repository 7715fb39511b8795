import json
import pickle
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from providers.testing.quimbi_simulator import QuimbiSimulator
from tests.servers import Redis
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk
from tests.wire.load import seconds_until, under_load

CUSTOMERS = [f"cust_{number}" for number in range(5)]
FACTS = ("intelligence", "churn", "ltv")
SLOWER_BY_AT_MOST_S = 0.5
IN_USE_AGAIN_WITHIN_S = 5.0
HEALTHY_S, FAULTY_S = 0.5, 1.2


@pytest.fixture(scope="module")
def simulator() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect="documented", api_key=SIMULATOR_KEY) as simulator:
        yield simulator


StartWithRedis = Callable[[Redis], Desk]


@pytest.fixture
def start(start_desk: StartDesk, simulator: QuimbiSimulator) -> StartWithRedis:
    def starting(server: Redis) -> Desk:
        desk = start_desk(REDIS_URL=server.url, **pointing_at(simulator))
        for customer in CUSTOMERS:
            desk.new_ticket(customer)
        return desk

    return starting


def addresses() -> list[str]:
    return [f"/api/ai/customers/{customer}/{fact}" for customer in CUSTOMERS for fact in FACTS]


def warm(desk: Desk) -> None:
    for path in addresses():
        assert desk.get(path).status_code == 200


def client_of(server: Redis) -> redis.Redis:
    return redis.Redis.from_url(server.url, socket_timeout=2)


def in_use(desk: Desk) -> bool:
    """Whether what Redis holds is what every one of them is answered with."""
    answers = [desk.get(path).json() for path in addresses()]
    return {answer["provenance"]["source"] for answer in answers} == {"cache"}


# ---------------------------------------------------------------- keys


def keys_of(url: str) -> dict[str, int]:
    with redis.Redis.from_url(url) as client:
        return {key.decode(): client.ttl(key) for key in client.scan_iter()}


def test_operators_find_the_three_kinds_of_keys_with_their_times(
    start_desk: StartDesk, simulator: QuimbiSimulator, redis_url: str
) -> None:
    desk = start_desk(REDIS_URL=redis_url, **pointing_at(simulator))
    desk.new_ticket("cust_123")
    for fact in ("intelligence", "churn", "ltv", "ltv?horizon_months=24"):
        desk.get(f"/api/ai/customers/cust_123/{fact}")
    keys = keys_of(redis_url)
    assert set(keys) == {
        "customer_intel:cust_123",
        "churn_prediction:cust_123",
        "ltv_forecast:cust_123:12",
        "ltv_forecast:cust_123:24",
    }
    assert 900 * 0.9 - 5 <= keys["customer_intel:cust_123"] <= 900
    assert 3600 * 0.9 - 5 <= keys["churn_prediction:cust_123"] <= 3600
    assert 3600 * 0.9 - 5 <= keys["ltv_forecast:cust_123:12"] <= 3600


def test_a_person_can_read_the_values(
    start_desk: StartDesk, simulator: QuimbiSimulator, redis_url: str
) -> None:
    desk = start_desk(REDIS_URL=redis_url, **pointing_at(simulator))
    desk.new_ticket("cust_123")
    told = desk.get("/api/ai/customers/cust_123/intelligence").json()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        value = json.loads(str(client.get("customer_intel:cust_123")))
    assert (value["provider"], value["capability"]) == ("quimbi", "analyze")
    assert {"schema", "arguments", "answer"} <= set(value)
    assert value["answer"]["predictions"]["churn_risk"] == told["predictions"]["churn_risk"]
    assert SIMULATOR_KEY not in str(value)


def test_a_prefix_keeps_a_shared_redis_apart(
    start_desk: StartDesk, simulator: QuimbiSimulator, redis_url: str
) -> None:
    desk = start_desk(REDIS_URL=redis_url, CACHE_KEY_PREFIX="desk:", **pointing_at(simulator))
    ticket_id = desk.new_ticket("cust_123")
    desk.get("/api/ai/customers/cust_123/intelligence")
    assert set(keys_of(redis_url)) == {"desk:customer_intel:cust_123"}
    with redis.Redis.from_url(redis_url) as client:
        client.set("customer_intel:cust_123", b"another service's")
        client.set("desk:churn_prediction:cust_123", b"{}")
    assert desk.post(f"/api/ai/tickets/{ticket_id}/regenerate-draft").status_code == 200
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("customer_intel:cust_123") == b"another service's"
        assert not client.exists("desk:churn_prediction:cust_123")


def test_an_id_with_other_characters_is_percent_encoded_in_the_key(
    start_desk: StartDesk, simulator: QuimbiSimulator, redis_url: str
) -> None:
    desk = start_desk(REDIS_URL=redis_url, **pointing_at(simulator))
    desk.new_ticket("kim@example.com:1")
    desk.get("/api/ai/customers/kim@example.com:1/churn")
    assert set(keys_of(redis_url)) <= {"churn_prediction:kim%40example.com%3A1"}
    assert set(keys_of(redis_url))


# ---------------------------------------------------------------- faults


def kill(server: Redis) -> None:
    server.kill()


def freeze(server: Redis) -> None:
    server.freeze()


def flush(server: Redis) -> None:
    with client_of(server) as client:
        client.flushall()


def spoil(server: Redis) -> None:
    envelope = b'{"schema":1,"provider":"quimbi","capability":"analyze","arguments":{},"answer":'
    with client_of(server) as client:
        client.flushall()
        client.rpush("customer_intel:cust_0", "a", "b")
        client.set("customer_intel:cust_1", pickle.dumps({"churn": 0.5}))
        client.set("customer_intel:cust_2", envelope + b'"\xff\xfe"}')
        client.set("customer_intel:cust_3", b"[" * 200_000)
        client.set("customer_intel:cust_4", envelope + b'{"customer_id":"cust_4","metrics":NaN}}')
        client.hset("churn_prediction:cust_0", "a", "b")
        client.set("churn_prediction:cust_1", b"")
        client.set("churn_prediction:cust_2", b"null")
        client.set("churn_prediction:cust_3", b'{"schema":1,"provider":"\xff"}')
        client.set("churn_prediction:cust_4", b'{"unknown":' + b"[" * 200_000)
        client.sadd("ltv_forecast:cust_0:12", "a")
        client.set("ltv_forecast:cust_1:12", b"x" * 1_000_000)


def bring_back(server: Redis) -> None:
    if server.process is None:
        server.start()
    else:
        server.thaw()


@pytest.mark.parametrize("fault", [kill, freeze, flush, spoil], ids=lambda fault: fault.__name__)
def test_redis_failing_under_load_makes_answers_slower_never_wrong(
    start: StartWithRedis, own_redis: Redis, fault: Callable[[Redis], None]
) -> None:
    desk = start(own_redis)
    warm(desk)
    with under_load(desk, addresses()) as load:
        time.sleep(HEALTHY_S)
        baseline_s = load.slowest_s()
        failed_at_s = time.monotonic()
        fault(own_redis)
        time.sleep(FAULTY_S)
        bring_back(own_redis)
        seconds_until(lambda: in_use(desk), at_most_s=IN_USE_AGAIN_WITHIN_S)
    assert load.statuses == {200}
    assert load.slowest_s(since_s=failed_at_s) <= baseline_s + SLOWER_BY_AT_MOST_S


def test_a_redis_that_comes_after_the_desk_is_taken_into_use(start: StartWithRedis, own_redis: Redis) -> None:
    own_redis.kill()
    desk = start(own_redis)
    with under_load(desk, addresses()) as load:
        time.sleep(HEALTHY_S)
        assert desk.get("/health").json()["services"]["redis_cache"] == "unavailable"
        own_redis.start()
        seconds_until(lambda: in_use(desk), at_most_s=IN_USE_AGAIN_WITHIN_S)
        seconds_until(lambda: _told_connected(desk), at_most_s=IN_USE_AGAIN_WITHIN_S)
    assert load.statuses == {200}


def _told_connected(desk: Desk) -> bool:
    return bool(desk.get("/health").json()["services"]["redis_cache"] == "connected")


def test_health_tells_of_a_lost_redis_and_stays_up(start: StartWithRedis, own_redis: Redis) -> None:
    desk = start(own_redis)
    warm(desk)
    assert _told_connected(desk)
    own_redis.kill()
    desk.get(addresses()[0])
    answer = desk.get("/health")
    assert answer.status_code == 200
    assert (answer.json()["status"], _told_connected(desk)) == ("degraded", False)
    assert desk.get("/readyz").status_code == 200


def test_facts_are_the_same_with_redis_dead(start: StartWithRedis, own_redis: Redis) -> None:
    desk = start(own_redis)
    before = desk.get(addresses()[0]).json()
    own_redis.kill()
    after = desk.get(addresses()[0]).json()
    assert after["predictions"] == before["predictions"]
    assert after["provenance"]["degraded"] is False
