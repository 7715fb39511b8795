"""What is promised of the three kinds of facts."""

import re
from typing import Any, cast

import pytest

from providers import codec
from providers.deadline import Deadline
from providers.errors import CustomerNotFound
from providers.interface import IntelligenceProvider
from providers.models import (
    FACTS,
    UNKNOWN_LEVEL,
    Answer,
    BehavioralMetrics,
    Capability,
    ChurnPrediction,
    CustomerIntelligence,
    CustomerRef,
    LtvForecast,
    LtvRequest,
    Predictions,
)
from providers.testing.contract.asking import Asking

EVERY_FACT = pytest.mark.parametrize("capability", sorted(FACTS), ids=str)


class FactsContract(Asking):
    @EVERY_FACT
    def test_facts_carry_our_id_and_not_the_external_one(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        facts: Any = self.put(provider, capability, known_customer, deadline)
        assert facts.customer_id == known_customer.id, (
            "answer with request.customer.id; known_as(self.name) is for your upstream alone"
        )

    @EVERY_FACT
    def test_whom_it_knows_it_knows(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        facts = self.put(provider, capability, known_customer, deadline)
        assert facts.known is not provider.generic, (
            f"the provider should know {self.known_id!r}; give `known_id` an id that it does"
        )

    @EVERY_FACT
    def test_facts_survive_the_way_through_the_cache(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        facts = self.put(provider, capability, known_customer, deadline)
        assert codec.decode_answer(capability, codec.encode(facts)) == facts, (
            "give each field the type it declares: amounts as Decimal, lists as tuples"
        )

    @EVERY_FACT
    def test_facts_are_the_same_when_asked_again(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        first = self.put(provider, capability, known_customer, deadline)
        again = self.put(provider, capability, known_customer, deadline)
        assert again.with_provenance(as_of=first.provenance.as_of) == first, (
            "facts must not change from one call to the next while the upstream says the same"
        )

    @EVERY_FACT
    def test_a_currency_is_an_iso_code_or_not_known(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        currency = getattr(self.put(provider, capability, known_customer, deadline), "currency", None)
        assert currency is None or re.fullmatch(r"[A-Z]{3}", currency), (
            "give an ISO 4217 code, or None where the upstream names no currency"
        )

    @pytest.mark.parametrize("months", [1, 12, 36])
    def test_a_forecast_is_for_the_months_asked(
        self, provider: IntelligenceProvider, months: int, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        request = LtvRequest(known_customer, horizon_months=months)
        forecast = cast(LtvForecast, self.put_request(provider, Capability.LTV, request, deadline))
        assert forecast.horizon_months == months, "repeat request.horizon_months, and ask the upstream for it"

    def test_a_churn_prediction_is_for_the_days_asked(
        self, provider: IntelligenceProvider, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        prediction = cast(ChurnPrediction, self.put(provider, Capability.CHURN, known_customer, deadline))
        assert prediction.window_days == 90, "repeat request.window_days, and ask the upstream for it"

    def test_a_churn_level_is_unknown_where_the_risk_is(
        self, provider: IntelligenceProvider, known_customer: CustomerRef, deadline: Deadline
    ) -> None:
        prediction = cast(ChurnPrediction, self.put(provider, Capability.CHURN, known_customer, deadline))
        assert (prediction.churn_risk_score is None) == (prediction.risk_level == UNKNOWN_LEVEL), (
            "`models.level_of` names the level of a score, and `unknown` where there is none"
        )

    @EVERY_FACT
    def test_of_an_unknown_customer_nothing_is_known(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        unknown_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        try:
            facts = self.put(provider, capability, unknown_customer, deadline)
        except CustomerNotFound:
            return  # the chain makes nulls of it
        assert not facts.known, "raise CustomerNotFound, or answer nulls with known=False"
        assert _told(facts) == [], "what is not known is None, and a level `unknown`; never a number"


def _told(facts: Answer) -> list[object]:
    """What the facts claim to know."""
    claims: list[tuple[object, object]] = []
    match facts:
        case CustomerIntelligence():
            claims = [
                (facts.archetype, None),
                (facts.metrics, BehavioralMetrics()),
                (facts.predictions, Predictions()),
            ]
        case ChurnPrediction():
            claims = [(facts.churn_risk_score, None), (facts.risk_level, UNKNOWN_LEVEL)]
        case LtvForecast():
            figures = (facts.forecasted_ltv, facts.current_ltv, facts.incremental_ltv)
            claims = [*((figure, None) for figure in figures), (facts.confidence_interval, None)]
    return [claim for claim, nothing in claims if claim != nothing]
