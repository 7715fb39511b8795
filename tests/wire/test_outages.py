"""What an outage must not leave behind."""

import pytest
from sqlalchemy import func, select

from providers.errors import Unreachable
from providers.fallback.provider import FallbackProvider
from providers.interface import GuardPolicy
from providers.models import Capability
from providers.testing.fakes import FakeClock, ScriptedProvider
from service.database import Database, DatabaseUnavailable
from service.intelligence.history import DeskHistory
from service.intelligence.models import StoredRecommendation
from service.wiring import Substitutes
from tests.wire.cases import new_case
from tests.wire.conftest import StartDesk


@pytest.fixture
def provider() -> ScriptedProvider:
    policy = GuardPolicy(cached=False)
    return ScriptedProvider("quimbi", clock=FakeClock(), policy=policy)


def with_a_fallback(start_desk: StartDesk, provider: ScriptedProvider, **environment: str):
    substitutes = Substitutes(providers=[provider, FallbackProvider(FakeClock())])
    return start_desk(substitutes, **environment)


def test_what_was_completed_stays_so_through_an_outage(
    provider: ScriptedProvider, start_desk: StartDesk, migrated_url: str
) -> None:
    case = new_case(with_a_fallback(start_desk, provider, DATABASE_URL=migrated_url))
    words = case.answer("recommendation")["actions"][0]["action"]
    assert case.tick_off(0).status_code == 200

    provider.script(Capability.RECOMMEND, Unreachable())
    case.write("Are you still there?", from_agent=False)
    assert case.answer("recommendation")["provenance"]["degraded"]

    provider.script(Capability.RECOMMEND)
    again = case.answer("recommendation")["actions"][0]
    assert (again["action"], again["completed"]) == (words, True)


def test_an_outage_leaves_one_recommendation_behind_however_often_it_is_read(
    provider: ScriptedProvider, start_desk: StartDesk
) -> None:
    case = new_case(with_a_fallback(start_desk, provider))
    provider.script(Capability.RECOMMEND, Unreachable())
    for _ in range(4):
        assert case.answer("recommendation")["provenance"]["degraded"]
    with case.desk.component(Database).reading() as session:
        stored = session.scalar(select(func.count()).where(StoredRecommendation.ticket_id == case.ticket_id))
    assert stored == 1


class Away:
    def recent_orders(self, customer_id, *, limit):
        raise DatabaseUnavailable

    recent_contacts = recent_orders


def test_a_database_that_is_away_is_no_fault_of_the_provider_that_reads_history() -> None:
    history = DeskHistory(Away(), Away())
    assert [history.recent_orders("c", limit=1), history.recent_contacts("c", limit=1)] == [(), ()]
