"""What waits until people work, on both databases."""

import threading
from collections.abc import Callable
from datetime import timedelta

from service.database import Database
from service.events import SLA_BREACHED, SLA_WARNING, TICKET_ASSIGNED, EventLog
from service.feed.services import Feed
from service.notifications.digests import MOST_AT_ONCE
from service.notifications.holding import HeldNotices
from service.outbox.services import Outbox
from service.tickets.models import Ticket, TicketStatus
from tests.service.notifications.desks import MORNING, NIGHT, At, Desk, to
from tests.service.persistence import rows


def test_at_night_people_are_told_when_they_work_and_once(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.warning", "assignee", "managers", calendar_id="calendar_office")
    (event,) = desk.happens(SLA_WARNING)
    desk.follow(event)
    desk.follow(event)
    assert [notice.not_before for notice in desk.held()] == [MORNING, MORNING]
    assert desk.work_begins(MORNING - timedelta(seconds=1)) == 0
    assert desk.told() == set()
    assert desk.work_begins(MORNING) == 2
    assert desk.work_begins(MORNING) == 0
    assert (desk.told(), desk.held()) == (to(desk.kim, desk.max), [])
    assert desk.occasions() == {"sla.warning"}
    assert {entry.next_attempt_at for entry in desk.entries()} == {MORNING}


def test_what_waited_together_is_one_digest_though_it_happened_over_a_night(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "managers", calendar_id="calendar_office")
    desk.rule("sla.warning", "assignee", "managers", calendar_id="calendar_office")
    desk.rule("ticket.assigned", "managers")
    for _ in range(4):
        desk.follow(*desk.happens(SLA_BREACHED, 2), *desk.happens(SLA_WARNING))
    desk.follow(*desk.happens(TICKET_ASSIGNED))
    assert desk.occasions() == {"ticket.assigned"}
    desk.work_begins(MORNING)
    digests = [entry for entry in desk.entries() if entry.address and "digest" in entry.address]
    assert [(entry.target, entry.address) for entry in digests] == [
        (desk.max.id, {"digest": {"sla.breached": 8, "sla.warning": 4}})
    ]
    assert desk.occasions(desk.kim) == {"sla.warning"}
    assert len(desk.entries()) == 2 + 4


def test_of_what_is_settled_by_the_morning_nobody_hears(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee", calendar_id="calendar_office")
    others = [rows.ticket(desk.ada, assigned_to=desk.kim.id) for _ in range(MOST_AT_ONCE)]
    with database.writing() as session:
        session.add_all(others)
    desk.follow(*desk.happens(SLA_BREACHED), *(desk.happens(SLA_BREACHED, 1, one)[0] for one in others))
    with database.writing() as session:
        session.get_one(Ticket, desk.ticket.id).status = TicketStatus.RESOLVED
        session.get_one(Ticket, others[0].id).deleted_at = NIGHT
    assert desk.work_begins(MORNING) == MOST_AT_ONCE + 1
    assert {entry.ticket_id for entry in desk.entries()} == {one.id for one in others[1:]}
    assert desk.occasions() == {"sla.breached"}


def test_what_nobody_took_on_for_a_day_after_its_hour_is_told_to_nobody(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee", calendar_id="calendar_office")
    desk.follow(*desk.happens(SLA_BREACHED))
    assert desk.work_begins(MORNING + timedelta(hours=25)) == 1
    assert (desk.entries(), desk.held()) == ([], [])


def test_two_that_look_at_once_tell_what_was_held_once(
    database: Database, migrated_url: str, open_database: Callable[[str], Database]
) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee", "managers", calendar_id="calendar_office")
    desk.follow(*desk.happens(SLA_BREACHED, MOST_AT_ONCE + 1))
    together = threading.Barrier(2)

    def look(of: Database) -> None:
        outbox = Outbox(of, Feed(), EventLog(), At(MORNING))
        held = HeldNotices(of, Feed(), outbox, At(MORNING), max_age=timedelta(hours=1))
        together.wait()
        held.run()

    those = (database, open_database(migrated_url))
    threads = [threading.Thread(target=look, args=(one,)) for one in those]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.address for entry in desk.entries()] == [{"digest": {"sla.breached": MOST_AT_ONCE + 1}}] * 2
    assert desk.held() == []
