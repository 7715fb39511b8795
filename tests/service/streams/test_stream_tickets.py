"""Tickets that open streams: ours, in time, and each for one stream, over all processes."""

import jwt
import pytest

from service.access.standing import Identity
from service.access.tokens import AccessTokens
from service.permissions import Role
from service.streams import queries
from service.streams.models import UsedStreamTicket
from service.streams.stream_tickets import StreamTickets

SECRET = "s" * 32
KIM = Identity(caller_id="agent:kim", agent_id="kim", session_id="session_1", role=Role.SENIOR_AGENT)
KEY = Identity(caller_id="key:web")


@pytest.fixture
def tickets(database, clock):
    return StreamTickets(SECRET, database, clock)


@pytest.mark.parametrize("identity", [KIM, KEY], ids=["agent", "key"])
def test_a_ticket_tells_whom_it_was_given_to(tickets, identity):
    assert tickets.redeem(tickets.issue(identity)) == identity


def test_a_ticket_is_good_once_whichever_process_it_comes_to(tickets, database, clock):
    ticket = tickets.issue(KIM)
    another = StreamTickets(SECRET, database, clock)
    assert another.redeem(ticket) == KIM
    assert another.redeem(ticket) is None
    assert tickets.redeem(ticket) is None
    assert tickets.redeem(tickets.issue(KIM)) == KIM


def test_used_tickets_are_forgotten_once_they_are_over(tickets, database, clock):
    for _ in range(3):
        tickets.redeem(tickets.issue(KEY))
    with database.writing() as session:
        assert queries.prune_used(session, clock.now()) == 0
    clock.advance(70)
    with database.writing() as session:
        assert queries.prune_used(session, clock.now()) == 3
        assert session.query(UsedStreamTicket).count() == 0


class NoDatabase:
    """Whoever is refused before costs no statement."""


@pytest.fixture
def bare(clock):
    return StreamTickets(SECRET, NoDatabase(), clock)


@pytest.mark.parametrize("seconds", [66, 3_600])
def test_after_a_minute_it_is_over(bare, clock, seconds):
    ticket = bare.issue(KEY)
    clock.advance(seconds)
    assert bare.redeem(ticket) is None


def test_what_others_signed_and_what_is_changed_is_refused(bare, clock):
    ticket = bare.issue(KIM)
    head, claims, signature = ticket.split(".")
    unsigned = jwt.encode(jwt.decode(ticket, options={"verify_signature": False}), "", algorithm="none")
    for wrong in (
        StreamTickets("t" * 32, NoDatabase(), clock).issue(KIM),
        AccessTokens(SECRET, clock).issue("kim", "session_1"),
        unsigned,
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature[::-1]}",
        "x",
        "",
        "x" * 5_000,
        "\x00",
        "\ud800",
        ". . .",
    ):
        assert bare.redeem(wrong) is None


def test_a_ticket_is_no_access_token(bare, clock):
    assert AccessTokens(SECRET, clock).read(bare.issue(KIM)) is None


def test_a_ticket_of_the_future_is_none(bare, clock):
    ahead = type(clock)()
    ahead.advance(3_600)
    assert bare.redeem(StreamTickets(SECRET, NoDatabase(), ahead).issue(KIM)) is None
