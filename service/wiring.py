"""The only composition root: what the service is made of, and how the parts know each other."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog
from flask import Flask

from providers.chain import ChainSettings, IntelligenceChain, build_chain
from providers.interface import IntelligenceProvider
from providers.models import Capability
from providers.ports import Clock, ProviderHost, Random
from providers.quimbi.settings import KEY_VARIABLE, is_test_key
from providers.registry import Registry
from providers.resilience.caching import decoded
from providers.resilience.places import Places
from providers.resilience.single_flight import Flights
from providers.statistical.provider import StatisticalProvider
from service.analytics.services import DraftAnalytics
from service.assignment.parts import AssignmentParts
from service.assignment.strategies import Strategies, StrategyOptions
from service.audit.services import AuditTrail
from service.auditing import Audit
from service.cache import GatedAnswerCache, InProcessAnswerCache, install_cache
from service.clock import SystemClock
from service.customer_base.keeping import StatisticsKeeping
from service.customer_base.reporting import FitReports
from service.customer_base.services import CustomerBaseServices
from service.customers.services import CustomerService, OrderService
from service.database import Database, db, engine_options, normalise_url
from service.desk.services import (
    CustomerPages,
    DeskService,
    KnownCustomers,
    Profiles,
    ShoppingService,
    TicketPages,
)
from service.entrance import build_entrance
from service.events import EventLog
from service.feed.services import Followers
from service.flight_board import RedisFlightBoard
from service.followers import MadeOfEvents
from service.health.services import HealthService
from service.http.callers import Gate
from service.http.components import provide
from service.http.idempotency import KeptAnswers
from service.http.origins import asked_from
from service.importing.importer import Importer
from service.importing.kinds.customers import Customers
from service.importing.kinds.orders import Orders
from service.importing.kinds.tickets import Tickets
from service.inbound.services import Deliveries, InboundWebhooks
from service.intelligence.at_risk import CustomersAtRisk
from service.intelligence.draft_counters import DraftCounters
from service.intelligence.draft_outcomes import DraftOutcomes
from service.intelligence.drafting import DraftService
from service.intelligence.history import DeskHistory
from service.intelligence.known_facts import LastKnownFacts
from service.intelligence.observers import FannedOut
from service.intelligence.outcomes import OutcomeBoard
from service.intelligence.outdating import FactsOutdating
from service.intelligence.recommending import RecommendationService
from service.intelligence.schemas import forget_dumped
from service.intelligence.services import FactsService, TextSources
from service.intelligence.snapshots import DatabaseSnapshots, forget_decoded
from service.jobs import Bell, Job, JobRunner
from service.lifecycle import Lifecycle
from service.outbound.settings import OutboundSettings
from service.outbox.services import Outbox
from service.outgoing import build_dispatcher, build_feed
from service.privacy.memory import Memory
from service.privacy.scrubbing import Scrubbing
from service.privacy.services import Erasure, Exports
from service.provider_control.reports import Process, Reporter
from service.provider_control.services import ProviderControl
from service.provider_control.sharing import Heartbeats
from service.provider_control.statistics import CallStatistics
from service.provider_control.switching import Switches
from service.provider_control.toggles import RuntimeToggles
from service.serving.lanes import STREAM_THREADS
from service.settings import Deployment, Settings
from service.streams.services import StreamServices
from service.telemetry.answers import AnswerLog
from service.telemetry.metrics import Metrics
from service.telemetry.metrics.dependencies import DependencyFigures
from service.telemetry.metrics.exposition import Exposition
from service.telemetry.metrics.guards import GuardFigures
from service.text_index import TextIndex
from service.tickets.scoring import Weights
from service.tickets.services import (
    BroughtRecords,
    ConversationService,
    FieldService,
    HistoryService,
    InboxService,
    NoteService,
    PastTicketService,
    Ranking,
    TicketRecords,
    TicketService,
)
from service.timed_work import named_jobs

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Substitutes:
    """What tests put in the place of the real thing."""

    clock: Clock | None = None
    random: Random | None = None
    providers: Sequence[IntelligenceProvider] | None = None
    registry: Registry | None = None


def wire(app: Flask, settings: Settings, substitutes: Substitutes, metrics: Metrics) -> Gate:
    """The gate that stands before every view, with all that the views need behind it."""
    clock = substitutes.clock or SystemClock()
    chance = substitutes.random or random.Random()
    database = _database(app, settings)
    cache = install_cache(
        app, redis_url=settings.redis_url, key_prefix=settings.cache_key_prefix, clock=clock
    )
    events = EventLog(origin=asked_from)
    audit = Audit(database, events, clock, origin=asked_from)
    feed, relay, followers, outbox = build_feed(database, events, clock)
    toggles = RuntimeToggles(
        [provider.name for provider in substitutes.providers or ()] or settings.intelligence_providers
    )
    chain_settings = ChainSettings.from_environment(settings.raw)
    known_facts = LastKnownFacts(
        toggles.enabled,
        clock,
        max_age_s=chain_settings.snapshot_max_age_s,
        ttl_s=chain_settings.ttl_s[Capability.ANALYZE],
    )
    entrance = build_entrance(settings, database, events=events, audit=audit, cache=cache, clock=clock)
    index = TextIndex(database.engine.dialect.name)
    ranking = Ranking(database, scoring_weights(settings), known_facts, clock)
    customers = CustomerService(database, events, clock, index)
    records = TicketRecords(events, ranking, clock, chance, queues_new=settings.assignment_automatic)
    conversations = ConversationService(database, records, index)
    tickets = TicketService(database, customers, records, index)
    inbox = InboxService(database, index, ranking.weights, clock, entrance.directory)
    snapshots = DatabaseSnapshots(database, clock, changed=ranking.facts_changed)
    outcomes = OutcomeBoard(database, clock)
    customer_base = CustomerBaseServices.over(database, clock)

    host = ProviderHost(
        environment=settings.raw,
        deployment=settings.environment,
        clock=clock,
        random=chance,
        history=DeskHistory(customers, tickets),
        processes=settings.processes,
        statistics=customer_base.source,
    )
    providers = substitutes.providers or make_providers(settings, host, substitutes.registry or Registry())
    statistics, bell = CallStatistics(clock), Bell()
    flights = _flights(settings, cache)
    chain = build_chain(
        providers,
        chain_settings,
        cache=cache,
        snapshots=snapshots,
        toggles=toggles,
        observer=FannedOut([outcomes, statistics, metrics.providers, AnswerLog()]),
        clock=clock,
        random=chance,
        flights=flights,
        processes=settings.processes,
        circuit_opened=bell.ring,
    )
    switches = Switches(database, events, toggles, chain, clock)
    heartbeats = Heartbeats(
        database,
        Process.this(clock),
        reporter=Reporter(
            providers, chain=chain, toggles=toggles, statistics=statistics, cache=cache, clock=clock
        ),
        chain=chain,
        toggles=toggles,
        clock=clock,
    )

    draft_counters = DraftCounters(database, chance)
    assignment = AssignmentParts.over(
        database,
        events,
        clock,
        records=records,
        weights=ranking.weights,
        strategies=assignment_strategies(settings),
        grace=timedelta(seconds=settings.assignment_grace_s),
    )
    _subscribe(
        events,
        FactsOutdating(customers, tickets, chain.forget),
        StatisticsKeeping(customer_base.base, customers, tickets),
        DraftOutcomes(conversations, events),
        draft_counters,
    )

    dependencies = _watched(metrics, DependencyFigures(metrics.registry, database, cache), chain, providers)
    remote = [provider.name for provider in providers if provider.policy is not None]
    sources = TextSources(
        provider=chain,
        tickets=tickets,
        customers=customers,
        database=database,
        events=events,
        flights=flights,
        clock=clock,
        deadline_s=settings.texts_deadline_s,
        facts_wait_s=settings.texts_facts_wait_s,
    )
    streams = StreamServices.over(
        settings,
        database,
        feed,
        relay,
        ownership=entrance.ownership,
        standing=entrance.standing,
        clock=clock,
        metrics=metrics,
    )
    orders = OrderService(database, customers, events, clock)
    known = KnownCustomers(customers, known_facts, chain.refresh_behind)
    profiles = Profiles(database, customers, orders, known, clock)
    erasure = Erasure(
        database,
        clock,
        customers=customers,
        records=records,
        events=events,
        index=index,
        forget=chain.forget,
    )
    outbound = OutboundSettings.from_environment(settings.raw)
    signing_key = outbound.webhook_signing_key or settings.secret_key
    made = MadeOfEvents.following(
        (feed, relay, followers, outbox),
        database,
        events=events,
        clock=clock,
        ranking=ranking,
        entrance=entrance,
        outbound=outbound,
        signing_key=signing_key,
        seal_after_days=settings.analytics_seal_after_days,
    )
    jobs = named_jobs(
        database=database,
        chain=chain,
        outcomes=outcomes,
        remote=remote,
        toggles=toggles,
        switches=switches,
        heartbeats=heartbeats,
        customer_base=customer_base,
        ranking=ranking,
        assignment=assignment,
        audit=audit,
        erasure=erasure,
        memory=Memory(database, clock, _memories(cache)),
        scrubbing=Scrubbing(database),
        clock=clock,
        sample_figures=_sample_figures(metrics, dependencies, outbox, followers, clock),
        draft_retention=timedelta(days=settings.draft_retention_days),
        keys=entrance.keys,
        feed_jobs=[relay.job(), *followers.jobs(), *made.jobs()],
        outbox=outbox,
        outbox_retention=timedelta(days=settings.outbox_retention_days),
    )
    dispatcher = build_dispatcher(
        settings,
        list(made.notifying.channels.values()),
        database,
        feed=feed,
        outbox=outbox,
        metrics=metrics,
        clock=clock,
        chance=chance,
    )
    runner = _runner(jobs, database, clock, bell, metrics)
    ticket_fields, exposition = FieldService(database, events, clock), Exposition(metrics)
    provide(
        app,
        settings,
        database,
        cache,
        events,
        audit,
        runner,
        feed,
        relay,
        followers,
        outbox,
        dispatcher,
        streams.events,
        streams.broadcast,
        InboundWebhooks(database, events, audit, clock, secret_key=signing_key),
        Deliveries(database, tickets, conversations, BroughtRecords(database), clock),
        *entrance.components(),
        customers,
        orders,
        tickets,
        inbox,
        DeskService(database, inbox, known),
        TicketPages(database, profiles, known, made.tracking.levels),
        *assignment.components(),
        CustomerPages(database, customers, orders, known),
        profiles,
        ShoppingService(customers, orders),
        ranking,
        customer_base,
        conversations,
        NoteService(database, records),
        ticket_fields,
        Importer(
            database,
            clock,
            [
                Customers(customers),
                Orders(orders),
                Tickets(PastTicketService(customers, conversations, records, events, index), ticket_fields),
            ],
        ),
        HistoryService(database),
        Exports(database, customers, events, clock),
        erasure,
        AuditTrail(database, audit, clock),
        KeptAnswers(database, clock),
        chain,
        FactsService(chain, customers, clock, deadline_s=settings.facts_deadline_s),
        DraftService(sources, snapshots),
        RecommendationService(sources),
        HealthService(
            database=database,
            cache=cache,
            chain=chain,
            outcomes=outcomes,
            toggles=toggles,
            remote=remote,
            chosen_by=settings.providers_chosen_by,
            development_callers=entrance.lets_anonymous_in,
        ),
        switches,
        heartbeats,
        ProviderControl(
            providers,
            chain=chain,
            toggles=toggles,
            outcomes=outcomes,
            heartbeats=heartbeats,
            switches=switches,
            fits={StatisticalProvider.name: FitReports(customer_base.versions)},
        ),
        exposition,
        DraftAnalytics(draft_counters, clock),
        CustomersAtRisk(database, toggles.enabled, clock, max_age_s=chain_settings.snapshot_max_age_s),
        *made.components(),
    )
    app.extensions |= {
        "support.metrics": metrics,
        "support.exposition": exposition,
        "support.drain": streams.broadcast.end_all,
        "support.lifecycle": Lifecycle(
            jobs=runner,
            dispatcher=dispatcher,
            on_call=assignment.on_call,
            chain=chain,
            database=database,
            audit=audit,
            cache=cache,
            works=settings.jobs_in_server,
        ),
    }
    announce(settings)
    return entrance.gate()


class Listener(Protocol):
    def subscribe_to(self, events: EventLog) -> None: ...


def _subscribe(events: EventLog, *listeners: Listener) -> None:
    """In their order, in which they hear of each event."""
    for listener in listeners:
        listener.subscribe_to(events)


def _watched(
    metrics: Metrics,
    dependencies: DependencyFigures,
    chain: IntelligenceChain,
    providers: Sequence[IntelligenceProvider],
) -> DependencyFigures:
    metrics.sampler.watch(dependencies, GuardFigures(metrics.registry, chain, _limits(providers)))
    return dependencies


def _runner(jobs: Sequence[Job], database: Database, clock: Clock, bell: Bell, metrics: Metrics) -> JobRunner:
    for job in jobs:
        metrics.jobs.knows(job.name)
    return JobRunner(jobs, database, clock, bell=bell, observer=metrics.jobs)


def scoring_weights(settings: Settings) -> Weights:
    return Weights(
        churn=settings.scoring_churn_weight,
        value=settings.scoring_value_weight,
        value_cap=settings.scoring_value_cap,
        urgency=settings.scoring_urgency_weight,
        waiting=settings.scoring_waiting_weight,
        sentiment=settings.scoring_sentiment_boost,
        sla_at_risk=settings.scoring_sla_at_risk,
        sla_breached=settings.scoring_sla_breached,
        topic_alert=settings.topic_alert_boost,
    )


def assignment_strategies(settings: Settings) -> Strategies:
    options = StrategyOptions(vip_value=settings.assignment_vip_value, vip_risk=settings.assignment_vip_risk)
    return Strategies(settings.assignment_strategies, options)


def make_providers(settings: Settings, host: ProviderHost, registry: Registry) -> list[IntelligenceProvider]:
    """Raises `SettingsError` where a provider cannot be made from the environment."""
    return [registry.lookup(name).from_host(host) for name in settings.intelligence_providers]


def _memories(cache: GatedAnswerCache | InProcessAnswerCache) -> list[Callable[[], None]]:
    """Whatever holds facts in the process itself."""
    own = [cache.clear] if isinstance(cache, InProcessAnswerCache) else []
    return [*own, decoded.cache_clear, forget_decoded, forget_dumped]


def _limits(providers: Sequence[IntelligenceProvider]) -> Mapping[str, int]:
    """By provider, the calls that it may get at once; one without a limit is not there."""
    policies = {provider.name: provider.policy for provider in providers}
    return {
        name: policy.max_concurrency
        for name, policy in policies.items()
        if policy and policy.max_concurrency is not None
    }


def _sample_figures(
    metrics: Metrics, dependencies: DependencyFigures, outbox: Outbox, followers: Followers, clock: Clock
) -> Callable[[], None]:
    """The database last: it alone may make this wait."""

    def sample() -> None:
        metrics.sampler.sample()
        dependencies.check_database()
        metrics.outbox.see(outbox.waiting(), followers.behind(), clock.now())

    return sample


def announce(settings: Settings) -> None:
    """Say in the log who answers, and why these."""
    log.info(
        "providers_chosen",
        providers=list(settings.intelligence_providers),
        chosen_by=settings.providers_chosen_by,
        environment=settings.environment.value,
    )
    if settings.environment is Deployment.PRODUCTION and is_test_key(settings.raw):
        log.warning(
            "test_key_in_production", variable=KEY_VARIABLE, cure="set the live key of this installation"
        )


def _flights(settings: Settings, cache: GatedAnswerCache | InProcessAnswerCache) -> Flights:
    """One for all who share calls, since they share the lane's places."""
    board = None
    if isinstance(cache, GatedAnswerCache):
        board = RedisFlightBoard(cache.client, cache.gate, key_prefix=settings.cache_key_prefix)
    return Flights(board=board, places=Places(max(1, settings.provider_threads // 2)))


def _database(app: Flask, settings: Settings) -> Database:
    url = normalise_url(settings.database_url)
    threads = settings.threads + settings.provider_threads + STREAM_THREADS
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url, threads=threads)
    db.init_app(app)
    with app.app_context():
        return Database(db.engine)
