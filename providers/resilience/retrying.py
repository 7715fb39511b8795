"""A second chance for what may have been bad luck, within the deadline and the budget."""

import threading
from collections.abc import Callable

import tenacity

from providers.deadline import Deadline
from providers.errors import DeadlinePassed, ProviderError, RateLimited
from providers.interface import GuardPolicy, IntelligenceProvider
from providers.ports import Clock, Random
from providers.resilience.retry_budget import RetryBudget
from providers.resilience.wrapping import A, Call, Wrapper

BACKOFF_BASE_S = 0.2
BACKOFF_CAP_S = 5.0


class Waits(threading.local):
    """Seconds that this thread has slept between attempts: not the provider's time, so never slowness."""

    total_s = 0.0


class Retrying(Wrapper):
    """An attempt gets the policy's time or what is left; the last attempt's error is the call's."""

    def __init__(
        self,
        inner: IntelligenceProvider,
        *,
        policy: GuardPolicy,
        budget: RetryBudget,
        waits: Waits,
        clock: Clock,
        random: Random,
    ) -> None:
        super().__init__(inner)
        self._max_attempts = 1 + policy.max_retries
        self._attempt_timeout_s = policy.attempt_timeout_s
        self._budget = budget
        self._waits = waits
        self._clock = clock
        self._random = random

    def around(self, call: Call[A]) -> A:
        if call.deadline.passed:
            raise DeadlinePassed
        self._budget.count_call()
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_worth_repeating),
            wait=self._wait_s,
            stop=self._stop_by(call.deadline),
            sleep=self._sleep,
            reraise=True,
        )
        answer: A = attempts(self._attempt, call)
        return answer

    def _attempt(self, call: Call[A]) -> A:
        return call.by(call.deadline.within(self._attempt_timeout_s)).on(self.inner)

    def _wait_s(self, state: tenacity.RetryCallState) -> float:
        """Full jitter: uniform below a doubling bound, but never less than the provider asks for."""
        bound_s = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** (state.attempt_number - 1))
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.retry_after_s if isinstance(error, ProviderError) else None
        return max(asked_s or 0.0, self._random.random() * bound_s)

    def _stop_by(self, deadline: Deadline) -> Callable[[tenacity.RetryCallState], bool]:
        def stop(state: tenacity.RetryCallState) -> bool:
            return (
                state.attempt_number >= self._max_attempts
                or state.upcoming_sleep >= deadline.remaining_s
                or not self._budget.take()
            )

        return stop

    def _sleep(self, seconds: float) -> None:
        self._waits.total_s += seconds
        self._clock.sleep(seconds)


def _worth_repeating(error: BaseException) -> bool:
    if isinstance(error, RateLimited):
        return error.retry_after_s is not None
    return isinstance(error, ProviderError) and error.retryable
