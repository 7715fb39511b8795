"""What the suite catches in a provider that asks over HTTP as one would at first write it."""

import json
from decimal import Decimal

import pytest
import requests

from providers import errors
from providers.deadline import Deadline
from providers.interface import Connection, IntelligenceProvider, ProviderHealth
from providers.models import (
    AnalysisRequest,
    BehavioralMetrics,
    Capability,
    CustomerIntelligence,
    CustomerRef,
    Provenance,
    Reason,
    Source,
)
from providers.testing.contract import Breakage, HttpProviderContract, WallClock
from providers.testing.upstream import FakeUpstream

SUITE = HttpProviderContract()
CUSTOMER = CustomerRef("desk-1", {"naive": "C-1"})
SCORES = {"customer": "C-1", "lifetime_value": 12.5}


class Naive(IntelligenceProvider):
    name = "naive"
    display_name = "Naive"
    retries = 0
    follows_redirects = False

    def __init__(self, url):
        self.url = url
        self.clock = WallClock()

    @classmethod
    def from_host(cls, host):
        return cls("http://127.0.0.1:1")

    @property
    def capabilities(self):
        return frozenset({Capability.ANALYZE})

    def check_health(self, deadline):
        return ProviderHealth(connection=Connection.CONNECTED)

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        scores = self.ask(request.customer.known_as(self.name), deadline)
        return CustomerIntelligence(
            provenance=Provenance(provider=self.name, source=Source.FRESH, as_of=self.clock.now()),
            customer_id=request.customer.id,
            metrics=BehavioralMetrics(lifetime_value=Decimal(str(scores["lifetime_value"]))),
        )

    def ask(self, customer_id, deadline):
        for _ in range(1 + self.retries):
            try:
                answer = requests.get(
                    f"{self.url}/scores/{customer_id}",
                    timeout=max(deadline.remaining_s, 0.01),
                    allow_redirects=self.follows_redirects,
                )
            except requests.Timeout as error:
                raise errors.TimedOut("too late") from error
            if answer.status_code == 200:
                return json.loads(answer.text)
        raise errors.UpstreamError(f"it answered {answer.status_code}")


@pytest.fixture
def clock():
    return WallClock()


@pytest.fixture
def deadline(clock):
    return Deadline.after(10, clock)


@pytest.fixture
def upstream():
    with FakeUpstream() as upstream:
        upstream.answers("GET /scores/C-1", SCORES)
        yield upstream


@pytest.fixture
def naive(upstream):
    return Naive(upstream.url)


def fault_check(naive, upstream, clock, breakage):
    SUITE.test_a_fault_becomes_its_class_in_time(
        naive, Capability.ANALYZE, breakage, CUSTOMER, upstream.breaks, clock, ()
    )


@pytest.mark.parametrize(
    ("breakage", "cure"),
    [
        (Breakage.DRIP, "raise errors.TimedOut when the upstream does this: drip"),
        (Breakage.CUT, "raise errors.Unreachable .* it let ConnectionError escape"),
        (Breakage.GARBAGE, "raise errors.InvalidAnswer .* escape"),
        (Breakage.KEY_REFUSED, "raise errors.AccessRefused .* it raised UpstreamError"),
        (Breakage.HUGE, "raise errors.InvalidAnswer .* it answered"),
    ],
)
def test_a_failing_check_says_what_to_raise_and_what_came(naive, upstream, clock, breakage, cure):
    with pytest.raises((AssertionError, pytest.fail.Exception), match=cure):
        fault_check(naive, upstream, clock, breakage)


def test_retries_of_its_own_are_caught(upstream, deadline):
    class Stubborn(Naive):
        retries = 2

    with pytest.raises(AssertionError, match="do not retry"):
        SUITE.test_a_fault_is_left_to_the_chain_to_retry(
            Stubborn(upstream.url), Capability.ANALYZE, CUSTOMER, upstream, deadline
        )


def test_a_redirect_that_is_followed_is_caught(upstream, deadline):
    class Follower(Naive):
        follows_redirects = True

    with pytest.raises(AssertionError, match="another host"):
        SUITE.test_a_redirect_is_not_followed_with_the_key(
            Follower(upstream.url), Capability.ANALYZE, CUSTOMER, upstream, deadline
        )


@pytest.mark.parametrize("harmful_id", ["../../etc/passwd", "a?admin=1#b"])
def test_an_id_that_is_put_into_an_address_as_it_is_is_caught(naive, upstream, deadline, harmful_id):
    with pytest.raises(AssertionError, match="encode ids"):
        SUITE.test_an_id_does_not_change_which_address_is_asked(
            naive, Capability.ANALYZE, harmful_id, upstream, deadline
        )


def test_health_that_always_says_healthy_is_caught(naive, upstream, clock):
    upstream.breaks(Breakage.SERVER_ERROR)
    with pytest.raises(AssertionError, match="one real call"):
        SUITE.test_health_tells_the_fault(
            naive, Breakage.SERVER_ERROR, Reason.PROVIDER_ERROR, upstream.breaks, clock
        )


def test_scores_of_somebody_else_are_caught(naive, upstream, deadline):
    def break_it(breakage):
        upstream.breaks(breakage, about="C-1")

    with pytest.raises(pytest.fail.Exception, match=r"errors\.InvalidAnswer .*other_customer.* it answered"):
        SUITE.test_a_fact_that_cannot_be_believed_is_refused(
            naive, Capability.ANALYZE, Breakage.OTHER_CUSTOMER, CUSTOMER, break_it, deadline
        )
