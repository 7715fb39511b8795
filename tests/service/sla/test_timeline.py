"""What a ticket's history makes of each promise."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sla.policies import Target
from service.sla.timeline import Cycle, History, Moved, Said, State, Status, Terms, cycles, state
from service.sla.working_time import ALWAYS_OPEN, Calendar, Interval, NotDue, Span, elapsed

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday."""

OFFICE = Calendar("UTC", {day: (Interval(9 * 60, 17 * 60),) for day in range(5)})
FIRST, NEXT, RESOLUTION = Target.FIRST_RESPONSE, Target.NEXT_RESPONSE, Target.RESOLUTION


def at(hours: float) -> datetime:
    return MORNING + timedelta(hours=hours)


def history(
    *moves: tuple[float, str],
    said: str = "",
    first_response_at: float | None = None,
    promised_from: float | None = None,
    deleted: tuple[Span, ...] = (),
) -> History:
    """`said`: such as `c0 a1 c2`, the customer at once, an agent after one hour, the customer after two."""
    turns = [Said(at(float(turn[1:])), turn[0] == "a") for turn in said.split()]
    answered = [turn.at for turn in turns if turn.from_agent]
    told = at(first_response_at) if first_response_at is not None else min(answered, default=None)
    return History(
        created_at=MORNING,
        moves=[Moved(MORNING, "open"), *(Moved(at(hours), status) for hours, status in moves)],
        said=turns,
        first_response_at=told,
        deleted=deleted,
        promised_from=at(promised_from) if promised_from is not None else None,
    )


def of(told: History, target: Target) -> list[Cycle]:
    return [cycle for cycle in cycles(told) if cycle.target is target]


def promise(hours: float, calendar: Calendar = ALWAYS_OPEN) -> Terms:
    return Terms(calendar=calendar, length=timedelta(hours=hours), warn_after=timedelta(hours=hours) * 0.8)


def stands(told: History, target: Target, terms: Terms, hours: float) -> State:
    return state(of(told, target)[-1], terms, at(hours))


def test_a_first_response_begins_with_what_the_customer_wrote() -> None:
    (cycle,) = of(history(said="c2"), FIRST)
    assert (cycle.begin, cycle.ended_at) == (at(2), None)


def test_a_first_response_begins_with_the_ticket_where_nobody_wrote() -> None:
    (cycle,) = of(history(), FIRST)
    assert (cycle.begin, cycle.ended_at) == (MORNING, None)


def test_an_agent_who_writes_first_has_given_the_first_response() -> None:
    (cycle,) = of(history(said="a1 c2"), FIRST)
    assert (cycle.begin, cycle.ended_at) == (MORNING, at(1))


def test_a_first_response_that_was_deleted_was_given() -> None:
    (cycle,) = of(history(said="c0", first_response_at=1), FIRST)
    assert cycle.ended_at == at(1)
    assert of(history(said="c0", first_response_at=1), NEXT) == []


def test_each_question_after_the_first_response_is_a_cycle_of_its_own() -> None:
    found = of(history(said="c0 a1 c2 a3 c4"), NEXT)
    assert [(cycle.begin, cycle.ended_at) for cycle in found] == [(at(2), at(3)), (at(4), None)]
    assert len({cycle.key for cycle in found}) == 2


def test_a_question_is_as_old_as_the_first_of_its_messages() -> None:
    told = history(said="c0 a1 c2")  # what is said in a row is told by its first message
    assert stands(told, NEXT, promise(4), 5).due_at == at(6)


def test_where_an_answer_was_deleted_the_question_before_it_waits_again() -> None:
    (cycle,) = of(history(said="c0 a1 c2", first_response_at=1), NEXT)
    assert (cycle.begin, cycle.ended_at) == (at(2), None)


def test_pending_pauses_the_resolution_and_no_response() -> None:
    told = history((1, "pending"), said="c0")
    assert stands(told, RESOLUTION, promise(8), 3).status is Status.PAUSED
    assert stands(told, FIRST, promise(8), 3).status is Status.WITHIN_SLA
    assert stands(told, FIRST, promise(8), 3).due_at == at(8)


def test_a_pause_leaves_open_when_it_is_due() -> None:
    paused = stands(history((1, "pending")), RESOLUTION, promise(8), 3)
    assert (paused.due_at, paused.not_due, paused.next_at) == (None, NotDue.PAUSED, None)
    assert paused.paused_since == at(1)
    assert (paused.elapsed, paused.remaining) == (timedelta(hours=1), timedelta(hours=7))


def test_time_goes_on_where_it_stopped() -> None:
    told = history((1, "pending"), (4, "open"))
    going_on = stands(told, RESOLUTION, promise(8), 5)
    assert (going_on.due_at, going_on.elapsed) == (at(11), timedelta(hours=2))
    assert going_on.paused_since is None


def test_what_is_resolved_in_time_is_met() -> None:
    met = stands(history((2, "resolved")), RESOLUTION, promise(8), 30)
    assert (met.status, met.met_at, met.breached_at) == (Status.MET, at(2), None)
    assert met.elapsed == timedelta(hours=2)
    assert met.due_at == at(8)


def test_what_is_resolved_at_the_very_moment_is_met_in_time() -> None:
    assert stands(history((8, "closed")), RESOLUTION, promise(8), 9).status is Status.MET


def test_what_is_met_late_stays_breached() -> None:
    late = stands(history((9, "resolved")), RESOLUTION, promise(8), 30)
    assert (late.status, late.breached_at, late.met_at) == (Status.BREACHED, at(8), at(9))
    assert late.remaining == timedelta(hours=-1)


def test_a_ticket_that_is_opened_again_goes_on_and_its_rest_was_a_pause() -> None:
    told = history((2, "resolved"), (50, "closed"), (100, "open"))
    again = stands(told, RESOLUTION, promise(8), 101)
    assert (again.status, again.met_at, again.elapsed) == (Status.WITHIN_SLA, None, timedelta(hours=3))
    assert again.due_at == at(106)


def test_nobody_has_to_answer_while_a_ticket_is_resolved() -> None:
    told = history((1, "resolved"), said="c0")
    assert stands(told, FIRST, promise(8), 30).status is Status.PAUSED
    assert stands(history((1, "resolved"), (40, "open"), said="c0"), FIRST, promise(8), 41).due_at == at(47)


def test_nothing_runs_while_a_ticket_is_deleted() -> None:
    gone = Span(at(1), None, "deleted")
    assert stands(history(deleted=(gone,)), RESOLUTION, promise(8), 20).status is Status.PAUSED
    back = Span(at(1), at(11), "deleted")
    assert stands(history(deleted=(back,)), RESOLUTION, promise(8), 12).due_at == at(18)


def test_a_pause_that_follows_on_another_began_with_it() -> None:
    told = history((1, "pending"), (2, "open"), (3, "pending"), deleted=(Span(at(2.5), at(3), "deleted"),))
    assert stands(told, RESOLUTION, promise(8), 4).paused_since == at(2.5)


def test_it_is_at_risk_from_the_warning_on_and_breached_when_due() -> None:
    steps = [stands(history(), RESOLUTION, promise(10), hours) for hours in (7.9, 8, 9.9, 10)]
    assert [step.status for step in steps] == ["within_sla", "at_risk", "at_risk", "breached"]
    assert [step.next_at for step in steps] == [at(8), at(10), at(10), None]
    assert (steps[1].warned_at, steps[3].breached_at) == (at(8), at(10))


def test_working_time_is_that_of_the_calendar() -> None:
    friday = 4 * 24
    told = History(created_at=at(friday + 6), moves=[Moved(at(friday + 6), "open")])
    weekend = stands(told, RESOLUTION, promise(4, OFFICE), friday + 30)
    assert (weekend.elapsed, weekend.due_at) == (timedelta(hours=2), at(7 * 24 + 2))


def test_a_calendar_without_hours_makes_nothing_due() -> None:
    never = stands(history(), RESOLUTION, promise(4, Calendar("UTC", {})), 500)
    assert (never.due_at, never.not_due, never.status) == (None, NotDue.NO_WORKING_TIME, "within_sla")


def test_nothing_was_promised_before_a_ticket_was_brought() -> None:
    told = history((5, "open"), said="c0 a1 c2", promised_from=10)
    assert of(told, FIRST) == []
    assert [(cycle.begin, cycle.key) for cycle in of(told, NEXT)] == [(at(10), at(2))]
    assert of(told, RESOLUTION)[0].begin == at(10)


def test_what_was_done_before_anything_was_promised_is_nobodys_merit() -> None:
    assert cycles(history((5, "resolved"), said="c0 a1", promised_from=10)) == []


LENGTHS = st.integers(1, 400).map(lambda quarters: quarters / 4)
MOVES = st.lists(
    st.tuples(LENGTHS, st.sampled_from(["open", "pending", "resolved", "closed"])), max_size=8
).map(lambda moves: sorted(moves, key=lambda move: move[0]))
TURNS = st.lists(st.tuples(LENGTHS, st.booleans()), max_size=8).map(sorted)


@given(MOVES, TURNS, st.sampled_from([ALWAYS_OPEN, OFFICE]), LENGTHS, LENGTHS)
def test_a_state_agrees_with_itself(moves, turns, calendar, target, now) -> None:
    said = " ".join(f"{'a' if agent else 'c'}{hours}" for hours, agent in turns if hours <= now)
    told = history(*(move for move in moves if move[0] <= now), said=said)
    terms = promise(target, calendar)
    for cycle in cycles(told):
        found = state(cycle, terms, at(now))
        assert found.elapsed + found.remaining == terms.length
        assert found.elapsed >= timedelta(0)
        over = found.elapsed > terms.length or (
            found.elapsed == terms.length and cycle.ended_at is None and found.breached_at is not None
        )
        assert (found.breached_at is not None) >= over
        if found.breached_at is not None:
            assert elapsed(calendar, cycle.begin, found.breached_at, cycle.pauses) == terms.length
            assert found.status is Status.BREACHED
        if found.due_at is not None and found.breached_at is None and cycle.ended_at is None:
            assert found.due_at > at(now)
            assert found.next_at is not None


@given(MOVES, st.sampled_from([ALWAYS_OPEN, OFFICE]), LENGTHS, st.integers(1, 40))
def test_a_promise_changes_only_when_it_said_it_would(moves, calendar, target, quarters) -> None:
    """Nobody looks at a promise before `next_at`, unless something happened."""
    told, terms, now = history(*moves), promise(target, calendar), 100.0
    before = stands(told, RESOLUTION, terms, now)
    later = stands(told, RESOLUTION, terms, now + quarters / 4)
    if before.next_at is None or before.next_at > at(now + quarters / 4):
        assert later.status is before.status
    else:
        assert later.status is not before.status


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_a_ticket_that_is_made_settled_was_met_at_once(status) -> None:
    told = History(created_at=MORNING, moves=[Moved(MORNING, status)])
    made = stands(told, RESOLUTION, promise(8), 0)
    assert (made.status, made.elapsed) == (Status.MET, timedelta(0))
