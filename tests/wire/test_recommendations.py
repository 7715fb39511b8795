from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from providers.models import Capability, Provenance, Recommendation, RecommendedAction, Source
from providers.testing.fakes import EPOCH, ScriptedProvider
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.wiring import Substitutes
from tests.wire.cases import at_once, new_case, numbers_in
from tests.wire.conftest import StartDesk, pointing_at
from tests.wire.desk import Desk


def test_a_recommendation_has_every_field_of_the_contract(desk: Desk) -> None:
    case = new_case(desk)
    answer = case.answer("recommendation")
    assert set(answer) == {
        "ticket_id",
        "recommendation_id",
        "priority",
        "actions",
        "warnings",
        "talking_points",
        "estimated_impact",
        "customer_dna",
        "churn_risk",
        "churn_risk_level",
        "lifetime_value",
        "revenue_at_risk",
        "currency",
        "generated_at",
        "provenance",
        "facts_provenance",
    }
    assert set(answer["estimated_impact"]) == {"retention_probability", "revenue_at_risk"}
    assert answer["actions"]
    for place, action in enumerate(answer["actions"], start=1):
        assert {"id", "action", "priority", "completed", "reasoning", "estimated_impact"} <= set(action)
        assert set(action["estimated_impact"]) == {"retention_probability", "revenue_at_risk"}
        assert (action["priority"], action["completed"]) == (place, False)
    assert len({action["id"] for action in answer["actions"]}) == len(answer["actions"])


def test_a_recommendation_tells_quimbis_true_values(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)), "7002", subject="My parcel is lost")
    answer = case.answer("recommendation")
    assert answer["actions"][0]["action"].endswith("Send a replacement with expedited shipping")
    assert answer["actions"][0]["reasoning"] == "The customer does not have what was ordered"
    assert answer["actions"][0]["estimated_impact"]["retention_probability"] == 0.85
    assert [action["priority"] for action in answer["actions"]] == [1, 2, 3]
    assert (answer["churn_risk"], answer["churn_risk_level"]) == (0.82, "high")
    assert answer["lifetime_value"] == 640.4
    assert answer["revenue_at_risk"] == 525.13
    assert answer["estimated_impact"] == {"retention_probability": 0.85, "revenue_at_risk": 525.13}
    assert answer["customer_dna"] == {"price_sensitivity": "full_price_buyer"}
    assert answer["warnings"].count("Customer has high churn risk") == 1
    assert (answer["provenance"]["provider"], answer["provenance"]["source"]) == ("quimbi", "fresh")


@pytest.mark.parametrize(
    ("worded", "told"), [("urgent", "urgent"), ("high", "high"), ("medium", "normal"), ("low", "normal")]
)
def test_a_providers_priority_is_told_in_the_words_of_the_contract(
    start_desk: StartDesk, worded: str, told: str
) -> None:
    provider = ScriptedProvider()
    recommendation = Recommendation(
        provenance=Provenance(provider="scripted", source=Source.FRESH, as_of=EPOCH),
        actions=(RecommendedAction(action="Call the customer", priority=1),),
        priority=worded,
    )
    provider.script(Capability.RECOMMEND, recommendation)
    case = new_case(start_desk(Substitutes(providers=[provider])))
    assert case.answer("recommendation")["priority"] == told


def test_without_a_providers_word_the_tickets_priority_holds(start_desk: StartDesk) -> None:
    desk = start_desk(INTELLIGENCE_PROVIDERS="fallback")
    told = {
        priority: new_case(desk, priority=priority).answer("recommendation")["priority"]
        for priority in ("urgent", "high", "normal", "low")
    }
    assert told == {"urgent": "urgent", "high": "high", "normal": "normal", "low": "normal"}


# ---------------------------------------------------------------- kept, and renewed


def test_a_recommendation_is_kept_while_nothing_changes(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    first = case.answer("recommendation")
    case.let_facts_run_out()
    second = case.answer("recommendation")
    assert (first["provenance"]["source"], second["provenance"]["source"]) == ("fresh", "stored")
    assert first | {"provenance": 0, "facts_provenance": 0} == second | {
        "provenance": 0,
        "facts_provenance": 0,
    }
    assert quimbi.calls("actions") == 1


@pytest.mark.parametrize("from_agent", [False, True])
def test_after_a_message_it_is_a_new_one_in_which_the_same_actions_keep_their_state(
    quimbi: QuimbiSimulator, start_desk: StartDesk, *, from_agent: bool
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    before = case.answer("recommendation")
    case.tick_off(1)
    case.write("Any news?", from_agent=from_agent)
    after = case.answer("recommendation")
    assert after["recommendation_id"] != before["recommendation_id"]
    assert after["provenance"]["source"] == "fresh"
    assert [action["completed"] for action in after["actions"]] == [
        place == 1 for place in range(len(after["actions"]))
    ]


def test_an_action_of_other_words_is_not_taken_for_completed(start_desk: StartDesk) -> None:
    provider = ScriptedProvider()
    recommendation = Recommendation(
        provenance=Provenance(provider="scripted", source=Source.FRESH, as_of=EPOCH),
        actions=(
            RecommendedAction(action="Call", priority=1),
            RecommendedAction(action="Refund", priority=2),
        ),
    )
    provider.script(
        Capability.RECOMMEND,
        recommendation,
        Recommendation(
            provenance=recommendation.provenance,
            actions=(
                RecommendedAction(action="Refund half", priority=1),
                RecommendedAction(action="Call", priority=2),
            ),
        ),
    )
    case = new_case(start_desk(Substitutes(providers=[provider])))
    case.answer("recommendation")
    case.tick_off(0)
    case.tick_off(1)
    case.write("Any news?", from_agent=False)
    actions = case.answer("recommendation")["actions"]
    assert [(action["action"], action["completed"]) for action in actions] == [
        ("Refund half", False),
        ("Call", True),
    ]


@pytest.mark.parametrize(
    ("change", "renewed"),
    [
        ({"archetype_id": "arch_other"}, True),
        ({"churn_level": "critical"}, True),
        ({"lifetime_value": Decimal("641.00")}, True),
        ({"total_orders": 7}, True),
        ({"days_since_last_purchase": 215}, False),
        ({"churn_risk": 0.83}, False),
        ({"lifetime_value": Decimal("640.400")}, False),
    ],
)
def test_other_facts_bring_another_recommendation_where_it_rests_on_them(
    quimbi: QuimbiSimulator, start_desk: StartDesk, change: dict[str, Any], *, renewed: bool
) -> None:
    quimbi.add_customer("7002", customer_id="cust_77")
    case = new_case(start_desk(**pointing_at(quimbi)), "cust_77")
    before = case.answer("recommendation")
    case.tick_off(0)
    quimbi.add_customer("7002", customer_id="cust_77", **change)
    case.let_facts_be_renewed()
    after = case.answer("recommendation")
    assert (after["recommendation_id"] != before["recommendation_id"]) is renewed
    assert after["actions"][0]["completed"] is True


def test_it_is_kept_while_the_facts_cannot_be_learnt(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    environment = pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "quimbi"}
    case = new_case(start_desk(**environment, SNAPSHOT_MAX_AGE="60"))
    kept = case.answer("recommendation")
    case.let_facts_run_out()
    quimbi.close()
    read = case.answer("recommendation")
    assert read["recommendation_id"] == kept["recommendation_id"]
    assert (read["provenance"]["source"], read["provenance"]["degraded"]) == ("stored", False)


def test_a_degraded_recommendation_never_sticks(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.SERVER_ERROR, endpoint="actions")
    degraded = case.answer("recommendation")
    assert degraded["actions"]
    assert (degraded["provenance"]["source"], degraded["provenance"]["degraded"]) == ("fallback", True)
    quimbi.clear_faults()
    read = case.answer("recommendation")
    assert read["recommendation_id"] != degraded["recommendation_id"]
    assert (read["provenance"]["provider"], read["provenance"]["degraded"]) == ("quimbi", False)


def test_a_failing_analysis_does_not_prevent_a_recommendation_that_says_so(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.SERVER_ERROR, endpoint="analyze")
    answer = case.answer("recommendation")
    assert (answer["provenance"]["provider"], answer["provenance"]["degraded"]) == ("quimbi", True)
    assert answer["provenance"]["reason"] == "provider_error"
    assert (answer["churn_risk"], answer["churn_risk_level"]) == (None, "unknown")
    assert (answer["lifetime_value"], answer["revenue_at_risk"]) == (None, None)


def test_a_failing_draft_still_leaves_the_recommendation(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.SERVER_ERROR, endpoint="message")
    assert case.answer("draft-response")["provenance"]["degraded"] is True
    assert case.answer("recommendation")["provenance"]["degraded"] is False


def test_generic_actions_without_another_provider_are_no_degradation_and_kept(start_desk: StartDesk) -> None:
    case = new_case(start_desk(INTELLIGENCE_PROVIDERS="fallback"))
    first, second = case.answer("recommendation"), case.answer("recommendation")
    assert (first["provenance"]["source"], first["provenance"]["degraded"]) == ("fallback", False)
    assert first["provenance"]["reason"] == "not_configured"
    assert (second["provenance"]["source"], second["recommendation_id"]) == (
        "stored",
        first["recommendation_id"],
    )
    assert dict(numbers_in(first)) == {}


def test_twenty_who_ask_at_once_share_one_recommendation(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.LATENCY, endpoint="actions", seconds=0.5)
    answers = at_once([partial(case.answer, "recommendation")] * 20)
    assert len({answer["recommendation_id"] for answer in answers}) == 1
    assert (quimbi.calls("analyze"), quimbi.calls("actions")) == (1, 1)


def test_of_a_customer_whom_no_provider_knows_no_number_is_told(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)), "nobody")
    answer = case.answer("recommendation")
    assert answer["provenance"]["degraded"] is False
    assert (answer["churn_risk"], answer["lifetime_value"], answer["revenue_at_risk"]) == (None, None, None)
    assert answer["churn_risk_level"] == "unknown"
    assert answer["facts_provenance"]["reason"] == "unknown_customer"
