from pathlib import Path

import pytest

from providers.testing.fakes import FakeClock
from providers.testing.quimbi_simulator import QuimbiSimulator
from service.wiring import Substitutes
from tests.wire.cases import FACTS, new_case, numbers_in
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import running_desk


def without_provenance(answer: dict[str, object]) -> dict[str, object]:
    return {field: value for field, value in answer.items() if field != "provenance"}


@pytest.mark.parametrize("providers", ["quimbi,fallback", "quimbi"])
def test_known_facts_outlive_cache_provider_and_restart(
    migrated_url: str, start_desk: StartDesk, tmp_path: Path, providers: str
) -> None:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as quimbi:
        environment = pointing_at(quimbi) | {
            "DATABASE_URL": migrated_url,
            "INTELLIGENCE_PROVIDERS": providers,
            "LOG_FILE": str(tmp_path / "app.log"),
        }
        with running_desk(environment) as before:
            case = new_case(before)
            fresh = {question: case.answer(question) for question in FACTS}
    after = start_desk(**environment)
    for question in FACTS:
        stale = after.get(case.path(question)).json()
        assert without_provenance(stale) == without_provenance(fresh[question])
        assert stale["provenance"]["source"] == "stale"
        assert stale["provenance"]["as_of"] == fresh[question]["provenance"]["as_of"]
        assert stale["provenance"]["degraded"] is False
        assert stale["provenance"]["reason"] == "unreachable"


def test_stale_facts_tell_their_age_until_the_limit_ends_it(
    quimbi: QuimbiSimulator, start_desk: StartDesk, clock: FakeClock
) -> None:
    desk = start_desk(Substitutes(clock=clock), **pointing_at(quimbi), SNAPSHOT_MAX_AGE="3600")
    case = new_case(desk)
    case.answer("intelligence")
    case.let_facts_run_out()
    quimbi.close()
    clock.advance(3600)
    stale = case.answer("intelligence")
    assert (stale["provenance"]["source"], stale["provenance"]["age_s"]) == ("stale", 3600)
    clock.advance(1)
    fallback = case.answer("intelligence")
    assert (fallback["provenance"]["source"], fallback["provenance"]["degraded"]) == ("fallback", True)
    assert dict(numbers_in(fallback)) == {}


def test_another_horizon_is_another_fact(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    case.answer("ltv")
    quimbi.close()
    other = case.desk.get(case.path("ltv"), params={"horizon_months": 6}).json()
    assert other["provenance"]["source"] == "fallback"
    assert other["forecasted_ltv"] is None
