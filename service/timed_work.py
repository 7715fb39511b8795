"""The named jobs, in one table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta

from providers.chain import IntelligenceChain
from providers.deadline import Deadline
from providers.errors import NotCalled, Paused
from providers.interface import Connection, ProviderHealth
from providers.ports import Clock
from service.database import Database
from service.http.queries import prune_idempotency_keys
from service.intelligence.outcomes import OutcomeBoard
from service.intelligence.queries import prune_drafts
from service.jobs import Job, in_short_transactions
from service.schedules import DailyAt, Every

CHECK_EVERY = timedelta(seconds=5)
CHECK_DEADLINE_S = 10.0
SAMPLE_EVERY = timedelta(seconds=5)
PRUNE_AT = time(3, 30)


def named_jobs(
    *,
    database: Database,
    chain: IntelligenceChain,
    outcomes: OutcomeBoard,
    remote: Sequence[str],
    clock: Clock,
    sample_figures: Callable[[], None],
    draft_retention: timedelta,
) -> list[Job]:
    """`remote`: the providers whose connection is watched."""

    def prune() -> Mapping[str, int]:
        now = clock.now()
        return {
            "drafts": in_short_transactions(
                database, lambda session: prune_drafts(session, now - draft_retention)
            ),
            "idempotency_keys": in_short_transactions(
                database, lambda session: prune_idempotency_keys(session, now)
            ),
        }

    def check_providers() -> Mapping[str, int]:
        silent = outcomes.silent(remote)
        for name in silent:
            deadline = Deadline.after(CHECK_DEADLINE_S, clock)
            try:
                outcomes.checked(name, chain.background(name).check_health(deadline))
            except Paused as pause:
                outcomes.checked(name, ProviderHealth(connection=Connection.UNAVAILABLE, reason=pause.reason))
            except NotCalled:  # calls of people fill its places: their outcomes will tell
                continue
        return {"checked": len(silent), **outcomes.publish()}

    def sample_metrics() -> Mapping[str, int]:
        sample_figures()
        return {}

    return [
        Job(
            name="prune",
            description="delete drafts and idempotency keys that are past their time",
            schedule=DailyAt(PRUNE_AT),
            run=prune,
        ),
        Job(
            name="check-providers",
            description="ask a provider that nobody called for a while how it is",
            schedule=Every(CHECK_EVERY),
            run=check_providers,
        ),
        Job(
            name="share-outcomes",
            description="tell the other processes how this one's provider calls went",
            schedule=Every(CHECK_EVERY),
            run=outcomes.publish,
            per_process=True,
        ),
        Job(
            name="sample-metrics",
            description="write down how this process does, for whichever process monitoring asks",
            schedule=Every(SAMPLE_EVERY),
            run=sample_metrics,
            per_process=True,
        ),
    ]
