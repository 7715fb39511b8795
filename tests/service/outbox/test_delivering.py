"""Each delivery arrives at least once, in the order of its ticket, whatever fails meanwhile."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs

from providers.testing.fakes import FakeClock
from service.events import StoredEvent
from service.outbox.backoff import Backoff
from service.outbox.channels import Delivery, DeliveryFailed, TargetGone
from service.outbox.leasing import EACH, LEASE, LONGEST
from service.outbox.models import State
from tests.service.outbox.conftest import Always, Office, Receiver


def failing(times: int = 1, **options: object) -> list[Exception]:
    return [DeliveryFailed("http_status_503", **options) for _ in range(times)]  # type: ignore[arg-type]  # of mixed types


def test_what_is_added_arrives_with_its_event(office: Office, receiver: Receiver) -> None:
    office.send("t1", target="endpoint_1", address={"url": "https://shop.example"})
    assert office.dispatcher(receiver).deliver_due() == 1
    (delivery,) = receiver.arrived
    assert (delivery.event.ticket_id, delivery.event.position) == ("t1", 1)
    assert (delivery.target, delivery.attempt) == ("endpoint_1", 1)
    assert delivery.address == {"url": "https://shop.example"}
    (row,) = office.rows()
    assert (row.state, row.id, row.attempts) == (State.DELIVERED, delivery.id, 1)
    assert (row.ended_at, row.leased_until, row.holder) == (office.clock.now(), None, None)
    assert office.dispatcher(receiver).deliver_due() == 0


def test_one_that_fails_is_tried_again_later_and_later(
    office: Office, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.refusals["t1"] = failing(2)
    office.send("t1")
    dispatcher = office.dispatcher(receiver)
    for wait_s in (5, 10):  # half of 10 s, half of 20 s: the chance is 0.5
        assert dispatcher.deliver_due() == 1
        clock.advance(wait_s - 1)
        assert dispatcher.deliver_due() == 0
        clock.advance(1)
    assert office.rows()[0].last_error == "http_status_503"
    assert dispatcher.deliver_due() == 1
    assert [delivery.attempt for delivery in receiver.arrived] == [3]
    assert office.rows()[0].last_error is None


def test_a_receiver_that_says_when_is_asked_no_sooner(
    office: Office, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.refusals["t1"] = failing(retry_after_s=60)
    office.send("t1")
    dispatcher = office.dispatcher(receiver)
    dispatcher.deliver_due()
    clock.advance(59)
    assert dispatcher.deliver_due() == 0
    clock.advance(1)
    assert dispatcher.deliver_due() == 1


@pytest.mark.parametrize("refusal", [DeliveryFailed("http_status_400", retryable=False), TargetGone()])
def test_what_cannot_arrive_is_a_dead_letter_at_once(
    office: Office, receiver: Receiver, refusal: Exception
) -> None:
    receiver.refusals["t1"] = [refusal]
    office.send("t1")
    office.dispatcher(receiver).deliver_due()
    assert office.states() == ["dead"]
    assert office.rows()[0].last_error in {"http_status_400", "target_gone"}


def test_what_fails_for_too_long_is_a_dead_letter(
    office: Office, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.refusals["t1"] = failing(1_000)
    office.send("t1")
    dispatcher = office.dispatcher(receiver)
    for _ in range(26):
        dispatcher.deliver_due()
        clock.advance(3_600)
    (row,) = office.rows()
    assert row.state is State.DEAD
    assert row.ended_at is not None
    assert timedelta(days=1) <= row.ended_at - row.created_at <= timedelta(days=1, hours=1)


@pytest.mark.usefixtures("plain_logging")
def test_a_channels_defect_is_a_failure_that_may_pass(office: Office, receiver: Receiver) -> None:
    receiver.refusals["t1"] = [ZeroDivisionError()]
    office.send("t1")
    with capture_logs() as logs:
        office.dispatcher(receiver).deliver_due()
    assert office.states() == ["pending"]
    assert office.rows()[0].last_error == "ZeroDivisionError"
    assert [entry["event"] for entry in logs] == ["delivery_broke", "delivery_failed"]


# ---------------------------------------------------------------- order


def test_what_follows_of_a_ticket_waits_for_what_failed(
    office: Office, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.refusals["t1"] = failing(2)
    office.send("t1", "t2", "t1", "t1")
    dispatcher = office.dispatcher(receiver)
    dispatcher.deliver_due()
    assert receiver.told() == [("t2", 2)]
    for _ in range(40):
        clock.advance(1)
        dispatcher.deliver_due()
    assert receiver.told() == [("t2", 2), ("t1", 1), ("t1", 3), ("t1", 4)]


def test_what_follows_of_a_ticket_waits_while_another_process_delivers(
    office: Office, receiver: Receiver
) -> None:
    office.send("t1", "t1", "t2")
    other = office.dispatcher(Receiver())
    attempts: list[int] = []
    receiver.meanwhile = lambda _: attempts.append(other.deliver_due())
    ours = office.leasing()
    (group,) = ours.take("log")
    assert [each.delivery.event.position for each in group.taken] == [1, 3]
    assert other.deliver_due() == 0
    ours.delivered("log", group.taken)
    assert other.deliver_due() == 1
    assert office.states() == ["delivered"] * 3


def test_other_targets_hear_of_a_ticket_meanwhile(office: Office, receiver: Receiver) -> None:
    receiver.refusals["t1"] = failing(1)
    office.send("t1", target="one")
    office.send("t1", target="another")
    office.dispatcher(receiver).deliver_due()
    assert [(each.target, each.event.position) for each in receiver.arrived] == [("another", 2)]


def test_a_dead_letter_holds_nothing_up(office: Office, receiver: Receiver) -> None:
    receiver.refusals["t1"] = failing(1, retryable=False)
    office.send("t1", "t1")
    office.dispatcher(receiver).deliver_due()
    assert office.states() == ["dead", "delivered"]


def test_one_that_waits_for_its_hour_holds_nothing_up(
    office: Office, receiver: Receiver, clock: FakeClock
) -> None:
    office.send("t1", not_before=clock.now() + timedelta(hours=9))
    office.send("t1")
    dispatcher = office.dispatcher(receiver)
    dispatcher.deliver_due()
    assert receiver.told() == [("t1", 2)]
    clock.advance(9 * 3600)
    dispatcher.deliver_due()
    assert receiver.told() == [("t1", 2), ("t1", 1)]


# ---------------------------------------------------------------- several processes


def test_of_two_processes_one_delivers(office: Office, receiver: Receiver) -> None:
    office.send("t1", "t2", "t3")
    other = Receiver()
    receiver.meanwhile = lambda _: office.dispatcher(other).deliver_due()
    office.dispatcher(receiver).deliver_due()
    assert (len(receiver.arrived), len(other.arrived)) == (3, 0)


def test_what_a_dead_process_had_is_delivered_after_its_lease(
    office: Office, receiver: Receiver, clock: FakeClock
) -> None:
    office.send("t1", "t1")
    office.leasing().take("log")
    dispatcher = office.dispatcher(receiver)
    assert dispatcher.deliver_due() == 0
    clock.advance(LEASE.total_seconds())
    dispatcher.deliver_due()
    assert receiver.told() == [("t1", 1), ("t1", 2)]
    assert receiver.arrived[0].attempt == 2


def test_who_comes_back_after_the_lease_changes_nothing(office: Office, clock: FakeClock) -> None:
    office.send("t1")
    slow, quick = office.leasing(), office.leasing()
    (late,) = [group.taken for group in slow.take("log")]
    clock.advance(LEASE.total_seconds())
    (taken,) = [group.taken for group in quick.take("log")]
    slow.failed("log", late[0], DeliveryFailed("gone", retryable=False))
    slow.release(late)
    assert office.rows()[0].leased_until == clock.now() + LEASE
    quick.delivered("log", taken)
    slow.failed("log", late[0], DeliveryFailed("gone", retryable=False))
    assert office.states() == ["delivered"]


def test_what_was_not_tried_is_given_back_as_it_was(office: Office) -> None:
    office.send("t1")
    ours = office.leasing()
    (group,) = ours.take("log")
    ours.release(group.taken)
    (row,) = office.rows()
    assert (row.attempts, row.leased_until, row.next_attempt_at) == (0, None, office.clock.now())
    assert office.leasing().any_due("log")


def test_nothing_is_begun_that_could_outlast_its_lease(
    office: Office, receiver: Receiver, clock: FakeClock
) -> None:
    """It is given back, and so may be taken by others; here they are the same."""
    receiver.meanwhile = lambda _: clock.advance(7)
    office.send("t1", "t2", "t3")
    ours = office.dispatcher(receiver)
    assert ours.deliver_due() == 4  # the third was taken twice
    assert receiver.told() == [("t1", 1), ("t2", 2), ("t3", 3)]
    assert [delivery.attempt for delivery in receiver.arrived] == [1, 1, 1]


def test_a_process_that_lives_keeps_what_it_has_but_not_for_ever(office: Office, clock: FakeClock) -> None:
    office.send("t1")
    ours, other = office.leasing(), office.leasing()
    groups = ours.take("log")
    while clock.now() - groups[0].since < LONGEST:
        clock.advance(10)
        ours.renew(groups)
        assert other.take("log") == []
    clock.advance(LEASE.total_seconds())
    ours.renew(groups)
    assert len(other.take("log")) == 1


def test_an_event_that_is_gone_is_a_dead_letter(office: Office, receiver: Receiver) -> None:
    office.send("t1")
    with office.database.writing() as session:
        session.execute(delete(StoredEvent))
    office.dispatcher(receiver).deliver_due()
    assert office.states() == ["dead"]
    assert office.rows()[0].last_error == "event_gone"


def test_groups_are_of_one_target_each_and_bounded(office: Office) -> None:
    for target in ("one", "another"):
        office.send(*(f"{target}-{number}" for number in range(EACH + 5)), target=target)
    groups = office.leasing().take("log", groups=3, room={"another": 0}, default_room=2)
    assert [len(group.taken) for group in groups] == [EACH, 5]
    assert {taken.delivery.target for group in groups for taken in group.taken} == {"one"}


# ---------------------------------------------------------------- threads


def test_a_channel_that_hangs_holds_up_no_other(office: Office) -> None:
    released, hangs, arrived = threading.Event(), threading.Event(), threading.Event()

    def hang(_: Delivery) -> None:
        hangs.set()
        released.wait(10)

    slow, quick = Receiver("slow", meanwhile=hang), Receiver("quick", meanwhile=lambda _: arrived.set())
    dispatcher = office.dispatcher(slow, quick)
    office.outbox.tell(dispatcher.call)
    dispatcher.start()
    office.send("t1", channel="slow")
    assert hangs.wait(5)
    office.send("t2", channel="quick")
    assert arrived.wait(5)
    released.set()
    assert dispatcher.stop()


def test_a_target_that_hangs_holds_up_no_other(office: Office) -> None:
    released, arrived = threading.Event(), threading.Event()

    def deliver(delivery: Delivery) -> None:
        if delivery.target == "slow":
            released.wait(10)
        else:
            arrived.set()

    dispatcher = office.dispatcher(Receiver(meanwhile=deliver), threads=2)
    office.outbox.tell(dispatcher.call)
    dispatcher.start()
    office.send(*(f"t{number}" for number in range(60)), target="slow")
    office.send("t", target="quick")
    assert arrived.wait(5)
    released.set()
    assert dispatcher.stop()


def test_what_stops_gives_back_what_it_has_not_begun(office: Office) -> None:
    released, hangs = threading.Event(), threading.Event()

    def hang(_: Delivery) -> None:
        hangs.set()
        released.wait(10)

    dispatcher = office.dispatcher(Receiver(meanwhile=hang))
    office.send("t1", "t2", "t3")
    dispatcher.start()
    assert hangs.wait(5)
    assert not dispatcher.stop(0.01)
    released.set()
    assert dispatcher.stop()
    assert office.states() == ["delivered", "pending", "pending"]
    assert [row.attempts for row in office.rows()] == [1, 0, 0]


# ---------------------------------------------------------------- when


def test_the_wait_doubles_up_to_the_longest() -> None:
    backoff = Backoff(first=timedelta(seconds=10), longest=timedelta(hours=4))
    most = [backoff.delay(attempt, Always(1.0)).total_seconds() for attempt in (1, 2, 3, 11, 12, 1_000)]
    assert most == [10, 20, 40, 10_240, 14_400, 14_400]
    assert backoff.delay(5, Always(0.0)) == timedelta(0)
