"""Wiring's part about who gets in: agents, how they sign in, API keys, and the gate that asks all of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from providers.ports import Clock
from service.access.callers import AccessCallers
from service.access.passwords import Passwords
from service.access.services import ApiKeys, AuditedFailures, Credentials, Sessions, SignIn
from service.access.standing import StandingCallers
from service.access.throttle import Shared, SignInThrottle
from service.access.tokens import AccessTokens
from service.agents.services import AgentDirectory, AgentService, TeamService
from service.auditing import Audit
from service.cache import GatedAnswerCache, InProcessAnswerCache
from service.database import Database, normalise_url
from service.events import EventLog
from service.http.callers import BootstrapCallers, Gate
from service.http.doorkeeper import Doorkeeper
from service.http.limits import Shares
from service.settings import Deployment, Settings
from service.tickets.ownership import TicketOwnership

log = structlog.get_logger()

CURE_FOR_DEVELOPMENT = (
    "whoever calls from this machine is an admin; set ENVIRONMENT=production where others do"
)
CURE_FOR_SQLITE = "one machine at a time can use it; set DATABASE_URL to a PostgreSQL for more"
CURE_FOR_NO_REDIS = "each process caches, and counts failed sign-ins, for itself; set REDIS_URL to share both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    directory: AgentDirectory
    ownership: TicketOwnership
    agents: AgentService
    teams: TeamService
    keys: ApiKeys
    sessions: Sessions
    sign_in: SignIn
    credentials: Credentials
    callers: AccessCallers
    standing: StandingCallers
    doorkeeper: Doorkeeper
    lets_anonymous_in: bool

    def gate(self) -> Gate:
        return Gate(self.callers, self.doorkeeper, self.ownership, self.directory)

    def components(self) -> Iterator[object]:
        """What views and commands ask for."""
        yield from (self.directory, self.ownership, self.agents, self.teams, self.keys)
        yield from (self.sessions, self.sign_in, self.credentials, self.callers)


def build_entrance(
    settings: Settings,
    database: Database,
    *,
    events: EventLog,
    audit: Audit,
    cache: GatedAnswerCache | InProcessAnswerCache,
    clock: Clock,
) -> Entrance:
    directory = AgentDirectory(database, clock)
    agents = AgentService(database, events, directory, clock)
    tokens = AccessTokens(settings.secret_key, clock)
    passwords = Passwords(_hashing_places(settings))
    sessions = Sessions(database, events, agents=agents, tokens=tokens, clock=clock)
    sign_in = SignIn(
        database,
        agents=agents,
        passwords=passwords,
        throttle=_throttle(settings, cache),
        sessions=sessions,
        watcher=AuditedFailures(audit, clock),
    )
    keys = ApiKeys(database, events, clock, taken=[key.name for key in settings.bootstrap_api_keys])
    bootstrap = _bootstrap_callers(settings)
    entrance = Entrance(
        lets_anonymous_in=bootstrap.lets_anonymous_in,
        directory=directory,
        ownership=TicketOwnership(database),
        agents=agents,
        teams=TeamService(database, events, directory, clock),
        keys=keys,
        sessions=sessions,
        sign_in=sign_in,
        credentials=Credentials(
            database,
            events,
            agents=agents,
            passwords=passwords,
            sessions=sessions,
            sign_in=sign_in,
            clock=clock,
        ),
        callers=AccessCallers(
            bootstrap,
            keys=keys,
            tokens=tokens,
            sessions=sessions,
            directory=directory,
            clock=clock,
        ),
        standing=StandingCallers(database, bootstrap, directory=directory, clock=clock),
        doorkeeper=Doorkeeper(
            Shares(settings.rate_limit_per_minute, clock, processes=settings.processes), audit, clock
        ),
    )
    for part in (entrance.ownership, entrance.sessions, entrance.callers):
        part.subscribe_to(events)
    announce(settings, development_callers=entrance.lets_anonymous_in)
    return entrance


def announce(settings: Settings, *, development_callers: bool) -> None:
    """Say in the log who gets in without a key, and what is not as it should be in production."""
    if development_callers:
        log.info("development_callers", host=settings.host, cure=CURE_FOR_DEVELOPMENT)
    if settings.environment is not Deployment.PRODUCTION:
        return
    if normalise_url(settings.database_url).startswith("sqlite"):
        log.warning("sqlite_in_production", cure=CURE_FOR_SQLITE)
    if settings.redis_url is None:
        log.warning("no_redis_in_production", cure=CURE_FOR_NO_REDIS)


def _bootstrap_callers(settings: Settings) -> BootstrapCallers:
    return BootstrapCallers(
        settings.bootstrap_api_keys,
        anonymous_on=settings.host if settings.environment is Deployment.DEVELOPMENT else None,
        origins=settings.cors_origins,
    )


def _throttle(settings: Settings, cache: GatedAnswerCache | InProcessAnswerCache) -> SignInThrottle:
    shared = None
    if isinstance(cache, GatedAnswerCache):
        shared = Shared(cache.client, cache.gate, settings.cache_key_prefix)
    return SignInThrottle(settings.secret_key, shared)


def _hashing_places(settings: Settings) -> int:
    """Of the cores this process's share, and never all threads of the lane."""
    share = (os.cpu_count() or 1) // settings.processes
    return max(1, min(share, settings.threads // 2))
