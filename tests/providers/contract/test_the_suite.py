"""A suite is worth what it catches: each provider here breaks one promise."""

import re
import sys
from configparser import ConfigParser
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from providers.deadline import Deadline
from providers.fallback.provider import FallbackProvider
from providers.interface import Connection, IntelligenceProvider, ProviderHealth
from providers.models import Capability, CustomerRef, Reason
from providers.stub.provider import StubProvider
from providers.stub.settings import StubSettings
from providers.testing.contract import ProviderContract, WallClock
from tests.pages import ROOT

SUITE = ProviderContract()
CUSTOMER = CustomerRef("desk-1", {"stub": "test_customer_high_ltv"})
FAILS = (AssertionError, pytest.fail.Exception)


class Liar(StubProvider):
    def __init__(self):
        super().__init__(StubSettings(), WallClock())


@pytest.fixture
def clock():
    return WallClock()


@pytest.fixture
def deadline(clock):
    return Deadline.after(10, clock)


def test_a_foreign_name_in_the_provenance_is_caught(clock, deadline):
    class Impostor(Liar):
        def analyze(self, request, deadline):
            return super().analyze(request, deadline).with_provenance(provider="quimbi")

    with pytest.raises(AssertionError):
        SUITE.test_an_answer_says_who_gave_it_and_when(
            Impostor(), Capability.ANALYZE, CUSTOMER, deadline, clock
        )


def test_a_local_time_is_caught(clock, deadline):
    class Traveller(Liar):
        def analyze(self, request, deadline):
            answer = super().analyze(request, deadline)
            abroad = answer.provenance.as_of.astimezone(timezone(timedelta(hours=2)))
            return answer.with_provenance(as_of=abroad)

    with pytest.raises(AssertionError):
        SUITE.test_an_answer_says_who_gave_it_and_when(
            Traveller(), Capability.ANALYZE, CUSTOMER, deadline, clock
        )


def test_the_external_id_in_an_answer_is_caught(deadline):
    class Blabber(Liar):
        def predict_churn(self, request, deadline):
            return replace(super().predict_churn(request, deadline), customer_id="test_customer_high_ltv")

    with pytest.raises(AssertionError):
        SUITE.test_facts_carry_our_id_and_not_the_external_one(
            Blabber(), Capability.CHURN, CUSTOMER, deadline
        )


def test_facts_that_differ_when_asked_again_are_caught(deadline):
    class Gambler(Liar):
        risk = 0.1

        def predict_churn(self, request, deadline):
            self.risk += 0.1
            return replace(super().predict_churn(request, deadline), churn_risk_score=self.risk)

    with pytest.raises(AssertionError):
        SUITE.test_facts_are_the_same_when_asked_again(Gambler(), Capability.CHURN, CUSTOMER, deadline)


def test_figures_for_an_unknown_customer_are_caught(deadline):
    with pytest.raises(AssertionError):
        SUITE.test_of_an_unknown_customer_nothing_is_known(
            Liar(), Capability.LTV, CustomerRef("cust_123"), deadline
        )


def test_a_placeholder_left_in_a_draft_is_caught(deadline):
    class Template(Liar):
        def draft_reply(self, request, deadline):
            return replace(super().draft_reply(request, deadline), content="Dear [Customer Name],")

    with pytest.raises(AssertionError):
        SUITE.test_a_draft_leaves_no_placeholder_to_fill_in(Template(), CUSTOMER, deadline)


def test_actions_out_of_order_are_caught(deadline):
    class Shuffler(Liar):
        def recommend_actions(self, request, deadline):
            answer = super().recommend_actions(request, deadline)
            return replace(answer, actions=answer.actions[::-1])

    with pytest.raises(AssertionError):
        SUITE.test_actions_come_in_order_of_priority(
            Shuffler(), CustomerRef("d", {"stub": "test_customer_low_ltv"}), deadline
        )


def test_an_error_of_another_kind_is_caught(deadline):
    class Fragile(Liar):
        def analyze(self, request, deadline):
            raise KeyError(request.customer.id)

    with pytest.raises(KeyError):
        SUITE.test_a_strange_id_is_answered_or_honestly_refused(
            Fragile(), Capability.ANALYZE, "../../etc/passwd", deadline
        )


def test_a_capability_that_is_declared_and_not_offered_is_caught(deadline):
    class Boaster(FallbackProvider):
        analyze = IntelligenceProvider.analyze

    with pytest.raises(FAILS):
        SUITE.test_a_strange_id_is_answered_or_honestly_refused(
            Boaster(WallClock()), Capability.ANALYZE, "x", deadline
        )


def test_a_generic_provider_that_calls_its_words_fresh_is_caught(deadline):
    class Pretender(Liar):
        generic = True

    with pytest.raises(AssertionError):
        SUITE.test_only_a_generic_answer_is_a_fallback(Pretender(), Capability.DRAFT, CUSTOMER, deadline)


def test_health_that_contradicts_itself_is_caught(deadline):
    class Optimist(Liar):
        def check_health(self, deadline):
            return ProviderHealth(connection=Connection.CONNECTED, reason=Reason.TIMEOUT)

    with pytest.raises(AssertionError):
        SUITE.test_its_health_is_told_within_the_deadline(Optimist(), deadline)


def test_a_key_in_the_repr_is_caught():
    class Exhibitionist(Liar):
        def __repr__(self):
            return "Exhibitionist(key='qpk_test_example')"

    with pytest.raises(AssertionError):
        SUITE.test_no_secret_shows_in_its_repr(Exhibitionist(), ("qpk_test_example",))


def test_what_is_shipped_for_tests_needs_pytest_and_nothing_else_that_the_desk_does_not_need():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    required = re.findall(r"^[a-z-]+", setup["options"]["install_requires"], re.MULTILINE)
    allowed = {name.replace("-", "_") for name in required} | sys.stdlib_module_names
    allowed |= {"providers", "service", "pytest"}
    shipped = [*(ROOT / "providers/testing").rglob("*.py"), *(ROOT / "service/testing").rglob("*.py")]
    imported = re.findall(
        r"^(?:from|import) (\w+)", "\n".join(path.read_text() for path in shipped), re.MULTILINE
    )
    assert len(shipped) > 30
    assert set(imported) - allowed == set()
