"""The named jobs, in one table."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta

from providers.chain import IntelligenceChain
from providers.deadline import Deadline
from providers.errors import NotCalled, Paused
from providers.interface import Connection, ProviderHealth
from providers.ports import Clock, ToggleSource
from service.access.queries import prune_sessions
from service.access.services import ApiKeys
from service.assignment.parts import AssignmentParts
from service.auditing import Audit
from service.customer_base.parameters import Fitted
from service.customer_base.services import CustomerBaseServices
from service.database import Database
from service.http.queries import prune_idempotency_keys
from service.intelligence.outcomes import OutcomeBoard
from service.intelligence.queries import prune_drafts
from service.jobs import Job, in_short_transactions
from service.outbox.services import Outbox
from service.privacy.memory import Memory
from service.privacy.scrubbing import Scrubbing
from service.privacy.services import Erasure
from service.provider_control.sharing import Heartbeats
from service.provider_control.switching import THE_SERVICE, Switches
from service.schedules import DailyAt, Every
from service.streams.queries import prune_used
from service.tickets import past_ranks
from service.tickets.services import Ranking

CHECK_EVERY = timedelta(seconds=5)
CHECK_DEADLINE_S = 10.0
CHECK_LEASE = timedelta(seconds=20)
"""Beyond the deadline, and short: while a dead process holds it, nobody checks."""
RANK_EVERY = timedelta(seconds=10)
HAND_OUT_EVERY = timedelta(seconds=2)
TAKE_BACK_EVERY = timedelta(seconds=5)
TELL_EVERY = timedelta(seconds=2)
SAMPLE_EVERY = timedelta(seconds=5)
SCRUB_EVERY = timedelta(seconds=30)
PRUNE_AT = time(3, 30)
PRUNE_RANKS_EVERY = timedelta(minutes=10)
SESSIONS_KEPT = timedelta(days=1)
"""After their end, by clocks that may differ."""

WRITE_USES_EVERY = timedelta(minutes=1)
COUNT_EVERY = timedelta(seconds=10)
FIT_AT = time(2, 30)
FIT_LEASE = timedelta(hours=2)
GROWN_EVERY = timedelta(minutes=5)


def named_jobs(
    *,
    database: Database,
    chain: IntelligenceChain,
    outcomes: OutcomeBoard,
    remote: Sequence[str],
    toggles: ToggleSource,
    switches: Switches,
    heartbeats: Heartbeats,
    customer_base: CustomerBaseServices,
    ranking: Ranking,
    assignment: AssignmentParts,
    audit: Audit,
    erasure: Erasure,
    memory: Memory,
    scrubbing: Scrubbing,
    clock: Clock,
    sample_figures: Callable[[], None],
    draft_retention: timedelta,
    keys: ApiKeys,
    feed_jobs: Sequence[Job],
    outbox: Outbox,
    outbox_retention: timedelta,
) -> list[Job]:
    """`remote`: the providers whose connection is watched while they are enabled."""

    def prune() -> Mapping[str, int]:
        now = clock.now()
        return {
            "drafts": in_short_transactions(
                database, lambda session: prune_drafts(session, now - draft_retention)
            ),
            "sessions": in_short_transactions(
                database, lambda session: prune_sessions(session, now - SESSIONS_KEPT)
            ),
            "deliveries": in_short_transactions(
                database, lambda session: outbox.prune(session, outbox_retention)
            ),
            "stream_tickets": in_short_transactions(
                database, lambda session: prune_used(session, now - SESSIONS_KEPT)
            ),
            "idempotency_keys": in_short_transactions(
                database, lambda session: prune_idempotency_keys(session, now)
            ),
        }

    def check(name: str) -> None:
        deadline = Deadline.after(CHECK_DEADLINE_S, clock)
        try:
            outcomes.checked(name, chain.background(name).check_health(deadline))
        except Paused as pause:
            outcomes.checked(name, ProviderHealth(connection=Connection.UNAVAILABLE, reason=pause.reason))
        except NotCalled:  # calls of people fill its places: their outcomes will tell
            return

    def check_providers() -> Mapping[str, int]:
        silent = outcomes.silent([name for name in toggles.enabled() if name in remote])
        _at_once(check, silent)
        return {"checked": len(silent), **outcomes.publish()}

    def follow_toggles() -> Mapping[str, int]:
        switches.settle()
        return switches.follow()

    def fit() -> Mapping[str, int]:
        return figures_of(customer_base.fits.fit(by=THE_SERVICE))

    def fit_grown() -> Mapping[str, int]:
        fitted = customer_base.fits.fit_grown(by=THE_SERVICE)
        return figures_of(fitted) if fitted else {}

    def sample_metrics() -> Mapping[str, int]:
        sample_figures()
        return {}

    return [
        Job(
            name="prune",
            description="delete what is past its time: drafts, sessions, stream tickets, deliveries, keys",
            schedule=DailyAt(PRUNE_AT),
            run=prune,
        ),
        Job(
            name="check-providers",
            description="ask a provider that nobody called for a while how it is",
            schedule=Every(CHECK_EVERY),
            run=check_providers,
            lease=CHECK_LEASE,
        ),
        Job(
            name="rank-tickets",
            description="order the inbox anew where its weights or providers are others than before",
            schedule=Every(RANK_EVERY),
            run=lambda: renew_ranks(ranking),
        ),
        Job(
            name="hand-out-tickets",
            description="give tickets that wait to agents who have room",
            schedule=Every(HAND_OUT_EVERY),
            run=assignment.handing_out.run,
        ),
        Job(
            name="return-unaccepted-tickets",
            description="take back what agents left unaccepted who went offline, and all of inactive ones",
            schedule=Every(TAKE_BACK_EVERY),
            run=assignment.taking_back.run,
        ),
        Job(
            name="prune-past-ranks",
            description="delete the ranks that tickets had before, once no walk by cursor needs them",
            schedule=Every(PRUNE_RANKS_EVERY),
            run=lambda: prune_past_ranks(database, clock),
        ),
        Job(
            name="count-contacts",
            description="count the support contacts of customers who had some",
            schedule=Every(COUNT_EVERY),
            run=lambda: {"customers": customer_base.rebuilding.bring_up()},
        ),
        Job(
            name="fit-grown",
            description="fit the desk's own intelligence anew where it has twice as many customers",
            schedule=Every(GROWN_EVERY),
            run=fit_grown,
            lease=FIT_LEASE,
        ),
        Job(
            name="fit-intelligence",
            description="fit the desk's own intelligence to its customers anew",
            schedule=DailyAt(FIT_AT),
            run=fit,
            lease=FIT_LEASE,
        ),
        Job(
            name="follow-toggles",
            description="switch providers as operators last said",
            schedule=Every(TELL_EVERY),
            run=follow_toggles,
            per_process=True,
        ),
        Job(
            name="share-heartbeat",
            description="tell the other processes how this one does, and hear of circuits that they opened",
            schedule=Every(TELL_EVERY),
            run=heartbeats.share,
            per_process=True,
        ),
        Job(
            name="share-outcomes",
            description="tell the other processes how this one's provider calls went",
            schedule=Every(TELL_EVERY),
            run=outcomes.publish,
            per_process=True,
        ),
        Job(
            name="write-audit",
            description="write down what the audit was told of strangers, the same of a minute as one entry",
            schedule=Every(TELL_EVERY),
            run=audit.write_noted,
            per_process=True,
        ),
        Job(
            name="forget-erased",
            description="drop what this process remembers of customers who were erased in any process",
            schedule=Every(CHECK_EVERY),
            run=lambda: {**erasure.forget_again(), **memory.forget_erased()},
            per_process=True,
        ),
        Job(
            name="scrub-file",
            description="on SQLite, take out of the file what erasures left in it",
            schedule=Every(SCRUB_EVERY),
            run=scrubbing.run,
        ),
        Job(
            name="write-key-uses",
            description="write down when API keys were last used",
            schedule=Every(WRITE_USES_EVERY),
            run=keys.write_uses,
            per_process=True,
        ),
        Job(
            name="sample-metrics",
            description="write down how this process does, for whichever process monitoring asks",
            schedule=Every(SAMPLE_EVERY),
            run=sample_metrics,
            per_process=True,
        ),
        *feed_jobs,
    ]


def figures_of(fitted: Fitted) -> Mapping[str, int]:
    parameters = fitted.parameters
    return {
        "version": parameters.version,
        "customers": parameters.customers,
        "adopted": int(fitted.adopted),
    }


def renew_ranks(ranking: Ranking) -> Mapping[str, int]:
    """Batch by batch, each in a transaction of its own."""
    ranked = 0
    while batch := ranking.renew()["ranked"]:
        ranked += batch
    return {"ranked": ranked}


def prune_past_ranks(database: Database, clock: Clock) -> Mapping[str, int]:
    before = clock.now() - past_ranks.KEPT - past_ranks.PRUNED_LATER
    return {"past_ranks": in_short_transactions(database, lambda session: past_ranks.prune(session, before))}


def _at_once(work: Callable[[str], None], names: Sequence[str]) -> None:
    """So that one that hangs keeps nobody from learning of the others."""
    threads = [
        threading.Thread(target=work, args=(name,), name=f"check-{name}", daemon=True) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
