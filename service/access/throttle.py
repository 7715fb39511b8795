"""How often a sign-in may fail, per account and per address: shared through Redis where there is one."""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from time import time
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from service.errors import Throttled
from service.redis_gate import RedisGate

OF_ACCOUNT = RateLimitItemPerMinute(10, 5, namespace="sign-in-account")
OF_ADDRESS = RateLimitItemPerMinute(50, 5, namespace="sign-in-address")
"""An office of many agents shares one address."""

KEY_PURPOSE = b"support-desk throttled accounts, version 1"
MOST_COUNTED = 20_000
"""Accounts and addresses that a process remembers."""

IPV6_NETWORK = 64
"""Bits that one household has for itself."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shared:
    """The Redis that all processes count in, and whether it is worth asking."""

    client: Redis
    gate: RedisGate
    key_prefix: str


class SignInThrottle:
    """Counts failures only. Without Redis, or while it is away, each process counts for itself."""

    def __init__(self, secret_key: str, shared: Shared | None = None) -> None:
        self._key = hmac.digest(secret_key.encode(), KEY_PURPOSE, hashlib.sha256)
        self._gate = shared.gate if shared else None
        self._everywhere = _counting_in(shared) if shared else None

    @cached_property
    def _here(self) -> MovingWindowRateLimiter:
        """Made when it is needed: it starts a thread."""
        return MovingWindowRateLimiter(MemoryStorage())

    def check(self, account: str, address: str) -> None:
        """Raises `Throttled`."""
        for limit, counted in self._counted(account, address):
            wait_s = self._ask(_wait_s, limit, counted)
            if wait_s is not None:
                raise Throttled(
                    "Signing in has failed too often; please wait before you try again.", retry_after_s=wait_s
                )

    def failed(self, account: str, address: str) -> None:
        for limit, counted in self._counted(account, address):
            self._ask(MovingWindowRateLimiter.hit, limit, counted)

    def succeeded(self, account: str, address: str) -> None:
        """Whoever knows the password has not guessed it; of the address nothing is forgotten."""
        self._ask(MovingWindowRateLimiter.clear, *self._counted(account, address)[0])

    def _counted(self, account: str, address: str) -> tuple[tuple[RateLimitItem, str], ...]:
        """Redis learns no e-mail address."""
        return (
            (OF_ACCOUNT, hmac.new(self._key, account.encode(), hashlib.sha256).hexdigest()[:32]),
            (OF_ADDRESS, network_of(address)),
        )

    def _ask(
        self,
        question: Callable[[MovingWindowRateLimiter, RateLimitItem, str], T],
        limit: RateLimitItem,
        counted: str,
    ) -> T:
        if self._everywhere is not None and self._gate is not None and self._gate.is_open():
            try:
                return question(self._everywhere, limit, counted)
            except RedisError as error:
                self._gate.failed(error)
        self._bound_memory()
        return question(self._here, limit, counted)

    def _bound_memory(self) -> None:
        storage = self._here.storage
        if isinstance(storage, MemoryStorage) and len(storage.events) > MOST_COUNTED:
            storage.events.clear()  # the library keeps a place for each that ever failed


def _counting_in(shared: Shared) -> MovingWindowRateLimiter:
    pool = shared.client.connection_pool
    return MovingWindowRateLimiter(RedisStorage("redis://", pool, key_prefix=f"{shared.key_prefix}sign-in"))


def _wait_s(limiter: MovingWindowRateLimiter, limit: RateLimitItem, counted: str) -> float | None:
    """Until one more is allowed; None where it is."""
    if limiter.test(limit, counted):
        return None
    return max(1.0, limiter.get_window_stats(limit, counted).reset_time - time())  # the library's own clock


def network_of(address: str) -> str:
    """The address, or of a long one the part that is one household's."""
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        if parsed.version == 6 and parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False).network_address)
    return address
