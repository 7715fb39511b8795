"""Each committed event has its effect once, in order, whoever follows."""

from collections.abc import Sequence

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from service.database import Database
from service.events import MESSAGE_ADDED, TICKET_UPDATED
from service.feed.following import FedEvent, NotNow
from service.feed.models import FollowerPlace
from service.feed.relay import Relay
from service.feed.services import BATCHES, Feed, Followers
from tests.service.feed.desks import Reader, happen, record
from tests.service.persistence.rows import NOON


@pytest.fixture
def followers(database: Database) -> Followers:
    return Followers(database, Feed(), Relay(database))


def test_a_follower_hears_of_each_event_once_and_in_order(database: Database, followers: Followers) -> None:
    reader = Reader()
    followers.add(reader)
    happen(database, "t1", "t2")
    followers.catch_up()
    with database.writing() as session:
        record(session, "t3", status="open")
    followers.catch_up()
    assert reader.positions() == [1, 2, 3]
    assert reader.tickets() == ["t1", "t2", "t3"]
    assert (reader.told[2].after, reader.told[2].at) == ({"status": "open"}, NOON)


def test_a_follower_hears_of_its_types_alone_and_goes_on(database: Database, followers: Followers) -> None:
    reader = Reader(types=frozenset({MESSAGE_ADDED.name}))
    followers.add(reader)
    happen(database, "t1")
    followers.catch_up()
    assert reader.told == []
    with database.reading() as session:
        assert followers.position(session, "reader") == 1
    assert followers.idle("reader")


def test_one_that_follows_from_now_on_hears_nothing_of_before(
    database: Database, followers: Followers
) -> None:
    happen(database, "before")
    reader = Reader()
    followers.add(reader, from_now=True)
    followers.catch_up()
    happen(database, "after")
    followers.catch_up()
    assert reader.tickets() == ["after"]


def test_one_that_wants_none_passes_them_and_hears_of_what_comes_later(
    database: Database, followers: Followers
) -> None:
    reader, wants = Reader(), False
    followers.add(reader, wants=lambda session: wants)
    happen(database, "unheard")
    followers.catch_up()
    assert followers.behind() == {"reader": 0}
    wants = True
    happen(database, "heard")
    followers.catch_up()
    assert reader.tickets() == ["heard"]


def test_one_whose_place_was_taken_away_gets_another(database: Database, followers: Followers) -> None:
    reader = Reader()
    followers.add(reader)
    happen(database, "t1")
    followers.catch_up()
    with database.writing() as session:
        session.execute(delete(FollowerPlace))
    followers.catch_up()
    followers.catch_up()
    assert reader.positions() == [1, 1]


def test_a_follower_can_begin_again(database: Database, followers: Followers) -> None:
    reader = Reader()
    followers.add(reader)
    happen(database, "t1", "t2")
    followers.catch_up()
    followers.begin_at("reader", 1)
    followers.catch_up()
    assert reader.positions() == [1, 2, 2]


class Hesitant(Reader):
    """Cannot take anything before it was asked twice, but writes something down each time."""

    asked = 0

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        self.asked += 1
        record(session, f"asked {self.asked}", kind=MESSAGE_ADDED)
        if self.asked < 3:
            raise NotNow
        super().follow(session, events)


def test_one_that_cannot_take_it_now_is_told_the_same_later_and_what_it_wrote_stays(
    database: Database, followers: Followers
) -> None:
    reader = Hesitant(types=frozenset({TICKET_UPDATED.name}))
    followers.add(reader)
    happen(database, "t1", "t2")
    Relay(database).number()
    assert [followers.advance("reader") for _ in range(3)] == [0, 0, 2]
    assert reader.tickets() == ["t1", "t2"]
    assert Relay(database).number() == 3


class Failing(Reader):
    """Records an event of its own for each, and fails at one."""

    at: str | None = None

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        for event in events:
            if event.type == TICKET_UPDATED.name:
                record(session, f"made of {event.ticket_id}", kind=MESSAGE_ADDED)
            if event.ticket_id == self.at:
                raise ZeroDivisionError
        super().follow(session, events)


def test_one_that_fails_leaves_nothing_and_is_told_the_same_again(
    database: Database, followers: Followers
) -> None:
    failing, other = Failing("failing"), Reader("other")
    failing.at = "t2"
    followers.add(failing)
    followers.add(other)
    happen(database, "t1", "t2")
    with pytest.raises(ZeroDivisionError):
        followers.catch_up()
    followers.advance("other")
    assert (failing.told, other.tickets()) == ([], ["t1", "t2"])
    failing.at = None
    followers.catch_up()
    assert failing.tickets() == other.tickets() == ["t1", "t2", "made of t1", "made of t2"]


def test_of_two_at_once_one_follows(database: Database) -> None:
    """On PostgreSQL: SQLite lets nobody else write meanwhile."""
    if database.engine.dialect.name == "sqlite":
        return
    theirs, ours = (Followers(database, Feed(), Relay(database)) for _ in range(2))

    class Meanwhile(Reader):
        def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
            super().follow(session, events)
            assert ours.advance("reader") == 0

    there, here = Meanwhile(), Reader()
    theirs.add(there)
    ours.add(here)
    happen(database, "t1")
    theirs.catch_up()
    assert (there.tickets(), here.tickets()) == (["t1"], [])


def test_a_long_way_is_gone_in_several_runs(database: Database) -> None:
    followers = Followers(database, Feed(), Relay(database), batch=2)
    reader = Reader()
    followers.add(reader)
    many = 2 * BATCHES + 1
    happen(database, *(f"t{number}" for number in range(many)))
    Relay(database).number()
    assert followers.advance("reader") == 2 * BATCHES
    assert followers.advance("reader") == 1
    assert reader.positions() == list(range(1, many + 1))


def test_two_of_one_name_are_refused(followers: Followers) -> None:
    followers.add(Reader())
    with pytest.raises(ValueError, match="two followers"):
        followers.add(Reader())
