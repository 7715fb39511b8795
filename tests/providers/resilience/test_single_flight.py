import threading
import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from providers.deadline import Deadline
from providers.errors import Busy, DeadlinePassed, InProgress, TimedOut, Unreachable
from providers.resilience.places import Places
from providers.resilience.single_flight import Flights
from providers.resilience.visits import Parked, Visit
from providers.testing.fakes import FakeClock
from tests.providers.resilience.questions import at_once, on, outcome, soon


@pytest.fixture
def flights() -> Flights:
    return Flights()


def share(flights, key, work, wait_s, deadline=None):
    return flights.share(key, work, wait_s, deadline=deadline or soon(FakeClock()))


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


def leading(flights: Flights, work: Work, deadline: Deadline | None = None) -> threading.Thread:
    leader = threading.Thread(target=lambda: outcome(lambda: share(flights, "key", work, 5, deadline)))
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
            target=lambda key=key, work=work: outcome(lambda: share(flights, str(key), work, 5)), daemon=True
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
        return share(flights, str(key), works[key], 5)

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
        return share(flights, "key", work, 5)

    assert at_once(32, ask) == ["landed"] * 32
    assert len(executions) == 1


def test_a_follower_waits_no_longer_than_it_may(flights):
    work = Work()
    leader = leading(flights, work)
    for wait_s in (0, -1, 0.01):
        with pytest.raises(InProgress):
            share(flights, "key", work, wait_s)
    work.release.set()
    leader.join()
    assert work.executions == 1


@pytest.mark.parametrize("error", [TimedOut(), TimeoutError(), RuntimeError(), SystemExit()])
def test_a_follower_gets_the_leaders_error(flights, error):
    work = Work(error)
    work.release.set()
    with pytest.raises(type(error)):
        share(flights, "key", work, 5)
    assert flights.under_way == 0
    work.begun.clear()
    work.release.clear()
    caught: list[BaseException] = []

    def lead() -> None:
        try:
            share(flights, "key", work, 5)
        except BaseException as raised:  # noqa: BLE001  (whatever the leader dies of)
            caught.append(raised)

    leader = threading.Thread(target=lead)
    leader.start()
    assert work.begun.wait(5)
    threading.Timer(0.01, work.release.set).start()
    with pytest.raises(type(error)) as raised:
        share(flights, "key", work, 5)
    leader.join()
    assert raised.value is error
    assert caught == [error]


def test_different_keys_do_not_wait_for_each_other(flights):
    work = Work()
    leader = leading(flights, work)
    assert share(flights, "another", lambda: "mine", 0) == "mine"
    work.release.set()
    leader.join()


# ---------------------------------------------------------------- requests that can be run anew


def parked(visit: Visit, work) -> Parked:
    with pytest.raises(Parked) as leaving:
        on(visit, work)
    return leaving.value


def test_a_request_that_has_to_wait_gives_its_thread_back_and_has_the_answer_in_its_next_run(flights):
    work, visit = Work(), Visit()
    leader = leading(flights, work)
    leaving = parked(visit, lambda: share(flights, "key", work, 2.0))
    assert leaving.wait_s == 2.0
    assert not leaving.landing.done()
    work.release.set()
    leader.join()
    assert leaving.landing.done()
    assert on(visit, lambda: share(flights, "key", work, 2.0)) == "landed"
    assert work.executions == 1


def test_nobody_who_catches_failures_catches_a_request_that_is_left():
    assert not issubclass(Parked, Exception)


def test_a_request_waits_for_the_same_flight_once(flights):
    work, visit = Work(), Visit()
    leader = leading(flights, work)
    parked(visit, lambda: share(flights, "key", work, 2.0))
    for _ in range(2):
        with pytest.raises(InProgress):
            on(visit, lambda: share(flights, "key", work, 2.0))
    work.release.set()
    leader.join()


def test_what_a_request_has_fetched_it_does_not_fetch_again_in_its_next_run(flights):
    work, visit = Work(), Visit()
    leader = leading(flights, work)
    asked = []

    def view() -> tuple[str, object]:
        facts = share(flights, "facts", lambda: asked.append(1) or "facts", 2.0)
        return facts, share(flights, "key", work, 2.0)

    parked(visit, view)
    work.release.set()
    leader.join()
    assert on(visit, view) == ("facts", "landed")
    assert asked == [1]


def test_who_has_followers_of_its_own_is_not_parked(flights):
    inner, outer = Work("facts"), Visit()
    leader = leading(flights, inner)
    threading.Timer(0.01, inner.release.set).start()
    assert on(outer, lambda: share(flights, "text", lambda: share(flights, "key", inner, 5), 5)) == "facts"
    leader.join()
    assert (outer.leading, flights.under_way) == (0, 0)


def test_a_leader_that_finds_no_place_may_not_wait_for_another_one(clock):
    flights = Flights(places=Places(0))
    inner = Work()
    leader = leading(flights, inner)
    with pytest.raises(Busy):
        on(Visit(), lambda: share(flights, "text", lambda: share(flights, "key", inner, 5), 5))
    inner.release.set()
    leader.join()


# ---------------------------------------------------------------- a leader with less time


@pytest.mark.parametrize("error", [TimedOut, DeadlinePassed])
@pytest.mark.parametrize("parking", [False, True])
def test_a_follower_with_more_time_than_the_leader_asks_itself(flights, clock, error, parking):
    hurried, patient, visit = Work(error()), Work("in time"), Visit()
    patient.release.set()
    leader = leading(flights, hurried, soon(clock, 3))

    def follow():
        return share(flights, "key", patient, 5, soon(clock, 10))

    if parking:
        parked(visit, follow)
    clock.advance(3)
    if parking:
        hurried.release.set()
        leader.join()
        assert on(visit, follow) == "in time"
    else:
        threading.Timer(0.01, hurried.release.set).start()
        assert follow() == "in time"
        leader.join()
    assert patient.executions == 1


@pytest.mark.parametrize(
    ("error", "passed_s", "own_s"),
    [(Unreachable, 3, 10), (TimedOut, 2, 10), (TimedOut, 3, 3.2), (DeadlinePassed, 10, 10)],
    ids=["failed otherwise", "failed before its deadline", "hardly more time", "no time left"],
)
def test_any_other_error_of_the_leader_is_the_followers_too(flights, clock, error, passed_s, own_s):
    work, deadline = Work(error()), soon(clock, own_s)
    leader = leading(flights, work, soon(clock, 3))
    clock.advance(passed_s)
    threading.Timer(0.01, work.release.set).start()
    with pytest.raises(error):
        share(flights, "key", work, 20, deadline)
    leader.join()
    assert work.executions == 1
