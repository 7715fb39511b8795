"""One reader for all who watch: what it tells to whom, and when it lets go."""

import random

import pytest

from service.errors import Busy, Throttled
from service.permissions import Role
from service.streams import recent
from service.streams.broadcast import MOST_OF_ONE_CALLER
from service.streams.frames import HEARTBEAT
from service.streams.stream import MOST_UNSENT, MOST_WRITTEN
from service.streams.telling import Waiting
from service.streams.viewing import Viewer
from tests.service.streams.watching import ALL, OURS, THEIRS, Desk, Line, agent, event

KIM = agent("kim", "ours")


def waiting(desk, after=0, *, viewer=ALL, types=None, wait_s=20.0):
    one = Waiting(
        caller_id="agent:maya",
        viewer=viewer,
        types=types,
        after=after,
        until_s=desk.clock.monotonic() + wait_s,
    )
    assert desk.broadcast.wait(one)
    return one


# ---------------------------------------------------------------- what is told


def test_all_streams_are_told_what_is_new_by_one_reading(desk):
    lines = [desk.stream() for _ in range(8)]
    desk.source.add(5)
    desk.turns()
    assert all(line.positions() == [1, 2, 3, 4, 5] for line in lines)
    assert desk.source.windows == 1


def test_a_stream_is_told_each_event_once(desk):
    line = desk.stream()
    for _ in range(5):
        desk.source.add(3)
        desk.turns()
        desk.turns()
    assert line.positions() == list(range(1, 16))


def test_a_stream_begins_behind_the_position_that_it_names_and_tells_it(desk):
    desk.source.add(5)
    line = desk.stream(after=3)
    assert line.sent.startswith(b"retry: 2000\nid: 3\nevent: position\n")
    desk.turns()
    assert line.positions() == [4, 5]


def test_only_the_types_that_were_asked_for_come(desk):
    line = desk.stream(types=frozenset({"message.added"}))
    desk.source.add(2)
    desk.source.add(1, "message.added")
    desk.turns()
    assert line.positions() == [3]


def test_an_agent_is_told_of_tickets_that_they_may_read_and_of_no_others(desk):
    desk.source.owned = {"a": OURS, "b": THEIRS}
    line, everything = desk.stream(who=KIM), desk.stream()
    for _ in range(3):
        desk.source.add(1, ticket_id="a")
        desk.source.add(1, ticket_id="b")
    desk.turns()
    assert line.positions() == [1, 3, 5]
    assert everything.positions() == [1, 2, 3, 4, 5, 6]


def test_whose_tickets_are_is_asked_once_for_all_and_again_after_a_moment(desk):
    desk.source.owned = {"a": OURS}
    lines = [desk.stream(who=agent(name, "ours")) for name in ("kim", "lee", "jo")]
    desk.source.add(3, ticket_id="a")
    desk.turns()
    assert desk.source.looked_up == 1
    desk.source.owned = {"a": THEIRS}
    desk.clock.advance(3.1)
    desk.source.add(1, ticket_id="a")
    desk.turns()
    assert [line.positions() for line in lines] == [[1, 2, 3]] * 3


def test_who_gets_a_ticket_is_told_so_however_lately_it_was_looked_at(desk):
    desk.source.owned = {"a": THEIRS}
    line = desk.stream(who=KIM)
    desk.source.add(1, ticket_id="a")
    desk.turns()
    desk.source.owned = {"a": OURS}
    desk.source.add(1, ticket_id="a", before={"team_id": "theirs"}, after={"team_id": "ours"})
    desk.source.add(1, ticket_id="a")
    desk.turns()
    assert line.positions() == [2, 3]


def test_no_event_is_lost_for_those_with_few_rights_however_many_tickets_there_are(clock):
    desk = Desk(clock, most_owners=4)
    desk.source.owned = dict.fromkeys("abcdefgh", OURS)
    lines = [desk.stream(who=agent(name, "ours")) for name in ("kim", "lee")]
    for some in ("abc", "abcdef", "fgh"):
        for ticket_id in some:
            desk.source.add(1, ticket_id=ticket_id)
        desk.turns()
    assert [line.positions() for line in lines] == [list(range(1, 13))] * 2


def test_who_is_read_late_costs_no_other_their_events(clock):
    desk = Desk(clock, most_owners=4)
    desk.source.owned = dict.fromkeys("abcdefgh", OURS)
    for ticket_id in "efgh":
        desk.source.add(500, ticket_id=ticket_id)
    desk.source.add(2_000, ticket_id="a")
    desk.stream(after=4_000)
    desk.turns()
    late, present = desk.stream(who=KIM), desk.stream(after=4_000, who=KIM)
    for ticket_id in "abcd":
        desk.source.add(1, ticket_id=ticket_id)
    desk.turns()
    assert present.positions() == [4_001, 4_002, 4_003, 4_004]
    assert late.positions() == list(range(1, 4_005))


def test_many_events_come_in_bounded_writes(desk):
    desk.source.add(1_500, after={"tags": ["x" * 100] * 10})
    line = desk.stream()
    sizes, before = [], 0
    while desk.broadcast.turn():
        sizes.append(len(line.sent) - before)
        before = len(line.sent)
    assert line.positions() == list(range(1, 1_501))
    assert max(sizes) < MOST_WRITTEN + 2_000


# ---------------------------------------------------------------- those who come back


@pytest.mark.parametrize("after", [0, 1, 2_500, 4_000, 4_900, 5_999, 6_000])
def test_whoever_comes_back_goes_on_where_they_were_however_long_ago_that_is(desk, after):
    desk.source.add(6_000)
    desk.stream(after=6_000)
    desk.turns()
    line = desk.stream(after=after)
    desk.turns()
    assert line.positions() == list(range(after + 1, 6_001))


def test_those_who_come_back_after_a_moment_cost_no_reading_each(desk):
    desk.source.add(5_000)
    desk.stream(after=5_000)
    desk.turns()
    before = desk.source.windows
    lines = [desk.stream(after=4_500) for _ in range(9)]
    desk.turns()
    assert all(len(line.positions()) == 500 for line in lines)
    assert desk.source.windows == before


def test_who_is_far_behind_holds_up_nobody(desk):
    desk.source.add(20_000)
    late, present = desk.stream(after=0), desk.stream(after=20_000)
    desk.broadcast.turn()
    desk.source.add(1)
    desk.broadcast.turn()
    assert present.positions() == [20_001]
    assert len(late.positions()) < 2_000
    desk.turns()
    assert late.positions() == list(range(1, 20_002))


def test_many_who_are_far_behind_all_arrive(desk):
    desk.source.add(5_000)
    lines = [desk.stream(after=0) for _ in range(9)]
    desk.turns()
    assert all(line.positions() == list(range(1, 5_001)) for line in lines)


def test_after_a_sleep_the_newest_are_read_and_not_all_that_came_meanwhile(desk):
    desk.stream(line=Line()).cut()
    desk.source.add(1)
    desk.turns()
    desk.source.add(50_000)
    before = desk.source.windows
    line = desk.stream(after=50_001)
    desk.turns()
    assert desk.source.windows - before <= recent.MOST_KEPT // recent.READ_AT_ONCE
    desk.source.add(1)
    desk.turns()
    assert line.positions() == [50_002]


def test_random_disconnects_lose_nothing_and_tell_nothing_twice(desk):
    chance = random.Random(7)
    desk.source.owned = {"a": OURS, "b": THEIRS}
    line, came = desk.stream(who=KIM), []
    for _ in range(300):
        for _ in range(chance.randrange(60)):
            desk.source.add(1, ticket_id=chance.choice("ab"))
        for _ in range(chance.randrange(3)):
            desk.broadcast.turn()
        if chance.random() < 0.5:
            came += line.positions()
            *_, last = line.told()
            line.cut()
            line = desk.stream(after=last[1]["position"], who=KIM)
    desk.turns()
    came += line.positions()
    assert came == [event.position for event in desk.source.events if event.ticket_id == "a"]


# ---------------------------------------------------------------- what was erased


@pytest.mark.parametrize("more", [0, 1_200])
def test_what_an_erasure_took_out_of_events_is_told_to_nobody_any_more(desk, more):
    present = desk.stream()
    desk.source.add(1_000, after={"tags": ["of Ada Lovelace"]})
    desk.turns()
    desk.source.events = [event(number + 1, after=None) for number in range(1_000)]
    desk.source.add(1, "customer.erased", ticket_id=None, subject_type="customer")
    desk.source.add(more)
    back = [desk.stream(after=after) for after in (0, 300, 999)]
    desk.turns()
    assert present.positions() == list(range(1, 1_002 + more))
    for after, line in zip((0, 300, 999), back, strict=True):
        assert b"Lovelace" not in line.sent
        assert line.positions() == list(range(after + 1, 1_002 + more))


def test_after_an_erasure_all_is_read_anew_once(desk):
    line = desk.stream()
    desk.source.add(1_000)
    desk.turns()
    desk.source.add(5, "customer.erased", ticket_id=None, subject_type="customer")
    desk.turns()
    before = desk.source.windows
    for _ in range(5):
        desk.source.add(1)
        desk.turns()
    assert desk.source.windows - before == 5
    assert line.positions() == list(range(1, 1_011))


# ---------------------------------------------------------------- quiet, slow and gone


def test_a_quiet_stream_is_told_that_it_is_alive(desk):
    line = desk.stream()
    for _ in range(3):
        desk.clock.advance(15)
        desk.turns()
    assert line.sent.count(HEARTBEAT) == 3


def test_a_busy_one_is_not(desk):
    line = desk.stream()
    for _ in range(5):
        desk.clock.advance(10)
        desk.source.add(1)
        desk.turns()
    assert HEARTBEAT not in line.sent


def test_one_who_sees_nothing_of_what_happens_learns_how_far_it_is(desk):
    desk.source.owned = {"b": THEIRS}
    line = desk.stream(who=KIM)
    desk.source.add(40, ticket_id="b")
    desk.turns()
    desk.clock.advance(15)
    desk.turns()
    assert line.positions() == []
    assert [told["position"] for _, told in line.told()] == [0, 40]


def test_a_slow_client_gets_no_more_until_it_has_taken_what_waits(desk):
    line, quick = desk.stream(line=Line(slow=True)), desk.stream()
    desk.source.add(2_000, after={"tags": ["x" * 100] * 10})
    desk.turns()
    assert MOST_UNSENT <= line.unsent() < MOST_UNSENT + MOST_WRITTEN + 2_000
    assert len(quick.positions()) == 2_000
    while len(line.positions()) < 2_000:
        line.taken = len(line.sent)
        desk.turns()
    assert line.positions() == list(range(1, 2_001))


def test_a_client_that_takes_nothing_is_cut_off_and_one_that_takes_little_is_not(desk):
    stuck, slow = desk.stream(line=Line(slow=True)), desk.stream(line=Line(slow=True))
    desk.source.add(10)
    for _ in range(7):
        desk.turns()
        desk.clock.advance(5)
        slow.taken += 100
    desk.turns()
    assert stuck.was_cut
    assert not slow.was_cut
    assert len(desk.broadcast) == 1


def test_the_place_of_one_who_has_gone_is_free(desk):
    lines = [desk.stream() for _ in range(10)]
    with pytest.raises(Busy):
        desk.broadcast.check_room("agent:kim")
    lines[3].was_cut = True
    desk.turns()
    desk.broadcast.check_room("agent:kim")


def test_a_stream_beyond_the_most_ends_at_once(desk):
    lines = [desk.stream() for _ in range(11)]
    assert [line.ended for line in lines] == [False] * 10 + [True]


def test_one_caller_does_not_get_all_the_places(clock):
    desk = Desk(clock, most=200)
    for _ in range(MOST_OF_ONE_CALLER):
        desk.stream(who=KIM)
    with pytest.raises(Throttled):
        desk.broadcast.check_room("agent:kim")
    desk.broadcast.check_room("agent:lee")


# ---------------------------------------------------------------- rights that change


def test_whoever_may_no_longer_watch_is_ended_before_they_are_told_more(desk):
    line, other = desk.stream(who=KIM), desk.stream()
    desk.standing.gone.add("agent:kim")
    desk.clock.advance(2)
    desk.source.add(1)
    desk.turns()
    assert line.ended
    assert line.positions() == []
    assert other.positions() == [1]


def test_who_leaves_a_team_sees_its_tickets_no_more(desk):
    desk.source.owned = {"a": OURS}
    line = desk.stream(who=KIM)
    desk.standing.callers["agent:kim"] = agent("kim")
    desk.clock.advance(2)
    desk.source.add(1, ticket_id="a")
    desk.turns()
    assert line.positions() == []
    assert not line.ended


def test_rights_are_asked_for_all_at_once_and_not_in_every_turn(desk):
    for name in ("kim", "lee", "jo"):
        desk.stream(who=agent(name))
    for _ in range(10):
        desk.clock.advance(0.5)
        desk.turns()
    assert desk.standing.asked == 3


# ---------------------------------------------------------------- those who wait


def test_who_waits_is_called_by_the_first_event_that_they_see(desk):
    desk.source.owned = {"a": OURS, "b": THEIRS}
    manager, kim = waiting(desk), waiting(desk, viewer=Viewer.of(KIM))
    typed = waiting(desk, types=frozenset({"message.added"}))
    desk.source.add(1, ticket_id="b")
    desk.turns()
    assert [one.landing.done() for one in (manager, kim, typed)] == [True, False, False]
    desk.source.add(1, "message.added", ticket_id="a")
    desk.turns()
    assert [one.landing.done() for one in (manager, kim, typed)] == [True, True, True]
    assert len(desk.broadcast) == 0


def test_who_begins_to_wait_after_it_came_is_called_all_the_same(desk):
    desk.source.add(3)
    desk.turns()
    late, present = waiting(desk, after=2), waiting(desk, after=3)
    desk.turns()
    assert (late.landing.done(), present.landing.done()) == (True, False)


def test_who_has_waited_long_enough_takes_no_place(desk):
    waiting(desk, wait_s=5)
    desk.clock.advance(5)
    desk.turns()
    assert len(desk.broadcast) == 0


# ---------------------------------------------------------------- the end, and outages


def test_at_the_end_all_streams_end_and_all_who_wait_are_called(desk):
    lines, one = [desk.stream() for _ in range(3)], waiting(desk)
    desk.broadcast.end_all()
    assert all(line.ended and not line.was_cut for line in lines)
    assert one.landing.done()
    assert desk.stream().ended
    assert not desk.broadcast.wait(one)


def test_the_end_waits_for_no_slow_client(desk):
    line = desk.stream(line=Line(slow=True))
    desk.broadcast.end_all()
    assert line.was_cut


def test_while_the_database_is_away_streams_live_and_then_go_on(desk):
    line = desk.stream()
    desk.source.add(3)
    desk.source.away = True
    desk.clock.advance(15)
    desk.turns()
    assert line.positions() == []
    assert HEARTBEAT in line.sent
    desk.source.away = False
    desk.turns()
    assert line.positions() == [1, 2, 3]


def test_it_turns_by_itself_when_it_is_told_that_there_is_something(clock):
    desk = Desk(clock)
    desk.broadcast._by_itself = True  # a desk whose turns nobody else takes
    line = desk.stream()
    desk.source.add(1)
    one = waiting(desk, after=0)
    desk.broadcast.ring()
    one.landing.result(timeout=5)
    assert line.positions() == [1]
    desk.broadcast.end_all()


def test_an_admin_and_a_manager_are_told_the_same(desk):
    desk.source.add(2, "auth.signed_in", ticket_id=None, subject_type="agent", subject_id="lee")
    admin = desk.stream(who=agent("ada", role=Role.ADMIN))
    manager = desk.stream()
    desk.turns()
    assert admin.positions() == manager.positions() == [1, 2]
