import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine

from providers.deadline import Deadline
from providers.errors import TimedOut
from providers.interface import GuardPolicy, ProviderHealth
from providers.models import AnalysisRequest, Capability, CustomerIntelligence
from providers.testing.fakes import FakeClock, ScriptedProvider
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.database import normalise_url, upgrade
from service.health.services import HANGING_S
from service.intelligence.outcomes import SILENCE
from service.jobs import JobRunner
from service.wiring import Substitutes
from tests.servers import Postgres, Redis
from tests.wire.cases import eventually, new_case
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk

Seen = tuple[str, str | None]


def quimbi_as_told(desk: Desk) -> Seen:
    health = desk.get("/health").json()
    return health["services"]["quimbi_api"], health["reasons"].get("quimbi_api")


def look_after_providers(desk: Desk) -> None:
    desk.component(JobRunner).run_now("check-providers")


@pytest.fixture
def deployed() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as simulator:
        yield simulator


@pytest.fixture
def watching(deployed: QuimbiSimulator, start_desk: StartDesk, clock: FakeClock) -> Desk:
    return start_desk(Substitutes(clock=clock), **pointing_at(deployed))


def test_a_desk_that_needs_nothing_from_elsewhere_is_healthy(start_desk: StartDesk) -> None:
    answer = start_desk(INTELLIGENCE_PROVIDERS="fallback").get("/health")
    health = answer.json()
    assert (answer.status_code, health["status"]) == (200, "healthy")
    assert health["services"] == {
        "database": "connected",
        "redis_cache": "disabled",
        "quimbi_api": "disabled",
    }
    assert health["features"] == {"ai_draft_generation": False, "customer_intelligence": False}


def test_features_are_what_a_provider_with_knowledge_offers(watching: Desk) -> None:
    assert watching.get("/health").json()["features"] == {
        "ai_draft_generation": True,
        "customer_intelligence": True,
    }


def test_before_the_first_outcome_quimbi_is_not_checked_yet(watching: Desk) -> None:
    assert quimbi_as_told(watching) == ("unavailable", "not_checked_yet")
    assert watching.get("/health").json()["status"] == "degraded"


def test_a_health_request_never_asks_quimbi(watching: Desk, deployed: QuimbiSimulator) -> None:
    for _ in range(3):
        watching.get("/health")
    assert (deployed.calls(), deployed.calls("health")) == (0, 0)


def test_the_first_check_analyses_the_fixed_customer(watching: Desk, deployed: QuimbiSimulator) -> None:
    look_after_providers(watching)
    assert quimbi_as_told(watching) == ("connected", None)
    assert watching.get("/health").json()["status"] == "healthy"
    assert deployed.calls("analyze", customer_id="test_customer_high_ltv") == deployed.calls() == 1


def test_an_unknown_health_customer_is_connected(deployed: QuimbiSimulator, start_desk: StartDesk) -> None:
    desk = start_desk(**pointing_at(deployed), QUIMBI_HEALTH_CUSTOMER="nobody")
    look_after_providers(desk)
    assert quimbi_as_told(desk) == ("connected", None)
    assert deployed.calls("analyze", customer_id="nobody") == 1


def test_a_real_call_tells_without_any_check(watching: Desk, deployed: QuimbiSimulator) -> None:
    case = new_case(watching)
    case.answer("intelligence")
    assert quimbi_as_told(watching) == ("connected", None)
    deployed.inject(Fault.SERVER_ERROR)
    case.answer("churn")
    assert quimbi_as_told(watching) == ("unavailable", "provider_error")
    deployed.clear_faults()
    case.answer("churn")
    assert quimbi_as_told(watching) == ("connected", None)


def test_an_unknown_customer_is_an_answer_too(watching: Desk) -> None:
    new_case(watching, "nobody").answer("intelligence")
    assert quimbi_as_told(watching) == ("connected", None)


def test_a_provider_that_hangs_is_told_before_its_calls_run_out_of_time(
    start_desk: StartDesk, clock: FakeClock
) -> None:
    asked, released = threading.Event(), threading.Event()
    provider = ScriptedProvider("quimbi", clock=clock, policy=GuardPolicy())

    def hang(request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        asked.set()
        assert released.wait(5)
        raise TimedOut

    provider.script(Capability.ANALYZE, hang)
    desk = start_desk(Substitutes(clock=clock, providers=[provider]))
    look_after_providers(desk)
    case = new_case(desk)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(case.ask, "intelligence")
        assert asked.wait(5)
        clock.advance(HANGING_S - 0.1)
        assert quimbi_as_told(desk) == ("connected", None)
        clock.advance(0.1)
        assert quimbi_as_told(desk) == ("unavailable", "timeout")
        released.set()
        waiting.result()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.UNAUTHORIZED, "access_refused"),
        (Fault.FORBIDDEN, "access_refused"),
        (Fault.RATE_LIMITED, "rate_limited"),
        (Fault.SERVER_ERROR, "provider_error"),
        (Fault.CUT, "unreachable"),
        (Fault.ERROR_IN_200, "invalid_answer"),
    ],
)
def test_a_failed_check_is_told_with_its_reason_whatever_quimbi_says_of_itself(
    watching: Desk, deployed: QuimbiSimulator, fault: Fault, reason: str
) -> None:
    deployed.inject(fault)
    look_after_providers(watching)
    assert quimbi_as_told(watching) == ("unavailable", reason)
    health = watching.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert deployed.calls("health") == 0


def test_who_was_called_lately_is_not_checked(
    watching: Desk, deployed: QuimbiSimulator, clock: FakeClock
) -> None:
    new_case(watching).answer("intelligence")
    clock.advance(SILENCE.total_seconds() - 1)
    look_after_providers(watching)
    assert deployed.calls() == 1
    clock.advance(1)
    look_after_providers(watching)
    assert deployed.calls("analyze", customer_id="test_customer_high_ltv") == 1


def test_an_outage_without_traffic_is_told_once_the_silence_is_over_and_so_is_its_end(
    watching: Desk, deployed: QuimbiSimulator, clock: FakeClock
) -> None:
    look_after_providers(watching)
    deployed.inject(Fault.CUT)
    clock.advance(25)
    look_after_providers(watching)
    assert quimbi_as_told(watching) == ("unavailable", "unreachable")
    deployed.clear_faults()
    clock.advance(25)
    look_after_providers(watching)
    assert quimbi_as_told(watching) == ("connected", None)


def test_a_provider_whose_check_hangs_keeps_nobody_from_learning_of_the_others(start_desk: StartDesk) -> None:
    together = threading.Barrier(2, timeout=5)

    class Slow(ScriptedProvider):
        def check_health(self, deadline: Deadline) -> ProviderHealth:
            together.wait()
            return super().check_health(deadline)

    providers = [Slow(name, policy=GuardPolicy()) for name in ("one", "other")]
    desk = start_desk(Substitutes(providers=providers))
    look_after_providers(desk)
    services = desk.get("/health").json()["services"]
    assert (services["one_api"], services["other_api"]) == ("connected", "connected")


def test_checks_leave_half_of_the_quota_to_people(
    deployed: QuimbiSimulator, start_desk: StartDesk, clock: FakeClock
) -> None:
    desk = start_desk(Substitutes(clock=clock), **pointing_at(deployed) | {"QUIMBI_RATE_PER_HOUR": "10"})
    for _ in range(20):
        look_after_providers(desk)
        clock.advance(30)
    assert deployed.calls() == 5
    assert new_case(desk).answer("intelligence")["provenance"]["source"] == "fresh"


def test_a_pause_that_quimbi_asked_for_is_kept_by_checks_too(
    watching: Desk, deployed: QuimbiSimulator, clock: FakeClock
) -> None:
    deployed.inject(Fault.RATE_LIMITED, retry_after_s=120, times=1)
    new_case(watching).answer("intelligence")
    for _ in range(3):
        clock.advance(30)
        look_after_providers(watching)
        assert quimbi_as_told(watching) == ("unavailable", "rate_limited")
    assert deployed.calls() == 1
    clock.advance(31)
    look_after_providers(watching)
    assert quimbi_as_told(watching) == ("connected", None)


def test_processes_tell_each_other_on_either_database(
    migrated_url: str, deployed: QuimbiSimulator, start_desk: StartDesk
) -> None:
    """Two desks on one database, as two processes are."""
    environment = pointing_at(deployed) | {"DATABASE_URL": migrated_url}
    one, other = start_desk(**environment), start_desk(**environment)
    new_case(one).answer("intelligence")
    assert quimbi_as_told(other) == ("unavailable", "not_checked_yet")
    one.component(JobRunner).run_now("share-outcomes")
    assert quimbi_as_told(other) == ("connected", None)
    calls = deployed.calls()
    look_after_providers(other)
    assert deployed.calls() == calls


def test_the_connection_is_checked_from_the_start_without_anybody_asking(
    deployed: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(timed_work=True, **pointing_at(deployed))
    eventually(lambda: True if quimbi_as_told(desk) == ("connected", None) else None)
    assert deployed.calls("analyze", customer_id="test_customer_high_ltv") == 1


def test_redis_is_told_as_connected_and_as_unavailable(
    deployed: QuimbiSimulator, start_desk: StartDesk, own_redis: Redis
) -> None:
    desk = start_desk(**pointing_at(deployed), REDIS_URL=own_redis.url)
    case = new_case(desk)
    case.answer("intelligence")
    assert desk.get("/health").json()["status"] == "healthy"
    assert desk.get("/health").json()["services"]["redis_cache"] == "connected"
    own_redis.kill()
    case.answer("intelligence")
    health = desk.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert health.json()["services"]["redis_cache"] == "unavailable"


def test_without_a_database_the_desk_is_unhealthy_and_alive(
    own_postgres: Postgres, start_desk: StartDesk
) -> None:
    with own_postgres.new_database() as url:
        desk = start_desk(DATABASE_URL=url, INTELLIGENCE_PROVIDERS="fallback")
        own_postgres.stop()
        health, readiness = requests.get(f"{desk.url}/health", timeout=10), desk.get("/readyz")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert health.json()["services"]["database"] == "unavailable"
        assert (readiness.status_code, readiness.headers["Retry-After"]) == (503, "2")
        assert desk.get("/livez").json() == {"status": "alive"}
        own_postgres.start()


def test_without_its_migrations_the_desk_is_not_ready(start_desk: StartDesk, tmp_path: Path) -> None:
    desk = start_desk(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.db'}")
    answer = desk.get("/readyz")
    assert answer.status_code == 503
    assert "db upgrade" in answer.json()["detail"]
    assert desk.get("/livez").status_code == 200


def test_with_its_migrations_the_desk_is_ready(desk: Desk) -> None:
    assert desk.get("/readyz").json() == {"status": "ready"}


def test_health_is_public_and_tells_no_secret(deployed: QuimbiSimulator, start_desk: StartDesk) -> None:
    desk = start_desk(**pointing_at(deployed), ENVIRONMENT="production")
    answer = desk.get("/health")
    assert answer.status_code == 200
    assert SIMULATOR_KEY not in answer.text
    assert not re.search(r"https?://", answer.text)


def test_without_its_migrations_the_desk_is_unhealthy_for_that_reason(
    start_desk: StartDesk, tmp_path: Path
) -> None:
    desk = start_desk(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.db'}")
    answer = requests.get(f"{desk.url}/health", timeout=5)
    assert answer.status_code == 503
    assert answer.json()["reasons"]["database"] == "migrations_missing"


def test_a_desk_that_started_before_its_migrations_needs_no_restart(
    start_desk: StartDesk, tmp_path: Path, deployed: QuimbiSimulator
) -> None:
    database_url = f"sqlite:///{tmp_path / 'late.db'}"
    desk = start_desk(**pointing_at(deployed) | {"DATABASE_URL": database_url}, timed_work=True)
    answer = desk.get("/api/tickets")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    engine = create_engine(normalise_url(database_url))
    upgrade(engine)
    engine.dispose()
    assert desk.get("/readyz").status_code == 200
    assert desk.get("/api/tickets").status_code == 200
    eventually(lambda: quimbi_as_told(desk) == ("connected", None) or None)
