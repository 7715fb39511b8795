"""Who the customers are; on SQLite and PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.customers.services import CustomerChange, CustomerService, NewCustomer, Person
from service.database import Database
from service.errors import Conflict, NotFound
from service.events import StoredEvent

Statements = Callable[[], AbstractContextManager[list[str]]]

ADA = NewCustomer(
    id="ada",
    name="Ada",
    email="Ada@example.org",
    phone="+44 20 1",
    locale="en-GB",
    time_zone="Europe/London",
    external_ids={"quimbi": "7001"},
)


def events_of(database: Database) -> list[StoredEvent]:
    with database.reading() as session:
        return list(session.scalars(select(StoredEvent).order_by(StoredEvent.id)))


def test_a_person_is_told_as_known(customers: CustomerService) -> None:
    customers.create(ADA, actor="web")
    assert customers.person("ada") == Person("Ada", "Ada@example.org", "+44 20 1", "en-GB")
    with pytest.raises(NotFound):
        customers.person("nobody")


def test_names_of_many_come_in_one_query(
    database: Database, customers: CustomerService, statements: Statements
) -> None:
    customers.create(ADA, actor="web")
    customers.create(NewCustomer(id="bob"), actor="web")
    with database.reading() as session, statements() as seen:
        found = customers.people(session, ["ada", "bob", "nobody"])
    assert {key: person.name for key, person in found.items()} == {"ada": "Ada", "bob": None}
    assert found["ada"].reference.known_as("quimbi") == "7001"
    assert len([statement for statement in seen if statement.startswith("SELECT")]) == 1


def test_some_at_random_are_of_those_there_are(database: Database, customers: CustomerService) -> None:
    with database.reading() as session:
        assert customers.at_random(session, 2) == []
    made = {customers.create(NewCustomer(), actor="web").id for _ in range(5)}
    with database.reading() as session:
        several = [customers.at_random(session, 2) for _ in range(50)]
    assert all(len(set(some)) == 2 for some in several)
    assert {customer_id for some in several for customer_id in some} <= made


def test_an_id_that_is_taken_is_a_conflict_and_changes_nothing(
    database: Database, customers: CustomerService
) -> None:
    customers.create(ADA, actor="web")
    with pytest.raises(Conflict, match="ada"):
        customers.create(NewCustomer(id="ada", name="Eve"), actor="web")
    assert customers.read("ada").name == "Ada"
    assert len(events_of(database)) == 1


def test_a_customer_created_by_hand_tells_of_the_person_apart(
    database: Database, customers: CustomerService
) -> None:
    ref = customers.create(ADA, actor="web").ref
    (event,) = events_of(database)
    assert (event.type, event.subject_id, event.actor) == ("customer.created", ref, "web")
    assert event.after == {"locale": "en-GB", "time_zone": "Europe/London"}
    assert event.personal == {
        "name": "Ada",
        "email": "Ada@example.org",
        "phone": "+44 20 1",
        "external_ids": {"quimbi": "7001"},
    }


def test_a_change_tells_what_changed_and_of_the_person_apart(
    database: Database, customers: CustomerService, clock: FakeClock
) -> None:
    customers.create(ADA, actor="web")
    clock.advance(60)
    values = {"email": None, "locale": "de", "name": "Ada"}
    changed = customers.change("ada", CustomerChange(values=values), actor="api")
    assert (changed.updated_at, changed.name, changed.email) == (clock.now(), "Ada", None)
    _, event = events_of(database)
    assert (event.type, event.subject_id, event.actor) == ("customer.updated", changed.ref, "api")
    assert (event.before, event.after) == ({"locale": "en-GB"}, {"locale": "de"})
    assert event.personal == {"before": {"email": "Ada@example.org"}, "after": {"email": None}}


def test_a_change_that_changes_nothing_leaves_no_trace(
    database: Database, customers: CustomerService, clock: FakeClock
) -> None:
    made = customers.create(ADA, actor="web")
    clock.advance(60)
    customers.change("ada", CustomerChange(values={"name": "Ada"}), actor="web")
    assert customers.read("ada").updated_at == made.updated_at
    assert len(events_of(database)) == 1


def test_a_change_is_known_at_once_to_who_asks_for_the_reference(customers: CustomerService) -> None:
    customers.create(ADA, actor="web")
    assert customers.reference("ada").external_ids == {"quimbi": "7001"}
    customers.change("ada", CustomerChange(external_ids={"quimbi": "7002"}), actor="web")
    assert customers.reference("ada").external_ids == {"quimbi": "7002"}


def test_of_changes_at_once_to_other_keys_none_is_lost(customers: CustomerService) -> None:
    customers.create(ADA, actor="web")
    changes = [CustomerChange(preferences={f"p{number}": number}) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda change: customers.change("ada", change, actor="web"), changes))
    assert customers.read("ada").preferences == {f"p{number}": number for number in range(16)}


def test_many_who_need_the_same_customers_at_once_create_each_once(
    database: Database, customers: CustomerService
) -> None:
    ids = [f"c{number}" for number in range(20)]

    def ensure(wanted: list[str]) -> dict[str, str]:
        with database.writing() as session:
            return customers.ensure_all(session, wanted, actor="web")

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(ensure, [ids, ids[::-1]] * 4))
    assert all(refs == told[0] for refs in told)
    assert set(told[0]) == set(ids)
    assert len(events_of(database)) == 20
