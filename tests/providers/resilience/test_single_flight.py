import threading
import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from providers.errors import InProgress, TimedOut
from providers.resilience.single_flight import Flights
from tests.providers.resilience.questions import at_once, outcome


@pytest.fixture
def flights() -> Flights:
    return Flights()


class Work:
    """Counts its executions, and goes on only when released."""

    def __init__(self, result: object = "landed") -> None:
        self.result = result
        self.executions = 0
        self.begun = threading.Event()
        self.release = threading.Event()

    def __call__(self) -> object:
        self.executions += 1
        self.begun.set()
        assert self.release.wait(5)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def leading(flights: Flights, work: Work) -> threading.Thread:
    leader = threading.Thread(target=lambda: outcome(lambda: flights.share("key", work, 5)))
    leader.start()
    assert work.begun.wait(5)
    return leader


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(callers=st.integers(1, 12), keys=st.integers(1, 4), fails=st.booleans())
def test_one_call_per_key_however_many_ask(callers, keys, fails):
    flights = Flights()
    result: object = TimedOut() if fails else "landed"
    works = [Work(result) for _ in range(keys)]
    leaders = [
        threading.Thread(
            target=lambda key=key, work=work: outcome(lambda: flights.share(key, work, 5)), daemon=True
        )
        for key, work in enumerate(works)
    ]
    for leader, work in zip(leaders, works, strict=True):
        leader.start()
        assert work.begun.wait(5)
    turn = iter(range(callers))
    lock = threading.Lock()

    def follow() -> object:
        with lock:
            key = next(turn) % keys
        return flights.share(key, works[key], 5)

    releasing = threading.Timer(0.005, lambda: [work.release.set() for work in works])
    releasing.start()
    followed = at_once(callers, follow)
    for leader in (*leaders, releasing):
        leader.join()
    assert followed == [result] * callers
    # One who came after the landing has flown anew; nobody has flown beside another.
    assert all(1 <= work.executions <= 1 + callers for work in works)
    assert flights.under_way == 0


def test_many_at_the_same_moment_are_one_execution(flights):
    executions = []
    together = threading.Barrier(32)

    def work() -> str:
        executions.append(1)
        time.sleep(0.05)  # real threads: all have to have come before it lands
        return "landed"

    def ask() -> str:
        together.wait()
        return flights.share("key", work, 5)

    assert at_once(32, ask) == ["landed"] * 32
    assert len(executions) == 1


def test_a_follower_waits_no_longer_than_it_may(flights):
    work = Work()
    leader = leading(flights, work)
    for wait_s in (0, -1, 0.01):
        with pytest.raises(InProgress):
            flights.share("key", work, wait_s)
    work.release.set()
    leader.join()
    assert work.executions == 1


@pytest.mark.parametrize("error", [TimedOut(), TimeoutError(), RuntimeError(), SystemExit()])
def test_a_follower_gets_the_leaders_error(flights, error):
    work = Work(error)
    work.release.set()
    with pytest.raises(type(error)):
        flights.share("key", work, 5)
    assert flights.under_way == 0
    work.begun.clear()
    work.release.clear()
    caught: list[BaseException] = []

    def lead() -> None:
        try:
            flights.share("key", work, 5)
        except BaseException as raised:  # noqa: BLE001  (whatever the leader dies of)
            caught.append(raised)

    leader = threading.Thread(target=lead)
    leader.start()
    assert work.begun.wait(5)
    threading.Timer(0.01, work.release.set).start()
    with pytest.raises(type(error)) as raised:
        flights.share("key", work, 5)
    leader.join()
    assert raised.value is error
    assert caught == [error]


def test_different_keys_do_not_wait_for_each_other(flights):
    work = Work()
    leader = leading(flights, work)
    assert flights.share("another", lambda: "mine", 0) == "mine"
    work.release.set()
    leader.join()
