"""Policies and calendars that several change at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import DeskError
from service.events import EventLog
from service.sla import queries
from service.sla.services import CalendarService, NewCalendar, NewPolicy, PolicyBook, PolicyService
from tests.service.sla.test_policy_book import VALUES

FIRST = ["policy_urgent", "policy_high", "policy_normal", "policy_low"]
AT_ONCE = 8


@pytest.fixture
def services(database, clock):
    book = PolicyBook(database, clock)
    return PolicyService(database, EventLog(), book, clock), CalendarService(
        database, EventLog(), book, clock
    )


def at_once(calls):
    """What each came to: what it gave, or how it was refused."""

    def outcome(call):
        try:
            return call()
        except DeskError as refused:
            return refused

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def test_each_new_policy_gets_a_place_of_its_own(database, services):
    policies, _ = services
    made = at_once(
        [
            lambda name=f"VIP {number}": policies.create(
                NewPolicy(values=VALUES | {"name": name}), actor="cli:kim"
            )
            for number in range(AT_ONCE)
        ]
    )
    with database.reading() as session:
        kept = queries.policies_in_order(session)
    assert {policy.id for policy in made} | set(FIRST) == {policy.id for policy in kept}
    assert [policy.position for policy in kept] == list(range(1, AT_ONCE + 5))
    assert [policy.id for policy in kept[-4:]] == FIRST


def test_a_calendar_that_is_deleted_takes_no_policy_with_it(database, services):
    policies, calendars = services
    office = calendars.create(NewCalendar(name="Office", time_zone="UTC", hours={}), actor="cli:kim")

    def create(name):
        values = VALUES | {"name": name, "calendar_id": office.id}
        return policies.create(NewPolicy(values=values), actor="cli:kim")

    calls = [lambda name=f"VIP {number}": create(name) for number in range(AT_ONCE)]
    at_once([*calls[:4], lambda: calendars.delete(office.id, actor="cli:kim"), *calls[4:]])
    with database.reading() as session:
        there = {row.id for row in queries.calendar_versions(session)}
        assert {policy.calendar_id for policy in queries.policies_in_order(session)} <= there


def test_of_two_of_one_name_one_is_refused(services):
    policies, calendars = services
    names = ["Same", "SAME"]
    made = at_once(
        [
            *(
                lambda name=name: calendars.create(
                    NewCalendar(name=name, time_zone="UTC", hours={}), actor="cli:kim"
                )
                for name in names
            ),
            *(
                lambda name=name: policies.create(NewPolicy(values=VALUES | {"name": name}), actor="cli:kim")
                for name in names
            ),
        ]
    )
    assert sorted(isinstance(one, DeskError) for one in made) == [False, False, True, True]
