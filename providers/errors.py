"""How a provider can fail. The class carries the policy; nobody compares status codes twice.

ProviderError
├── ProviderFault                  the provider was asked and failed
│   ├── Unreachable                no connection, or it was cut          retryable, counts
│   ├── TimedOut                   no answer in the attempt's time       retryable, counts
│   ├── UpstreamError              500                                   retryable, counts
│   ├── InvalidAnswer              an answer that cannot be believed     counts
│   ├── AccessRefused              401, 403: our key is refused          counts
│   └── RequestRefused             it would not take our request         does not count
├── RateLimited                    429: it asks for a pause              does not count
├── CustomerNotFound               an answer, not a failure              does not count
├── UnsupportedCapability          never offered                         does not count
├── NotCalled                      our own guard refused the call        does not count
│   ├── CircuitOpen
│   ├── Paused                     it asked us to wait
│   ├── Busy                       all of our places at it are taken
│   ├── QuotaSpent                 background calls have had their share
│   ├── DeadlinePassed             no time was left to call
│   └── InProgress                 another caller's answer took too long
└── NoAnswer                       every provider asked has failed
"""

from providers.models import Capability, Reason


class ProviderError(Exception):
    """`retryable`: the same call may succeed at once. `trips_circuit`: it counts against the provider.

    `retry_after_s` is the wait that the provider or a guard asks for, None where none is known. The
    message is ours: it never holds a key, an upstream body or message text.
    """

    retryable = False
    trips_circuit = False
    reason = Reason.PROVIDER_ERROR

    def __init__(self, message: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message or self.reason)
        self.retry_after_s = retry_after_s


class ProviderFault(ProviderError):
    trips_circuit = True


class Unreachable(ProviderFault):
    retryable = True
    reason = Reason.UNREACHABLE


class TimedOut(ProviderFault):
    retryable = True
    reason = Reason.TIMEOUT


class UpstreamError(ProviderFault):
    retryable = True


class InvalidAnswer(ProviderFault):
    """Asking again brings the same: cut short, not parseable, NaN, empty, or about somebody else."""

    reason = Reason.INVALID_ANSWER


class AccessRefused(ProviderFault):
    """Our configuration, never the caller's fault: no retry mends it, and health tells."""

    reason = Reason.ACCESS_REFUSED


class RequestRefused(ProviderFault):
    """What we sent is at fault, so the provider's health is not in doubt."""

    trips_circuit = False
    reason = Reason.REQUEST_REFUSED


class RateLimited(ProviderError):
    reason = Reason.RATE_LIMITED


class CustomerNotFound(ProviderError):
    reason = Reason.UNKNOWN_CUSTOMER


class UnsupportedCapability(ProviderError):
    """Kept apart from failure: the provider never offered it."""

    reason = Reason.NOT_CONFIGURED

    def __init__(self, provider: str, capability: Capability) -> None:
        super().__init__(f"{provider} does not offer {capability}")


class NotCalled(ProviderError):
    """A guard of ours refused the call, so that it says nothing about the provider."""


class CircuitOpen(NotCalled):
    reason = Reason.CIRCUIT_OPEN


class Paused(NotCalled):
    reason = Reason.RATE_LIMITED


class Busy(NotCalled):
    reason = Reason.BUSY


class QuotaSpent(NotCalled):
    reason = Reason.RATE_LIMITED


class DeadlinePassed(NotCalled):
    reason = Reason.TIMEOUT


class InProgress(NotCalled):
    reason = Reason.IN_PROGRESS


class NoAnswer(ProviderError):
    """Every provider that was asked failed and no fallback is enabled."""

    def __init__(self, failures: list[ProviderError]) -> None:
        waits = [failure.retry_after_s for failure in failures if failure.retry_after_s is not None]
        super().__init__("no provider answered", retry_after_s=min(waits) if waits else None)
        self.failures = failures
        self.reason = failures[0].reason if failures else Reason.NOT_CONFIGURED
