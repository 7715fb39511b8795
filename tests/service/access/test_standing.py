"""Those who were let in a while ago: who would still be."""

from datetime import timedelta

import pytest

from service.access.standing import Identity, StandingCallers
from service.agents.services import AgentDirectory
from service.http.callers import BootstrapCallers
from service.permissions import Permission, Reach, Role
from service.settings import BootstrapKey
from tests.service.persistence import rows


@pytest.fixture
def standing(database, clock):
    web = BootstrapKey("web", frozenset({"desk"}), "0" * 64)
    directory = AgentDirectory(database, clock)
    return StandingCallers(
        database, BootstrapCallers([web], anonymous_on=None), directory=directory, clock=clock
    )


@pytest.fixture
def kim(database, clock):
    later = clock.now() + timedelta(hours=1)
    with database.writing() as session:
        kim = rows.agent()
        session.add(kim)
        session.flush()
        sitting = rows.session(kim, expires_at=later)
        session.add(sitting)
    return Identity(caller_id=f"agent:{kim.id}", agent_id=kim.id, session_id=sitting.id, role=Role.AGENT)


def changed(database, kind, wanted, **values):
    with database.writing() as session:
        row = session.get(kind, wanted)
        for name, value in values.items():
            setattr(row, name, value)


def test_an_agent_whose_session_goes_on_is_who_they_were(standing, kim):
    caller = standing.still([kim])[kim]
    assert (caller.id, caller.role, caller.session_id) == (kim.caller_id, Role.AGENT, kim.session_id)
    assert caller.reach(Permission.TICKETS_READ) is Reach.TEAM


@pytest.mark.parametrize("what", ["deactivated", "another role", "signed out", "over"])
def test_who_is_not_what_they_were_is_no_longer_there(standing, kim, database, clock, what):
    if what == "deactivated":
        changed(database, rows.Agent, kim.agent_id, active=False)
    elif what == "another role":
        changed(database, rows.Agent, kim.agent_id, role="manager")
    elif what == "signed out":
        changed(
            database, rows.StoredSession, kim.session_id, ended_at=clock.now(), ended_because="signed_out"
        )
    else:
        clock.advance(3_601)
    assert standing.still([kim]) == {}


def test_keys_of_the_table_and_of_the_environment(standing, database, clock):
    good = rows.api_key()
    revoked = rows.api_key(revoked_at=clock.now())
    expired = rows.api_key(expires_at=clock.now() - timedelta(seconds=1))
    with database.writing() as session:
        session.add_all([good, revoked, expired])
    ids = [good.id, revoked.id, expired.id, "web", "nobody"]
    still = standing.still([Identity(caller_id=f"key:{key_id}") for key_id in ids])
    assert {identity.caller_id for identity in still} == {f"key:{good.id}", "key:web"}
    assert all(caller.reach(Permission.EVENTS_READ) is Reach.ANY for caller in still.values())


def test_whoever_sat_at_the_machine_is_there_only_in_development(standing, database, clock):
    anonymous = Identity(caller_id="anonymous")
    assert standing.still([anonymous]) == {}
    at_home = StandingCallers(
        database,
        BootstrapCallers([], anonymous_on="127.0.0.1"),
        directory=AgentDirectory(database, clock),
        clock=clock,
    )
    assert at_home.still([anonymous])[anonymous].role is Role.ADMIN


def test_nobody_is_asked_for_nobody(standing):
    assert standing.still([]) == {}
