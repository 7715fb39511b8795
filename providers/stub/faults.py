"""Every way in which a provider can fail, by the names a script may use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from providers import errors
from providers.errors import NoAnswer, ProviderError, UnsupportedCapability
from providers.models import Capability, Reason

FAULT_OF_REASON: Mapping[Reason, type[ProviderError]] = {
    Reason.NOT_CONFIGURED: UnsupportedCapability,
    Reason.UNKNOWN_CUSTOMER: errors.CustomerNotFound,
    Reason.TIMEOUT: errors.TimedOut,
    Reason.UNREACHABLE: errors.Unreachable,
    Reason.PROVIDER_ERROR: errors.UpstreamError,
    Reason.INVALID_ANSWER: errors.InvalidAnswer,
    Reason.ACCESS_REFUSED: errors.AccessRefused,
    Reason.REQUEST_REFUSED: errors.RequestRefused,
    Reason.RATE_LIMITED: errors.RateLimited,
    Reason.CIRCUIT_OPEN: errors.CircuitOpen,
    Reason.BUSY: errors.Busy,
    Reason.IN_PROGRESS: errors.InProgress,
}


def _with_subclasses(error: type[ProviderError]) -> Iterator[type[ProviderError]]:
    yield error
    for subclass in error.__subclasses__():
        yield from _with_subclasses(subclass)


FAULTS: Mapping[str, type[ProviderError]] = {
    **{reason.value: error for reason, error in FAULT_OF_REASON.items()},
    **{
        error.__name__: error
        for error in _with_subclasses(ProviderError)
        if error.__module__ == errors.__name__
    },
}


@dataclass(frozen=True, slots=True)
class Fault:
    error: type[ProviderError]
    retry_after_s: float | None = None

    def raised_for(self, capability: Capability) -> ProviderError:
        error = self._made_for(capability)
        error.retry_after_s = self.retry_after_s
        return error

    def _made_for(self, capability: Capability) -> ProviderError:
        if issubclass(self.error, UnsupportedCapability):
            return self.error("stub", capability)
        if issubclass(self.error, NoAnswer):
            return self.error([])
        return self.error("scripted")
