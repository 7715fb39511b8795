"""Each committed event has its effect once, in order, whoever follows."""

from collections.abc import Sequence

import pytest
from sqlalchemy.orm import Session

from service.database import Database
from service.events import TICKET_CREATED, TICKET_UPDATED, EventLog, about_ticket
from service.feed.following import FedEvent
from service.feed.services import Feed, Followers, Relay
from tests.service.persistence.rows import NOON


class Reader:
    """Writes down what it is told."""

    def __init__(self, name: str = "reader", types: frozenset[str] | None = None) -> None:
        self.name = name
        self.types = types
        self.told: list[FedEvent] = []

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        self.told += events

    def positions(self) -> list[int]:
        return [event.position for event in self.told]


@pytest.fixture
def followers(database: Database) -> Followers:
    return Followers(database, Feed(), Relay(database))


def happen(database: Database, *tickets: str) -> None:
    with database.writing() as session:
        for ticket_id in tickets:
            event = about_ticket(
                TICKET_CREATED, ticket_id, actor="agent:a", at=NOON, after={"status": "open"}
            )
            EventLog().record(session, event)


def test_a_follower_hears_of_each_event_once_and_in_order(database: Database, followers: Followers) -> None:
    reader = Reader()
    followers.add(reader)
    happen(database, "t1", "t2")
    followers.catch_up()
    happen(database, "t3")
    followers.catch_up()
    assert reader.positions() == [1, 2, 3]
    assert [event.ticket_id for event in reader.told] == ["t1", "t2", "t3"]
    assert reader.told[0].after == {"status": "open"}
    assert reader.told[0].at == NOON


def test_a_follower_hears_of_its_types_alone_and_goes_on(database: Database, followers: Followers) -> None:
    reader = Reader(types=frozenset({TICKET_UPDATED.name}))
    followers.add(reader)
    happen(database, "t1")
    followers.catch_up()
    assert reader.told == []
    with database.reading() as session:
        assert followers.position(session, "reader") == 1


def test_one_that_follows_from_now_on_hears_nothing_of_before(
    database: Database, followers: Followers
) -> None:
    happen(database, "before")
    reader = Reader()
    followers.add(reader, from_now=True)
    followers.catch_up()
    happen(database, "after")
    followers.catch_up()
    assert [event.ticket_id for event in reader.told] == ["after"]


def test_a_follower_can_begin_again(database: Database, followers: Followers) -> None:
    reader = Reader()
    followers.add(reader)
    happen(database, "t1", "t2")
    followers.catch_up()
    followers.begin_at("reader", 1)
    followers.catch_up()
    assert reader.positions() == [1, 2, 2]
