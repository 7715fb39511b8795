"""How much one caller may ask: a window that slides, in each process by itself."""

from hypothesis import given
from hypothesis import strategies as st

from providers.testing.fakes import FakeClock
from service.http.limits import MOST_COUNTED, WINDOW_S, Shares, Standing


def asked(shares: Shares, times: int, who: str = "key:web") -> list[Standing]:
    return [standing for _ in range(times) if (standing := shares.take(who)) is not None]


def let_in(standings: list[Standing]) -> int:
    return sum(not standing.wait_s for standing in standings)


def test_a_caller_may_ask_as_often_as_the_limit_says_and_no_more(clock: FakeClock) -> None:
    assert let_in(asked(Shares(10, clock), 25)) == 10


def test_what_is_left_and_when_the_window_is_over_is_told(clock: FakeClock) -> None:
    first, second, third = asked(Shares(2, clock), 3)
    assert (first.remaining, second.remaining, third.remaining) == (1, 0, 0)
    assert 1 <= third.wait_s <= 2 * WINDOW_S
    assert dict(second.headers()) == {
        "RateLimit-Policy": '"caller";q=2;w=60',
        "RateLimit": f'"caller";r=0;t={second.reset_s}',
    }


def test_callers_do_not_count_for_each_other(clock: FakeClock) -> None:
    shares = Shares(2, clock)
    assert let_in(asked(shares, 5)) == 2
    assert let_in(asked(shares, 5, "key:other")) == 2


def test_each_process_gives_its_share(clock: FakeClock) -> None:
    assert let_in(asked(Shares(10, clock, processes=4), 25)) == 3


def test_without_a_limit_nobody_is_counted(clock: FakeClock) -> None:
    assert Shares(0, clock).take("key:web") is None


@given(limit=st.integers(1, 50), began_s=st.floats(0, 300))
def test_who_waits_as_long_as_told_is_let_in(limit: int, began_s: float) -> None:
    clock = FakeClock()
    clock.advance(began_s)
    shares = Shares(limit, clock)
    asked(shares, limit // 2)
    clock.advance(WINDOW_S / 2)
    refused = asked(shares, limit + 1)[-1]
    assert refused.wait_s
    clock.advance(refused.wait_s)
    assert let_in(asked(shares, 1)) == 1


def test_a_crowd_of_strangers_takes_no_more_memory_than_there_is_for_them(clock: FakeClock) -> None:
    shares = Shares(5, clock)
    for number in range(MOST_COUNTED + 100):
        shares.take(f"address:{number}")
    assert len(shares._counts) == MOST_COUNTED  # no other way to see it


@given(limit=st.integers(1, 50), pauses_s=st.lists(st.floats(0, 90), min_size=1, max_size=200))
def test_in_no_minute_much_more_than_the_limit_is_let_in(limit: int, pauses_s: list[float]) -> None:
    """A sliding count weighs the minute before as if it had come evenly: twice the limit is the very most."""
    clock = FakeClock()
    shares = Shares(limit, clock)
    let_in_at: list[float] = []
    for pause_s in pauses_s:
        clock.advance(pause_s)
        for _ in range(limit + 1):
            standing = shares.take("key:web")
            assert standing is not None
            assert 0 <= standing.remaining < limit
            if not standing.wait_s:
                let_in_at.append(clock.monotonic())
        assert standing.wait_s <= 2 * WINDOW_S
    for at in let_in_at:
        assert sum(at - WINDOW_S < other <= at for other in let_in_at) <= 2 * limit
