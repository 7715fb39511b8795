"""What a process has in hand: a line one at a time, a target only so often at once."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from providers.testing.fakes import FakeClock
from service.outbox.channels import Delivery
from service.outbox.hand import Hand
from service.outbox.leasing import Taken
from tests.service.outbox.test_adding import fed

NOW: datetime = FakeClock().now()


def taken(position: int, target: str = "desk", ticket: str = "t1") -> Taken:
    event = fed(position, ticket_id=ticket)
    delivery = Delivery(
        id=f"dlv_{position}", event=event, channel="log", target=target, attempt=1, address={}
    )
    return Taken(delivery, NOW, NOW)


def test_of_a_line_one_at_a_time_and_in_order() -> None:
    hand = Hand(of_one_target=2)
    first, second = taken(1), taken(2)
    hand.add([first, second])
    assert hand.begin() is first
    assert hand.begin() is None
    assert hand.end(first, arrived=True) == []
    assert hand.begin() is second


def test_what_stood_behind_one_that_failed_leaves_the_hand() -> None:
    hand = Hand(of_one_target=2)
    first, second, other = taken(1), taken(2), taken(3, ticket="t2")
    hand.add([first, second, other])
    hand.begin()
    assert hand.end(first, arrived=False) == [second]
    assert hand.all() == [other]


def test_a_target_has_so_many_at_once_and_others_go_on() -> None:
    hand = Hand(of_one_target=1)
    slow, behind, quick = taken(1, "slow"), taken(2, "slow", "t2"), taken(3, "quick")
    hand.add([slow, behind, quick])
    assert (hand.begin(), hand.begin(), hand.begin()) == (slow, quick, None)
    hand.end(slow, arrived=True)
    assert hand.begin() is behind


def test_a_crowded_target_counts_for_itself_alone() -> None:
    hand = Hand(of_one_target=1)
    hand.add([taken(number, "slow", f"t{number}") for number in range(3)])
    hand.add([taken(9, "quick")])
    assert hand.crowded(3) == {"slow"}
    assert hand.moving(3) == 1


def test_once_closed_it_begins_nothing_and_gives_back_what_was_not_begun() -> None:
    hand = Hand(of_one_target=1)
    first, second, other = taken(1), taken(2), taken(3, "another")
    hand.add([first, second, other])
    hand.begin()
    assert set(hand.close()) == {second, other}
    assert hand.begin(wait=True) is None
    assert hand.end(first, arrived=True) == []
    assert hand.all() == []
    hand.open()
    hand.add([second])
    assert hand.begin() is second


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "begin", "arrive", "fail"]), st.integers(0, 2), st.integers(0, 2)
    ),
    max_size=60,
)


@given(STEPS)
def test_nothing_is_lost_and_every_line_keeps_its_order(steps: list[tuple[str, int, int]]) -> None:
    hand, at_work = Hand(of_one_target=2), []
    inside, begun, out = 0, [], 0
    for number, (step, target, ticket) in enumerate(steps):
        if step == "add":
            hand.add([taken(number, f"target-{target}", f"t{ticket}")])
            inside += 1
        elif step == "begin":
            if each := hand.begin():
                at_work.append(each)
                begun.append(each)
        elif at_work:
            each = at_work.pop(0)
            left = hand.end(each, arrived=step == "arrive")
            out += 1 + len(left)
        assert len(hand.all()) == inside - out
        assert len({each.line for each in at_work}) == len(at_work)
    for line in {each.line for each in begun}:
        positions = [each.delivery.event.position for each in begun if each.line == line]
        assert positions == sorted(positions)
