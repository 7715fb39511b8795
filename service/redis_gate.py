"""Whether Redis is worth asking: one health for cache, limits and locks, so a dead one is paid for once."""

import threading
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from providers.ports import Clock

COOLDOWN_S = 2.0
"""Rest after a failure before Redis is tried again; one probe at a time, never in a caller's way."""
STATUS_MAX_AGE_S = 5.0

log = structlog.get_logger()


def in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="redis-probe", daemon=True).start()


class RedisGate:
    """Open until a failure. `ping` raises `RedisError` while Redis is away, within its own time limits."""

    def __init__(
        self,
        ping: Callable[[], object],
        clock: Clock,
        *,
        cooldown_s: float = COOLDOWN_S,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._ping = ping
        self._clock = clock
        self._cooldown_s = cooldown_s
        self._spawn = spawn
        self._lock = threading.Lock()
        self._is_open = True
        self._probing = False
        self._next_probe_at = clock.monotonic()

    def is_open(self) -> bool:
        """Whether to ask Redis now. Costs nothing while it is well, and next to nothing while it is not."""
        if not self._is_open:
            self._probe_when_due()
        return self._is_open

    def is_connected(self) -> bool:
        """The state that was last seen, at most some seconds old where this is asked regularly."""
        self._probe_when_due()
        return self._is_open

    def failed(self, error: RedisError) -> None:
        """Close: nobody asks Redis before a probe has got through."""
        with self._lock:
            self._next_probe_at = self._clock.monotonic() + self._cooldown_s
            was_open, self._is_open = self._is_open, False
        if was_open:
            log.warning("redis_unavailable", error=type(error).__name__, retry_in_s=self._cooldown_s)

    def probe(self) -> None:
        """Ask Redis once, and open or close accordingly."""
        try:
            self._ping()
        except RedisError as error:
            self.failed(error)
        else:
            self._succeeded()
        finally:
            self._probing = False

    def _succeeded(self) -> None:
        with self._lock:
            self._next_probe_at = self._clock.monotonic() + STATUS_MAX_AGE_S
            was_open, self._is_open = self._is_open, True
        if not was_open:
            log.info("redis_back")

    def _probe_when_due(self) -> None:
        with self._lock:
            if self._probing or self._clock.monotonic() < self._next_probe_at:
                return
            self._probing = True
        try:
            self._spawn(self.probe)
        except RuntimeError:  # no thread to be had: the next caller tries again
            self._probing = False
