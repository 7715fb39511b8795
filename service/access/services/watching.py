"""Failed sign-ins in the audit: written behind and counted, since anybody can make any number of them."""

from providers.ports import Clock
from service.access.services.sign_in import LoggedFailures
from service.auditing import Audit
from service.events import SIGN_IN_FAILED, Event

UNKNOWN_ACCOUNT = "unknown"
"""The e-mail address that was tried is told nowhere: people type passwords into that field."""


class AuditedFailures(LoggedFailures):
    """A `SignInWatcher`."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    def failed(self, *, agent_id: str | None, address: str, reason: str) -> None:
        super().failed(agent_id=agent_id, address=address, reason=reason)
        self._audit.note(
            Event(
                type=SIGN_IN_FAILED,
                subject_type="agent",
                subject_id=agent_id or UNKNOWN_ACCOUNT,
                actor="nobody",
                at=self._clock.now(),
                after={"reason": reason},
            )
        )
