"""What is promised when time is short, callers are many, and ids are strange."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from providers.deadline import Deadline
from providers.interface import IntelligenceProvider
from providers.models import FACTS, Answer, Capability, CustomerRef
from providers.ports import Clock
from providers.testing.contract.asking import EVERY_CAPABILITY, Asking
from providers.testing.contract.questions import HOSTILE_IDS, QUESTIONS

THREADS = 8
AT_ONCE_S = 1.0


class TroubleContract(Asking):
    @EVERY_CAPABILITY
    def test_a_passed_deadline_is_not_waited_beyond(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        clock: Clock,
    ) -> None:
        request = QUESTIONS[capability].request(known_customer)
        started_s = time.monotonic()
        self.answer_or_failure(provider, capability, request, Deadline(clock, clock.monotonic() - 1))
        assert time.monotonic() - started_s < AT_ONCE_S, "look at deadline.remaining_s before you begin"

    def test_health_does_not_wait_beyond_a_passed_deadline(
        self, provider: IntelligenceProvider, clock: Clock
    ) -> None:
        started_s = time.monotonic()
        provider.check_health(Deadline(clock, clock.monotonic() - 1))
        assert time.monotonic() - started_s < AT_ONCE_S, "look at deadline.remaining_s before you begin"

    @EVERY_CAPABILITY
    def test_eight_threads_get_the_answer_of_one(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        alone = self.put(provider, capability, known_customer, deadline)
        request = QUESTIONS[capability].request(known_customer)

        def ask(_: int) -> Answer:
            return QUESTIONS[capability].ask(provider, request, deadline)

        with ThreadPoolExecutor(THREADS) as threads:
            answers = list(threads.map(ask, range(2 * THREADS)))
        assert {answer.provenance.provider for answer in answers} == {provider.name}
        if capability in FACTS:
            as_of = alone.provenance.as_of
            assert all(answer.with_provenance(as_of=as_of) == alone for answer in answers), (
                "calls on other threads got in each other's way: keep nothing of a call on `self`"
            )

    @EVERY_CAPABILITY
    @pytest.mark.parametrize("hostile_id", HOSTILE_IDS, ids=lambda id_: ascii(id_[:20]))
    def test_a_strange_id_is_answered_or_honestly_refused(
        self, provider: IntelligenceProvider, capability: Capability, hostile_id: str, deadline: Deadline
    ) -> None:
        request = QUESTIONS[capability].request(CustomerRef(hostile_id))
        self.answer_or_failure(provider, capability, request, deadline)
