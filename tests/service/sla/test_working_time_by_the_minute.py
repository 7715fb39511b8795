"""Working time, held against an oracle that asks every minute by itself."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random

import numpy as np
import pytest

from service.sla.working_time import Kind, due_at, elapsed, working_segments
from tests.service.sla.cases import ZONES, Case, changes_of, drawn
from tests.service.sla.oracle import CLOSED, HOLIDAY, PAUSE, WORKING, at, minute_of

FEW, MANY = 300, 100_000
KINDS = {Kind.CLOSED: CLOSED, Kind.WORKING: WORKING, Kind.HOLIDAY: HOLIDAY, Kind.PAUSE: PAUSE}
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def count(full: bool) -> int:
    return MANY if full else FEW


def cases(count: int) -> Iterator[Case]:
    for seed in range(count):
        yield drawn(Random(seed))


def fault_of(case: Case) -> str | None:
    calendar, oracle, spans = case.calendar, case.oracle, case.spans
    begin, end = at(case.begin), at(case.end)
    counted = elapsed(calendar, begin, end, spans)
    if counted != oracle.elapsed * MINUTE:
        return f"elapsed {counted}, not {oracle.elapsed} minutes"
    found, wanted = due_at(calendar, begin, case.target * MINUTE, spans), oracle.due(case.target)
    if wanted is not None and found != at(wanted):
        return f"due {found}, not {at(wanted)}"
    if wanted is None and found is not None:
        if found <= end:
            return f"due {found}, and not before {end}"
        if elapsed(calendar, begin, found, spans) != case.target * MINUTE:
            return f"due {found}, by when another time has elapsed"
        if elapsed(calendar, begin, found - MINUTE, spans) != (case.target - 1) * MINUTE:
            return f"due {found}, later than it has to be"
    return _fault_of_segments(case)


def _fault_of_segments(case: Case) -> str | None:
    told = list(working_segments(case.calendar, at(case.begin), at(case.end), case.spans))
    kinds, jumps, place = np.full(case.end - case.begin, -1), [], case.begin
    for segment in told:
        if minute_of(segment.begin) != place:
            return f"a gap before {segment}"
        place = minute_of(segment.end)
        if segment.kind is Kind.DAYLIGHT_SAVING:
            jumps.append(place)
        else:
            kinds[minute_of(segment.begin) - case.begin : place - case.begin] = KINDS[segment.kind]
    if place != case.end or not np.array_equal(kinds, case.oracle.kinds):
        return "segments of other kinds"
    if [jump for jump in jumps if jump != case.begin] != case.oracle.jumps:
        return f"jumps at {jumps}, not {case.oracle.jumps}"
    return None


def test_no_minute_is_another_than_a_clock_on_the_wall_shows_it(
    count: int, say: Callable[[str], None]
) -> None:
    for number, case in enumerate(cases(count)):
        fault = fault_of(case)
        assert fault is None, f"case {number}: {fault}: {case}"
    say(f"working time by the minute: {count:,} cases over {len(ZONES)} time zones, no mismatch")


def test_the_cases_are_of_every_kind() -> None:
    drawn_ones = list(cases(FEW))
    assert {case.zone for case in drawn_ones} == set(ZONES)
    assert sum(bool(changes_of(zone)) for zone in ZONES) >= 20
    kinds = [set(case.oracle.kinds.tolist()) for case in drawn_ones]
    for kind in (CLOSED, WORKING, HOLIDAY, PAUSE):
        assert sum(kind in those for those in kinds) > FEW / 10
    assert sum(bool(case.oracle.jumps) for case in drawn_ones) > FEW / 4
    assert sum(case.oracle.due(case.target) is None for case in drawn_ones) > FEW / 10
