"""Whether the database and Redis are there, and what the cache is worth."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from service.cache import CacheStatus, GatedAnswerCache, InProcessAnswerCache
from service.database import Database, DatabaseUnavailable
from service.telemetry.metrics.sampling import Rising

AnyCache = GatedAnswerCache | InProcessAnswerCache


class DependencyFigures:
    """Of several processes the one that is worst off counts."""

    def __init__(self, registry: CollectorRegistry, database: Database, cache: AnyCache) -> None:
        self._database = database
        self._cache = cache
        self._connected = Gauge(
            "support_dependency_connected",
            "1 while a configured dependency can be used, else 0.",
            ["dependency"],
            registry=registry,
            multiprocess_mode="livemin",
        )
        lookups = Counter(
            "support_cache_lookups", "Looks into the cache of answers.", ["result"], registry=registry
        )
        self._hits = Rising(lookups.labels("hit"))
        self._misses = Rising(lookups.labels("miss"))
        errors = Counter("support_cache_errors", "Errors of the shared cache.", registry=registry)
        self._errors = Rising(errors)

    def check_database(self) -> None:
        """Asks it, and so may wait for it: not for the thread of a caller."""
        try:
            self._database.check()
        except DatabaseUnavailable:
            self._connected.labels("database").set(0)
        else:
            self._connected.labels("database").set(1)

    def sample(self) -> None:
        status = self._cache.status()
        if status is not CacheStatus.DISABLED:
            self._connected.labels("redis").set(status is CacheStatus.CONNECTED)
        counts = self._cache.counts()
        self._hits.rise_to(counts.hits)
        self._misses.rise_to(counts.misses)
        self._errors.rise_to(counts.errors)
