from providers.testing.quimbi_simulator import QuimbiSimulator
from tests.wire.conftest import StartDesk, pointing_at
from tests.wire.desk import Desk


def test_a_known_customer_is_answered_with_every_field_of_the_contract(desk: Desk) -> None:
    desk.new_ticket("cust_123")
    answer = desk.get("/api/ai/customers/cust_123/intelligence").json()
    assert answer["customer_id"] == "cust_123"
    assert set(answer["archetype"]) == {"id", "level", "segments"}
    assert set(answer["provenance"]) == {"provider", "source", "as_of", "age_s", "degraded", "reason"}


def test_quimbis_values_reach_the_client(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    desk = start_desk(**pointing_at(quimbi))
    desk.new_ticket("cust_123")
    truth = quimbi.customer("cust_123")
    answer = desk.get("/api/ai/customers/cust_123/intelligence").json()
    assert answer["provenance"]["provider"] == "quimbi"
    assert answer["predictions"]["churn_risk"] == float(truth.churn_risk)
    assert answer["behavioral_metrics"]["lifetime_value"] == float(truth.lifetime_value)
