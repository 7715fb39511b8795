"""Several who watch the chain, as the one observer that it knows."""

from collections.abc import Sequence

from providers.ports import CallObserver, CallRecord, ServedRecord


class FannedOut:
    """`providers.ports.CallObserver`: tells each of `observers`, in their order."""

    def __init__(self, observers: Sequence[CallObserver]) -> None:
        self._observers = tuple(observers)

    def called(self, record: CallRecord) -> None:
        for observer in self._observers:
            observer.called(record)

    def served(self, record: ServedRecord) -> None:
        for observer in self._observers:
            observer.served(record)
