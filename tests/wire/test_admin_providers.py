"""What operators see of each process, and what the processes tell each other."""

from collections.abc import Iterator
from typing import Any

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.jobs import JobRunner
from tests.servers import Postgres
from tests.wire.cases import eventually, new_case
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk

ADMIN = "/api/admin/providers"


@pytest.fixture
def deployed() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as simulator:
        yield simulator


def tell(desk: Desk) -> None:
    for job in ("follow-toggles", "share-heartbeat"):
        desk.component(JobRunner).run_now(job)


def quimbi_of(process: Any) -> Any:
    return next(told for told in process["providers"] if told["name"] == "quimbi")


def open_circuit(desk: Desk, deployed: QuimbiSimulator) -> None:
    deployed.inject(Fault.SERVER_ERROR)
    for _ in range(5):
        new_case(desk).answer("churn")


def test_every_process_is_told_with_its_figures(
    deployed: QuimbiSimulator, migrated_url: str, start_desk: StartDesk
) -> None:
    environment = pointing_at(deployed) | {"DATABASE_URL": migrated_url}
    one, other = start_desk(**environment), start_desk(**environment)
    case = new_case(one)
    for _ in range(2):
        case.answer("intelligence")
    deployed.inject(Fault.SERVER_ERROR)
    case.answer("churn")
    tell(one)
    told = other.get(ADMIN).json()
    assert told["complete"] is True
    here, there = told["processes"]
    assert here["id"] != there["id"]
    assert (here["toggles_version"], here["order"]) == (0, ["quimbi", "fallback"])
    quimbi = quimbi_of(there)
    assert quimbi["enabled"] is True
    assert set(quimbi["capabilities"]) == {
        "analyze",
        "predict_churn",
        "forecast_ltv",
        "draft_reply",
        "recommend_actions",
    }
    analyze, churn = quimbi["capabilities"]["analyze"], quimbi["capabilities"]["predict_churn"]
    assert (analyze["calls"], analyze["failures"], analyze["circuit"]["name"]) == (1, 0, "closed")
    assert (churn["calls"], churn["failures"], churn["circuit"]["failure_rate"]) == (1, 1, 1.0)
    latency = analyze["latency"]
    assert len(latency["counts"]) == len(latency["bounds_s"])
    assert latency["counts"][-1] == 1
    assert (quimbi["last_error"]["capability"], quimbi["last_error"]["reason"]) == (
        "predict_churn",
        "provider_error",
    )
    assert set(quimbi["last_error"]) == {"capability", "reason", "at"}
    assert (quimbi["in_flight"], quimbi["paused_s"], quimbi["oldest_served_s"]) == (0, 0.0, None)
    assert 0 < there["cache"]["hit_rate"] < 1
    assert quimbi_of(here)["capabilities"]["analyze"]["calls"] == 0
    assert here["cache"]["hit_rate"] is None


def test_one_provider_is_told_by_itself(desk: Desk) -> None:
    told = desk.get(f"{ADMIN}/stub").json()
    assert (told["provider"]["name"], told["provider"]["position"]) == ("stub", 1)
    assert [[each["name"] for each in process["providers"]] for process in told["processes"]] == [["stub"]]


def test_heartbeats_come_by_themselves_and_a_stopped_desk_is_forgotten(
    deployed: QuimbiSimulator, start_desk: StartDesk
) -> None:
    one = start_desk(timed_work=True, **pointing_at(deployed))
    other = start_desk(timed_work=True, **pointing_at(deployed))
    assert len(other.get(ADMIN).json()["processes"]) == 2, "told before it served"

    def newer(than: str) -> Any:
        [_, there] = other.get(ADMIN).json()["processes"]
        return there["at"] > than or None

    [_, there] = other.get(ADMIN).json()["processes"]
    eventually(lambda: newer(there["at"]), within_s=5)
    assert one.get(f"{ADMIN}/quimbi").json()["complete"] is True


def test_without_the_database_the_process_that_answers_tells_of_itself(
    own_postgres: Postgres, start_desk: StartDesk
) -> None:
    with own_postgres.new_database() as url:
        desk = start_desk(DATABASE_URL=url, INTELLIGENCE_PROVIDERS="fallback")
        own_postgres.stop()
        told = desk.get(ADMIN).json()
        assert told["complete"] is False
        assert len(told["processes"]) == 1
        refused = desk.patch(f"{ADMIN}/fallback", {"enabled": False, "reason": "A test."})
        assert refused.status_code == 503
        own_postgres.start()


def test_a_circuit_that_opens_in_one_process_spares_the_other_the_same_failures(
    deployed: QuimbiSimulator, migrated_url: str, start_desk: StartDesk
) -> None:
    environment = pointing_at(deployed) | {"DATABASE_URL": migrated_url}
    one, other = start_desk(**environment), start_desk(**environment)
    open_circuit(one, deployed)
    tell(one)
    tell(other)
    calls = deployed.calls()
    assert new_case(other).answer("churn")["provenance"]["reason"] == "circuit_open"
    assert deployed.calls() == calls
    here = other.get(ADMIN).json()["processes"][0]
    circuit = quimbi_of(here)["capabilities"]["predict_churn"]["circuit"]
    assert (circuit["name"], circuit["hinted"]) == ("open", True)
    assert 0 < circuit["retry_after_s"] <= 30


def test_an_opening_is_told_at_once_and_heard_within_seconds(
    deployed: QuimbiSimulator, start_desk: StartDesk
) -> None:
    one = start_desk(timed_work=True, **pointing_at(deployed))
    other = start_desk(timed_work=True, **pointing_at(deployed))
    open_circuit(one, deployed)

    def hinted() -> Any:
        here = other.get(ADMIN).json()["processes"][0]
        return quimbi_of(here)["capabilities"]["predict_churn"]["circuit"]["hinted"] or None

    eventually(hinted, within_s=5)


def test_an_operator_resets_a_circuit_in_every_process(
    deployed: QuimbiSimulator, migrated_url: str, start_desk: StartDesk
) -> None:
    environment = pointing_at(deployed) | {"DATABASE_URL": migrated_url}
    one, other = start_desk(**environment), start_desk(**environment)
    for desk in (one, other):
        open_circuit(desk, deployed)
        tell(desk)
    deployed.clear_faults()
    answer = one.post(f"{ADMIN}/quimbi/reset-circuit", {"reason": "It is back."})
    assert answer.status_code == 200
    tell(one)
    assert new_case(one).answer("churn")["provenance"]["source"] == "fresh"
    assert new_case(other).answer("churn")["provenance"]["reason"] == "circuit_open"
    tell(other)
    assert new_case(other).answer("churn")["provenance"]["source"] == "fresh"
    assert one.get(f"{ADMIN}/history").json()["changes"][0]["change"] == "circuit_reset"
