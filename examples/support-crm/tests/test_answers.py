"""What is the CRM's own: which figure goes where, and what it says of whom it does not know."""

from decimal import Decimal

import pytest
from support_crm.provider import CrmProvider

from providers.deadline import Deadline
from providers.errors import CustomerNotFound, InvalidAnswer
from providers.interface import Connection
from providers.models import AnalysisRequest, ChurnRequest, CustomerRef
from providers.settings import SettingsError
from providers.testing.fakes import FakeClock, make_host
from providers.testing.upstream import FakeUpstream

SCORES = {"customer": "C-1", "window_days": 90, "churn_risk": 0.71, "lifetime_value": 60.5, "tier": "gold"}
CUSTOMER = CustomerRef("cust_1", {"crm": "C-1"})


@pytest.fixture
def upstream():
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def provider(clock, upstream):
    environment = {"CRM_URL": upstream.url, "CRM_API_KEY": "a-key"}
    provider = CrmProvider.from_host(make_host(clock=clock, environment=environment))
    yield provider
    provider.close()


@pytest.fixture
def deadline(clock):
    return Deadline.after(5, clock)


def test_the_scores_become_the_facts_of_the_desk(provider, upstream, deadline):
    upstream.answers("GET /scores/C-1", SCORES)
    facts = provider.analyze(AnalysisRequest(CUSTOMER), deadline)
    assert facts.customer_id == "cust_1"
    assert facts.metrics.lifetime_value == Decimal("60.5")
    assert (facts.predictions.churn_risk, facts.predictions.churn_risk_level) == (0.71, "high")
    assert facts.archetype.segments == {"loyalty_tier": "gold"}


def test_what_is_not_scored_is_not_known(provider, upstream, deadline):
    upstream.answers("GET /scores/C-1", {"customer": "C-1", "window_days": 90})
    churn = provider.predict_churn(ChurnRequest(CUSTOMER), deadline)
    assert (churn.churn_risk_score, churn.risk_level) == (None, "unknown")


def test_the_key_goes_along_and_the_id_is_the_one_of_the_crm(provider, upstream, deadline):
    upstream.answers("GET /scores/C-1", SCORES)
    provider.analyze(AnalysisRequest(CUSTOMER), deadline)
    (asked,) = upstream.requests
    assert (asked.path, asked.query) == ("/scores/C-1", "window_days=90")
    assert asked.headers["authorization"] == "Bearer a-key"


def test_scores_of_another_time_than_was_asked_are_refused(provider, upstream, deadline):
    upstream.answers("GET /scores/C-1", SCORES)
    with pytest.raises(InvalidAnswer):
        provider.predict_churn(ChurnRequest(CUSTOMER, window_days=30), deadline)


@pytest.mark.parametrize(
    "spoilt", [{"churn_risk": 1.2}, {"lifetime_value": "60"}, {"orders": True}, {"tier": 1}]
)
def test_a_score_that_cannot_be_true_is_refused(provider, upstream, deadline, spoilt):
    upstream.answers("GET /scores/C-1", SCORES | spoilt)
    with pytest.raises(InvalidAnswer):
        provider.analyze(AnalysisRequest(CUSTOMER), deadline)


def test_a_customer_whom_the_crm_does_not_know_is_told_from_an_address_that_is_wrong(
    provider, upstream, deadline
):
    upstream.answers("GET /scores/C-1", {"error": "no such customer"}, status=404)
    with pytest.raises(CustomerNotFound):
        provider.analyze(AnalysisRequest(CUSTOMER), deadline)
    with pytest.raises(InvalidAnswer):
        provider.analyze(AnalysisRequest(CustomerRef("C-2")), deadline)


def test_a_crm_that_does_not_know_the_health_customer_is_well(provider, upstream, deadline):
    upstream.answers("GET /scores/*", {"error": "no such customer"}, status=404)
    assert provider.check_health(deadline).connection is Connection.CONNECTED


def test_a_start_without_settings_names_each_variable_and_the_cure():
    with pytest.raises(SettingsError, match="CRM_API_KEY: Set the key") as refused:
        CrmProvider.from_host(make_host())
    assert set(refused.value.faults) == {"CRM_URL", "CRM_API_KEY"}
