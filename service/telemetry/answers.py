"""Answers of intelligence that are less than they should be, one log line each."""

import structlog

from providers.ports import CallRecord, ServedRecord

log = structlog.get_logger()


class AnswerLog:
    """`providers.ports.CallObserver`. Stale facts are not degraded: they are only counted."""

    def called(self, record: CallRecord) -> None:
        """Told by the chain itself, as `provider_call`."""

    def served(self, record: ServedRecord) -> None:
        if record.degraded:
            log.info(
                "answer_degraded",
                provider=record.provider,
                capability=record.capability,
                source=record.source,
                reason=record.reason,
            )
