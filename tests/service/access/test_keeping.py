"""Sessions and keys as both databases keep them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from service.access import queries
from service.access.models import ApiKey, RefreshToken, StoredSession
from service.access.passwords import Passwords
from service.access.secrets import digest
from service.access.services import ApiKeys, NewKey
from service.events import EventLog
from service.permissions import Scope, granted_to
from tests.service.persistence.rows import NOON, agent, api_key, refresh_token, session

EVERYTHING = granted_to(frozenset(Scope))


@pytest.fixture
def kim(database):
    kim = agent()
    with database.writing() as writing:
        writing.add(kim)
    return kim.id


def keep(database, *rows):
    with database.writing() as writing:
        for row in rows:
            writing.add(row)
            writing.flush()


def counted(database, model):
    with database.reading() as reading:
        return reading.scalar(select(func.count()).select_from(model))


def test_a_refresh_token_is_used_once(database, kim):
    shift = session(agent(id=kim), expires_at=NOON + timedelta(days=1))
    token = refresh_token(shift)
    keep(database, shift, token)
    for expected in (shift.id, None):
        with database.writing() as writing:
            used = queries.use_refresh_token(writing, token.sha256, NOON)
            assert (used.session_id if used else None) == expected


def test_a_session_is_going_until_it_ends_or_its_time_is_over(database, kim):
    ends, over = (session(agent(id=kim), expires_at=NOON + timedelta(days=1)) for _ in range(2))
    keep(database, ends, over)
    with database.reading() as reading:
        assert queries.going(reading, ends.id, NOON).agent_id == kim
        assert queries.going(reading, over.id, NOON + timedelta(days=1)) is None
    with database.writing() as writing:
        assert queries.end_session(writing, ends.id, because="signed_out", at=NOON) == kim
        assert queries.end_session(writing, ends.id, because="signed_out", at=NOON) is None
    with database.reading() as reading:
        assert queries.going(reading, ends.id, NOON) is None


def test_sessions_that_are_over_are_pruned_with_their_tokens(database, kim):
    old, new = (session(agent(id=kim), expires_at=NOON + timedelta(days=days)) for days in (1, 9))
    keep(database, old, new, refresh_token(old), refresh_token(old), refresh_token(new))
    with database.writing() as writing:
        assert queries.prune_sessions(writing, NOON + timedelta(days=5)) == 1
        assert queries.prune_sessions(writing, NOON + timedelta(days=5)) == 0
    assert (counted(database, StoredSession), counted(database, RefreshToken)) == (1, 1)


def test_a_password_and_an_invitation_take_the_place_of_the_old_one(database, kim):
    hashes = Passwords(1)
    for password in ("quiet lanterns over the harbour", "seven herons near the old mill"):
        kept = hashes.hashed(password)
        with database.writing() as writing:
            queries.keep_password(writing, kim, kept, NOON)
        with database.reading() as reading:
            assert queries.password_hash(reading, kim) == kept
    for number in range(2):
        with database.writing() as writing:
            queries.keep_invitation(
                writing, kim, sha256=str(number), created_by="x", created_at=NOON, expires_at=NOON
            )
    with database.writing() as writing:
        assert queries.invited(writing, "1", NOON) is None
        assert queries.invited(writing, "1", NOON - timedelta(seconds=1)) == kim
        assert not queries.take_invitation(writing, "0")
        assert queries.take_invitation(writing, "1")


def test_a_key_is_found_by_its_hash_unless_it_is_over(database, clock):
    keys = ApiKeys(database, EventLog(), clock)
    made = keys.create(
        NewKey(name="web", scopes=frozenset({"form"}), origins=frozenset({"https://a.example"})),
        actor="cli:kim",
        grants=EVERYTHING,
    )
    found = keys.find(digest(made.secret))
    assert (found.name, found.scopes, found.origins) == ("web", {"form"}, {"https://a.example"})
    assert keys.find(digest(made.secret + "x")) is None
    keys.revoke(made.key.id, actor="cli:kim")
    assert keys.find(digest(made.secret)) is None


def test_uses_are_written_once_and_never_back_in_time(database, clock):
    earlier, later = NOON, NOON + timedelta(hours=1)
    key = api_key(last_used_at=later)
    keep(database, key)
    with database.writing() as writing:
        queries.note_uses(writing, {key.id: earlier, "key_gone": later})
    with database.reading() as reading:
        assert reading.get(ApiKey, key.id).last_used_at == later
