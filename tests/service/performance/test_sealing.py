"""What is made anew from the events is the same, and what is sealed stays, whatever comes late."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from service.database import Database
from service.days import quarter_of
from service.errors import Conflict
from service.feed.models import FeedEntry
from service.performance import queries
from service.performance.clearing import TakingBack
from service.performance.models import FigureProgress, KeptFigures, KeptHistory
from tests.service.performance.counted import LATER, Figures, Row, at_midnight, stored
from tests.service.performance.histories import Desk, fed


@pytest.fixture
def figures(database: Database) -> Figures:
    return Figures(database)


@pytest.mark.parametrize("seed", range(2))
def test_a_rebuild_gives_exactly_the_same_with_seals_and_events_that_come_late(
    figures: Figures, seed: int, full: bool
) -> None:
    events = Desk(seed, days=5, late_h=40).events(2_000 if full else 240)
    parts = [events[start : start + len(events) // 6] for start in range(0, len(events), len(events) // 6)]
    sealed: dict[date, list[Row]] = {}
    for number, part in enumerate(parts):
        figures.happen(part)
        if seed and number in {2, 4}:
            day = max(event.at for event in part).date() - timedelta(days=number // 2 - 1)
            figures.seal(day)
            sealed[day] = figures.rows(day)
    before = figures.rows(), figures.histories()
    figures.parts.sealing.rebuild()
    assert (figures.rows(), figures.histories()) == before
    for day, rows in sealed.items():
        assert figures.rows(day) == rows
    assert figures.parts.sealing.status().freshness.lag == 0


def test_a_rebuild_begins_at_the_seal(figures: Figures) -> None:
    events = Desk(3, days=5).events(200)
    figures.happen(events)
    assert figures.parts.sealing.rebuild() == len(events)
    day = events[120].at.date()
    assert figures.seal(day)
    counted = figures.parts.sealing.rebuild()
    assert counted == len([event for event in events if event.at >= at_midnight(day)])
    assert 0 < counted < len(events)


def test_a_rebuild_mends_what_somebody_changed(figures: Figures) -> None:
    figures.happen(Desk(4).events(80))
    right = figures.rows(), figures.histories()
    with figures.database.writing() as session:
        for one in session.scalars(select(KeptFigures).limit(20)):
            one.counts = {"assigned": 1_000}
        for history in session.scalars(select(KeptHistory).limit(5)):
            session.delete(history)
    figures.parts.sealing.rebuild()
    assert (figures.rows(), figures.histories()) == right


def test_a_day_is_sealed_once_and_only_when_it_is_over_and_counted(figures: Figures) -> None:
    events = Desk(6, days=3).events(60)
    figures.happen(events)
    day = events[-1].at.date()
    assert figures.seal(day)
    assert not figures.seal(day)
    assert not figures.seal(day - timedelta(days=1))
    with pytest.raises(Conflict, match="over"):
        figures.seal(date(2030, 1, 2))
    assert figures.parts.sealing.status().freshness.sealed_before == at_midnight(day)


def test_what_nobody_has_numbered_yet_is_not_counted_and_keeps_its_day_from_being_sealed(
    figures: Figures,
) -> None:
    events = Desk(6, days=3).events(20)
    figures.happen(events[:10])
    figures.recorded(events[10:])
    figures.at(LATER)
    missing = figures.parts.sealing.status().freshness
    assert (missing.lag, missing.as_of) == (len(events) - 10, min(event.at for event in events[10:]))
    day = events[-1].at.date() + timedelta(days=1)
    with pytest.raises(Conflict, match="is counted yet"):
        figures.seal(day)
    figures.followers.advance("performance")
    assert figures.seal(day)
    assert figures.parts.sealing.status().freshness.lag == 0


def test_an_early_event_behind_many_others_keeps_its_day_from_being_sealed(figures: Figures) -> None:
    events = Desk(6, days=3).events(20)
    figures.happen(events)
    day = events[-1].at.date() + timedelta(days=1)
    last = fed(1_000, "ticket.deleted", events[-1].at, ticket_id="none")
    afterwards = [replace(last, id=number, at=at_midnight(day)) for number in range(1_000, 1_150)]
    figures.recorded([*afterwards, replace(last, id=1_150)])
    with pytest.raises(Conflict, match="is counted yet"):
        figures.seal(day)


def test_what_waits_from_after_the_seal_keeps_nothing_from_being_sealed(figures: Figures) -> None:
    events = Desk(6, days=3).events(20)
    figures.happen(events)
    day = events[-1].at.date() + timedelta(days=1)
    figures.recorded([fed(1_000, "ticket.deleted", at_midnight(day), ticket_id="none")])
    assert figures.seal(day)


def test_nothing_is_sealed_while_far_more_waits_than_is_looked_at(figures: Figures) -> None:
    figures.happen(Desk(6).events(20))
    with figures.database.writing() as session:
        session.add(FeedEntry(position=50_000, event_id=50_000))
    with pytest.raises(Conflict, match="events are not counted yet"):
        figures.seal(date(2020, 1, 1))


def test_what_comes_late_counts_at_the_first_moment_after_the_seal(figures: Figures) -> None:
    events = Desk(7, days=2).events(60)
    figures.happen(events)
    day = events[-1].at.date() + timedelta(days=1)
    figures.seal(day)
    before = figures.rows()
    late = stored(events[-1])
    late.id, late.at = 1_000, events[-1].at + timedelta(seconds=1)
    late.type, late.subject_type, late.subject_id = "ticket.created", "ticket", "ticket_late"
    late.ticket_id, late.before = "ticket_late", None
    late.after = {"status": "open", "channel": "email", "assigned_to": None, "team_id": None}
    with figures.database.writing() as session:
        session.add(late)
    figures.followers.catch_up()
    assert figures.rows(day) == before
    new = {one[2] for one in figures.rows()} - {one[2] for one in before}
    assert new == {quarter_of(at_midnight(day))}
    after = figures.rows()
    figures.parts.sealing.rebuild()
    assert figures.rows() == after
    with figures.database.reading() as session:
        assert session.get_one(FigureProgress, 1).position > 60


def test_what_a_rebuild_takes_back_goes_in_portions(figures: Figures) -> None:
    events = Desk(8, days=3).events(50)
    figures.happen(events)
    day = events[25].at.date()
    figures.seal(day)
    sealed = figures.rows(day)
    with figures.database.writing() as session:
        held = queries.held_progress(session)
        held.position, portions, taking_back = -1, [], TakingBack(portion=7)
        while rows := taking_back.step(session, held):
            portions.append(rows)
        known = session.execute(select(KeptHistory.history, KeptHistory.sealed)).all()
    assert set(portions) <= set(range(1, 8))
    assert len(portions) > 10
    assert figures.rows() == sealed
    assert known
    assert all(row.history == row.sealed for row in known)


class BrokenOff(Exception):
    pass


@pytest.mark.parametrize("again", [True, False])
def test_a_rebuild_that_was_broken_off_is_gone_on_with(figures: Figures, *, again: bool) -> None:
    events = Desk(9, days=3).events(50)
    figures.happen(events)
    figures.seal(events[25].at.date())
    before = figures.rows(), figures.histories()

    def broken_off(_doing: str, _done: int) -> None:
        raise BrokenOff

    with pytest.raises(BrokenOff):
        figures.parts.sealing.rebuild(progress=broken_off)
    assert figures.rows() != before[0]
    assert figures.parts.sealing.status().freshness.lag > 0
    with pytest.raises(Conflict, match="anew"):
        figures.seal(events[-1].at.date())
    if again:
        figures.parts.sealing.rebuild()
    else:
        while not figures.followers.idle("performance"):
            figures.followers.advance("performance")
    assert (figures.rows(), figures.histories()) == before
    assert figures.seal(events[-1].at.date())
