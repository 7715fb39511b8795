from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import update

from providers.models import UNKNOWN_LEVEL
from providers.testing.fakes import FakeClock
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.customers.models import Customer
from service.database import Database
from service.wiring import Substitutes
from tests.wire.cases import FACTS, QUESTIONS, RFC3339_UTC, at_once, new_case, numbers_in
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk

PROVENANCE = {"provider", "source", "as_of", "age_s", "degraded", "reason"}
FIELDS = {
    "intelligence": {
        "customer_id",
        "archetype",
        "behavioral_metrics",
        "predictions",
        "communication_guidance",
        "currency",
        "basis",
        "provenance",
    },
    "churn": {
        "customer_id",
        "churn_risk_score",
        "risk_level",
        "window_days",
        "factors",
        "recommendations",
        "currency",
        "basis",
        "provenance",
    },
    "ltv": {
        "customer_id",
        "horizon_months",
        "forecasted_ltv",
        "confidence_interval",
        "current_ltv",
        "incremental_ltv",
        "currency",
        "basis",
        "provenance",
    },
}


@pytest.mark.parametrize("question", FACTS)
def test_facts_have_every_field_of_the_contract(desk: Desk, question: str) -> None:
    case = new_case(desk, "cust_123")
    answer = case.answer(question)
    assert set(answer) == FIELDS[question]
    assert answer["customer_id"] == "cust_123"
    assert set(answer["provenance"]) == PROVENANCE
    assert RFC3339_UTC.fullmatch(answer["provenance"]["as_of"])


def test_an_analysis_tells_quimbis_true_values(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    truth = quimbi.customer(case.customer_id)
    answer = case.answer("intelligence")
    assert answer.pop("provenance")["provider"] == "quimbi"
    archetype = answer.pop("archetype")
    assert archetype.pop("memberships").keys() in (set(), truth.dominant_segments.keys())
    assert archetype == {
        "id": truth.archetype_id,
        "level": truth.archetype_level or UNKNOWN_LEVEL,
        "segments": truth.dominant_segments,
        "share": None,
    }
    assert answer == {
        "customer_id": case.customer_id,
        "behavioral_metrics": {
            "lifetime_value": float(truth.lifetime_value),
            "total_orders": truth.total_orders,
            "avg_order_value": float(truth.avg_order_value),
            "days_since_last_purchase": truth.days_since_last_purchase,
            "customer_tenure_days": truth.tenure_days,
        },
        "predictions": {
            "churn_risk": truth.churn_risk,
            "churn_risk_level": truth.churn_level,
            "ltv_12mo": float(truth.ltv_12mo),
        },
        "communication_guidance": answer["communication_guidance"],
        "currency": None,
        "basis": None,
    }
    assert len(answer["communication_guidance"]) >= len(truth.emphasis)


def test_7001_is_told_as_the_contract_prints_it(start_desk: StartDesk) -> None:
    with QuimbiSimulator(dialect="documented", api_key=SIMULATOR_KEY) as quimbi:
        answer = new_case(start_desk(**pointing_at(quimbi)), "7001").answer("intelligence")
    del answer["provenance"], answer["currency"], answer["basis"]
    del answer["archetype"]["share"], answer["archetype"]["memberships"]
    assert answer == {
        "customer_id": "7001",
        "archetype": {
            "id": "arch_premium_deal_hunter",
            "level": "L2",
            "segments": {"purchase_value": "premium", "price_sensitivity": "deal_hunter"},
        },
        "behavioral_metrics": {
            "lifetime_value": 892.5,
            "total_orders": 12,
            "avg_order_value": 74.38,
            "days_since_last_purchase": 15,
            "customer_tenure_days": 456,
        },
        "predictions": {"churn_risk": 0.18, "churn_risk_level": "low", "ltv_12mo": 450.0},
        "communication_guidance": ["Lead with value for money"],
    }


def test_7002_of_a_running_installation_is_told_in_the_documented_shape(start_desk: StartDesk) -> None:
    with QuimbiSimulator(dialect="deployed", api_key=SIMULATOR_KEY) as quimbi:
        answer = new_case(start_desk(**pointing_at(quimbi)), "7002").answer("intelligence")
    assert answer["archetype"] == {
        "id": "arch_410042",
        "level": "l2",
        "segments": {"price_sensitivity": "full_price_buyer"},
        "memberships": answer["archetype"]["memberships"],
        "share": None,
    }
    assert answer["behavioral_metrics"]["lifetime_value"] == 640.4
    assert answer["predictions"] == {"churn_risk": 0.82, "churn_risk_level": "high", "ltv_12mo": 1092.27}


def test_churn_tells_quimbis_true_values(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    truth = quimbi.customer(case.customer_id)
    answer = case.answer("churn")
    assert answer["churn_risk_score"] == truth.churn_risk
    assert answer["risk_level"] == truth.churn_level
    assert answer["window_days"] == 90
    assert [factor["factor"] for factor in answer["factors"]] == [driver.factor for driver in truth.drivers]
    fields = {"factor", "value", "impact", "direction", "typical", "risk_if_typical"}
    assert all(set(factor) == fields for factor in answer["factors"])
    assert len(answer["recommendations"]) == len(truth.interventions)


@pytest.mark.parametrize(("query", "months"), [("", 12), ("?horizon_months=6", 6), ("?colour=red", 12)])
def test_a_forecast_is_the_value_of_the_coming_months(
    quimbi: QuimbiSimulator, start_desk: StartDesk, query: str, months: int
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    truth = quimbi.customer(case.customer_id)
    lower, upper = map(float, truth.coming_bounds(months))
    answer = case.desk.get(case.path("ltv") + query).json()
    assert answer["horizon_months"] == months
    assert answer["forecasted_ltv"] == answer["incremental_ltv"] == float(truth.coming_value(months))
    assert answer["current_ltv"] == float(truth.lifetime_value)
    assert answer["confidence_interval"] == {
        "lower": lower,
        "upper": upper,
        "confidence_level": 0.9 if quimbi.dialect == "documented" else None,
    }


@pytest.mark.parametrize("horizon", ["0", "37", "-1", "six", "1.5", "", "1e1", "9" * 40])
def test_a_horizon_out_of_bounds_is_refused_by_name(desk: Desk, horizon: str) -> None:
    case = new_case(desk)
    answer = desk.get(case.path("ltv"), params={"horizon_months": horizon})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["horizon_months"]


@pytest.mark.parametrize("question", FACTS)
def test_a_customer_whom_the_desk_does_not_have_is_not_found_and_not_asked_for(
    quimbi: QuimbiSimulator, start_desk: StartDesk, question: str
) -> None:
    desk = start_desk(**pointing_at(quimbi))
    assert desk.get(f"/api/ai/customers/cust_1/{question}").status_code == 404
    assert quimbi.calls() == 0


@pytest.mark.parametrize("customer_id", ["nobody", "empty_1"])
def test_of_a_customer_whom_no_provider_knows_nothing_is_told(
    quimbi: QuimbiSimulator, start_desk: StartDesk, customer_id: str
) -> None:
    """`empty_1` is a row of nulls and zeros, which a running installation sends as if it were good news."""
    case = new_case(start_desk(**pointing_at(quimbi)), customer_id)
    answer = case.answer("intelligence")
    assert answer["archetype"] == {
        "id": None,
        "level": "unknown",
        "segments": {},
        "memberships": {},
        "share": None,
    }
    assert answer["predictions"] == {"churn_risk": None, "churn_risk_level": "unknown", "ltv_12mo": None}
    assert dict(numbers_in(answer)) == {}
    provenance = answer["provenance"]
    assert (provenance["source"], provenance["degraded"]) == ("fresh", False)
    assert provenance["reason"] == "unknown_customer"


@pytest.mark.parametrize("question", FACTS)
def test_that_a_customer_is_unknown_is_remembered(
    quimbi: QuimbiSimulator, start_desk: StartDesk, question: str
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)), "nobody")
    first, second = case.answer(question), case.answer(question)
    assert quimbi.calls() == 1
    for answer in (first, second):
        assert dict(numbers_in(answer)) == {}
        assert answer["provenance"]["degraded"] is False
        assert answer["provenance"]["reason"] == "unknown_customer"
    assert second["provenance"]["source"] == "cache"


@pytest.mark.parametrize("question", FACTS)
def test_a_second_reading_is_the_first_from_the_cache_and_tells_its_age(
    quimbi: QuimbiSimulator, start_desk: StartDesk, clock: FakeClock, question: str
) -> None:
    case = new_case(start_desk(Substitutes(clock=clock), **pointing_at(quimbi)))
    first = case.answer(question)
    clock.advance(100)
    second = case.answer(question)
    assert (first["provenance"].pop("source"), first["provenance"].pop("age_s")) == ("fresh", 0)
    assert (second["provenance"].pop("source"), second["provenance"].pop("age_s")) == ("cache", 100)
    assert first == second
    assert quimbi.calls() == 1


def test_quimbi_is_asked_by_the_id_it_knows_and_the_answer_carries_ours(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)), "kunde-4711")
    with case.desk.component(Database).writing() as session:
        session.execute(update(Customer).values(external_ids={"quimbi": "7002"}))
    answers = {question: case.answer(question) for question in FACTS}
    assert all(answer["customer_id"] == "kunde-4711" for answer in answers.values())
    assert answers["intelligence"]["behavioral_metrics"]["lifetime_value"] == 640.4
    assert answers["churn"]["churn_risk_score"] == 0.82
    assert {request.customer_id for request in quimbi.requests()} == {"7002"}


def test_every_answer_carries_the_currency_of_quimbis_amounts(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi), QUIMBI_CURRENCY="EUR"))
    assert {question: case.answer(question)["currency"] for question in QUESTIONS} == dict.fromkeys(
        QUESTIONS, "EUR"
    )


def test_no_currency_is_told_where_none_is_set(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    assert [case.answer(question)["currency"] for question in QUESTIONS] == [None] * 5


@pytest.mark.parametrize("question", FACTS)
def test_twenty_who_ask_at_once_cost_one_call(
    quimbi: QuimbiSimulator, start_desk: StartDesk, question: str
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.LATENCY, seconds=0.1)
    answers = at_once([partial(case.answer, question)] * 20)
    assert quimbi.calls() == 1
    assert not any(answer["provenance"]["degraded"] for answer in answers)
    assert {answer["provenance"]["as_of"] for answer in answers} == {answers[0]["provenance"]["as_of"]}


def test_amounts_are_numbers_to_the_cent(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    quimbi.add_customer("7002", customer_id="rich", lifetime_value=Decimal("1234567890.12"))
    case = new_case(start_desk(**pointing_at(quimbi)), "rich")
    assert '"lifetime_value":1234567890.12' in case.ask("intelligence").text
