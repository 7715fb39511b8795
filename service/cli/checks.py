"""The doctor's checks of what the service stands on. None of them prints a secret."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from providers.ports import Clock
from providers.quimbi.settings import KEY_VARIABLE, usable_key
from service.access.services import ApiKeys, Credentials
from service.cache import GatedAnswerCache, InProcessAnswerCache
from service.database import Database, DatabaseUnavailable
from service.feed.relay import NUMBERING, Relay
from service.jobs import JobRunner
from service.settings import Deployment, Settings

PROBE = b'{"doctor": true}'
PROBE_TTL_S = 10
IDLE_FOR = timedelta(minutes=1)


class Result(StrEnum):
    """`LOOK` is worth a look and no fault; `SKIPPED` does not apply here."""

    OK = "ok"
    LOOK = "look"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """`cure` is what to do about it, empty where nothing is to be done."""

    name: str
    result: Result
    found: str
    cure: str = ""


def check_quimbi_key(settings: Settings) -> Check:
    name, listed = "quimbi key", "quimbi" in settings.intelligence_providers
    given, key = settings.raw.get(KEY_VARIABLE, "").strip(), usable_key(settings.raw)
    if key is None:
        found = "an example value, counts as none" if given else "none"
        cure = f"set {KEY_VARIABLE} and QUIMBI_BASE_URL for answers from Quimbi"
        return Check(name, Result.WRONG if listed else Result.LOOK, found, cure)
    if not listed:
        return Check(name, Result.SKIPPED, "set, but INTELLIGENCE_PROVIDERS leaves quimbi out")
    if key.startswith("qpk_test_"):
        in_production = settings.environment is Deployment.PRODUCTION
        cure = "use a qpk_live_ key in production" if in_production else ""
        return Check(name, Result.LOOK if in_production else Result.OK, "a test key", cure)
    return Check(name, Result.OK, "a live key" if key.startswith("qpk_live_") else "a key of another kind")


def check_callers(settings: Settings, keys: ApiKeys, credentials: Credentials) -> Check:
    name = "callers"
    known = [f"{key.name} ({', '.join(sorted(key.scopes))})" for key in settings.bootstrap_api_keys]
    with suppress(DatabaseUnavailable):
        kept = {"keys in the database": keys.count(), "agents with a password": credentials.count()}
        known += [f"{what}: {count}" for what, count in kept.items() if count]
    if known:
        return Check(name, Result.OK, "; ".join(known))
    if settings.environment is Deployment.DEVELOPMENT:
        return Check(name, Result.OK, "no keys; this machine needs none in development")
    cure = "flask --app wsgi agents create-admin EMAIL NAME, or flask --app wsgi keys create NAME SCOPE"
    return Check(name, Result.WRONG, "no keys and no agents, so nobody can call", cure)


def check_cache(cache: GatedAnswerCache | InProcessAnswerCache) -> Check:
    if isinstance(cache, InProcessAnswerCache):
        return Check("redis", Result.SKIPPED, "REDIS_URL is not set; the cache is in the process")
    key = f"doctor:{secrets.token_hex(8)}"
    cache.set(key, PROBE, ttl_s=PROBE_TTL_S)
    read = cache.get(key)
    cache.delete(key)
    if read != PROBE:
        return Check(
            "redis", Result.WRONG, "does not give back what was set", "start Redis, or check REDIS_URL"
        )
    if cache.get(key) is not None:
        return Check("redis", Result.WRONG, "keeps what was deleted", "check the Redis behind REDIS_URL")
    return Check("redis", Result.OK, f"set (for {PROBE_TTL_S} s), read and deleted a key")


def check_database(database: Database) -> Iterator[Check]:
    kind = database.engine.dialect.name
    try:
        database.check()
    except DatabaseUnavailable:
        yield Check("database", Result.WRONG, f"{kind} cannot be reached", "start it, or check DATABASE_URL")
        yield Check("migrations", Result.SKIPPED, "there is no database to look at")
        return
    yield Check("database", Result.OK, f"{kind} answers")
    if database.at_head():
        yield Check("migrations", Result.OK, "all are made")
    else:
        yield Check("migrations", Result.WRONG, "some are missing", "flask --app wsgi db upgrade")


def check_timed_work(settings: Settings, relay: Relay, runner: JobRunner, clock: Clock) -> Check:
    """Whether somebody does it: nothing is told or delivered else, and no stream goes on."""
    name, by = "timed work", "servers" if settings.jobs_in_server else "workers alone (JOBS_IN_SERVER=false)"
    try:
        waits = not relay.idle()
        last = next(job.last_started_at for job in runner.statuses() if job.name == NUMBERING)
    except DatabaseUnavailable:
        return Check(name, Result.SKIPPED, "there is no database to look at")
    if waits and (last is None or clock.now() - last > IDLE_FOR):
        cure = "start a server, or flask --app wsgi worker where JOBS_IN_SERVER is false"
        return Check(name, Result.LOOK, f"events wait to be told, and no process is at it; by {by}", cure)
    return Check(name, Result.OK, f"by {by}; no event waits long")


def check_origins(settings: Settings) -> Check:
    origins = settings.cors_origins
    if not origins:
        cure = "set CORS_ORIGINS to the origins of your web clients, if there are any"
        return Check("cors", Result.LOOK, "no browser of another origin may call", cure)
    plain = [origin for origin in origins if origin.startswith("http://")]
    if plain and settings.environment is Deployment.PRODUCTION:
        return Check("cors", Result.LOOK, f"not https: {', '.join(plain)}", "use https origins in production")
    return Check("cors", Result.OK, ", ".join(origins))


def check_log_file(log_file: Path | None) -> Check:
    if log_file is None:
        return Check("log file", Result.SKIPPED, "LOG_FILE is not set; the log goes to stderr alone")
    try:
        with log_file.open("ab"):
            return Check("log file", Result.OK, f"{log_file} can be written")
    except OSError as error:
        cure = "set LOG_FILE to a file in a directory that can be written to"
        return Check("log file", Result.WRONG, f"{log_file}: {error.strerror}", cure)
