"""Short-lived answers in Redis, or in the process where there is none: JSON bytes, never pickle."""

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cachelib.serializers import BaseSerializer
from flask import Flask
from flask_caching import Cache
from flask_caching.backends.rediscache import RedisCache
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from providers.ports import AnswerCache, Clock
from service.redis_gate import RedisGate
from service.redis_reads import ThreadCommands

REDIS_TIMEOUT_S = 0.25
IN_PROCESS_ANSWERS = 5_000


class CacheStatus(StrEnum):
    CONNECTED = "connected"
    UNAVAILABLE = "unavailable"
    DISABLED = "disabled"


class BytesOnly(BaseSerializer):
    """What goes in are bytes, and the same bytes come out: the default would unpickle what Redis holds."""

    def dumps(self, value: Any, *_: Any) -> bytes:
        if not isinstance(value, bytes):
            raise TypeError(f"a cached value must be bytes, not {type(value).__name__}")
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        return value


class PromptRedisCache(RedisCache):
    """The extension's, but for what every warm answer waits for, and every customer's message."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._commands = ThreadCommands(self._read_client)

    def get(self, key: str) -> bytes | None:
        return self._commands.get(f"{self._get_prefix()}{key}")

    def unlink(self, *keys: str) -> int:
        prefix = self._get_prefix()
        return self._commands.unlink(*(f"{prefix}{key}" for key in keys))


@dataclass(frozen=True, slots=True)
class CacheCounts:
    hits: int
    misses: int
    errors: int


class _Tally:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits = self._misses = self._errors = 0

    def looked_up(self, *, hit: bool) -> None:
        with self._lock:
            if hit:
                self._hits += 1
            else:
                self._misses += 1

    def failed(self) -> None:
        with self._lock:
            self._errors += 1

    def read(self) -> CacheCounts:
        with self._lock:
            return CacheCounts(self._hits, self._misses, self._errors)


class InProcessAnswerCache(AnswerCache):
    """For one process, and for a start with nothing installed."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._tally = _Tally()

    def get(self, key: str) -> bytes | None:
        value: bytes | None = self._backend.get(key)
        self._tally.looked_up(hit=value is not None)
        return value

    def set(self, key: str, value: bytes, *, ttl_s: int) -> None:
        self._backend.set(key, value, timeout=ttl_s)

    def delete(self, *keys: str) -> None:
        self._backend.delete_many(*keys)

    def clear(self) -> None:
        self._backend.clear()

    def status(self) -> CacheStatus:
        return CacheStatus.DISABLED

    def counts(self) -> CacheCounts:
        return self._tally.read()

    def close(self) -> None:
        """There is nothing to end."""


class GatedAnswerCache(AnswerCache):
    """Redis behind its gate. While Redis is away every key is a miss, and nothing is written or deleted."""

    def __init__(self, backend: Any, gate: RedisGate, client: Redis) -> None:
        self._backend = backend
        self.gate = gate
        self.client = client
        self._tally = _Tally()

    def get(self, key: str) -> bytes | None:
        value: bytes | None = None
        if self.gate.is_open():
            try:
                value = self._backend.get(key)
            except RedisError as error:
                self._failed(error)
        self._tally.looked_up(hit=value is not None)
        return value

    def set(self, key: str, value: bytes, *, ttl_s: int) -> None:
        if self.gate.is_open():
            try:
                self._backend.set(key, value, timeout=ttl_s)
            except RedisError as error:
                self._failed(error)

    def delete(self, *keys: str) -> None:
        if keys and self.gate.is_open():
            try:
                self._backend.unlink(*keys)  # not delete_many(): that one asks for each key once more
            except RedisError as error:
                self._failed(error)

    def status(self) -> CacheStatus:
        return CacheStatus.CONNECTED if self.gate.is_connected() else CacheStatus.UNAVAILABLE

    def counts(self) -> CacheCounts:
        return self._tally.read()

    def close(self) -> None:
        """End all connections, those that threads keep as well; one that is used again is opened anew."""
        self.client.connection_pool.disconnect()

    def _failed(self, error: RedisError) -> None:
        self._tally.failed()
        # A refusal, such as a list where an answer should be, is an answer: Redis itself is there.
        if not isinstance(error, ResponseError):
            self.gate.failed(error)


def install_cache(
    app: Flask, *, redis_url: str | None, key_prefix: str, clock: Clock
) -> GatedAnswerCache | InProcessAnswerCache:
    extension = Cache(with_jinja2_ext=False)
    extension.init_app(app, config=cache_configuration(redis_url, key_prefix))
    backend = app.extensions["cache"][extension]
    if redis_url is None:
        return InProcessAnswerCache(backend)
    client: Redis = backend._write_client  # noqa: SLF001  # the extension makes the client and offers no other way to it
    return GatedAnswerCache(backend, RedisGate(client.ping, clock), client)


def cache_configuration(redis_url: str | None, key_prefix: str) -> dict[str, Any]:
    """With an empty prefix the keys are exactly the chain's, and clearing the cache empties all of Redis."""
    shared: dict[str, Any] = {"CACHE_SERIALIZER": BytesOnly, "CACHE_KEY_PREFIX": key_prefix}
    if redis_url is None:
        return shared | {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": IN_PROCESS_ANSWERS}
    return shared | {
        "CACHE_TYPE": f"{PromptRedisCache.__module__}.{PromptRedisCache.__qualname__}",
        "CACHE_REDIS_URL": redis_url,
        "CACHE_OPTIONS": {
            "socket_timeout": REDIS_TIMEOUT_S,
            "socket_connect_timeout": REDIS_TIMEOUT_S,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
        },
    }
