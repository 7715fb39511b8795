"""Whom the gate remembers, and for how long."""

from datetime import timedelta

import pytest

from service.access.callers import REMEMBERED_CALLERS, REMEMBERED_S, REMEMBERED_STRANGERS, _Remembered

KIM = b"kim"


class LookUp:
    """Who is there, and how often that was asked."""

    def __init__(self, over_at=None):
        self.there = {KIM: "Kim"}
        self.over_at = over_at
        self.asked = 0

    def __call__(self, digest):
        self.asked += 1
        return self.there.get(digest), self.over_at


@pytest.fixture
def remembered(clock):
    return _Remembered(clock)


@pytest.mark.parametrize("digest", [KIM, b"stranger"])
def test_what_was_learnt_is_good_for_a_moment(remembered, clock, digest):
    look_up = LookUp()
    answers = {remembered.get(digest, look_up) for _ in range(3)}
    assert (answers, look_up.asked) == ({look_up.there.get(digest)}, 1)
    clock.advance(REMEMBERED_S)
    for _ in range(2):
        remembered.get(digest, look_up)
    assert look_up.asked == 2
    remembered.clear()
    remembered.get(digest, look_up)
    assert look_up.asked == 3


def test_nobody_is_remembered_past_their_own_end(remembered, clock):
    look_up = LookUp(over_at=clock.now() + timedelta(seconds=0.5))
    remembered.get(KIM, look_up)
    clock.advance(0.5)
    look_up.there.clear()
    assert remembered.get(KIM, look_up) is None


def test_who_is_let_out_is_remembered_as_a_stranger_and_the_other_way_round(remembered, clock):
    look_up = LookUp()
    for there, answer in (({KIM: "Kim"}, "Kim"), ({}, None), ({KIM: "Kim"}, "Kim")):
        look_up.there = there
        before = look_up.asked
        assert [remembered.get(KIM, look_up) for _ in range(3)] == [answer] * 3
        assert look_up.asked == before + 1
        clock.advance(REMEMBERED_S)


def test_a_flood_of_strangers_crowds_nobody_out_and_has_an_end(remembered):
    look_up = LookUp()
    remembered.get(KIM, look_up)
    for number in range(3 * REMEMBERED_STRANGERS):
        remembered.get(str(number).encode(), look_up)
    before = look_up.asked
    assert remembered.get(KIM, look_up) == "Kim"
    assert look_up.asked == before
    assert len(remembered._strangers) <= REMEMBERED_STRANGERS
    look_up.there = {str(number).encode(): "x" for number in range(2 * REMEMBERED_CALLERS)}
    for digest in look_up.there:
        remembered.get(digest, look_up)
    assert len(remembered._known) <= REMEMBERED_CALLERS
