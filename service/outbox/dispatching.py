"""The threads that deliver: each channel has its own, so that one that hangs holds up no other."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Protocol

import structlog

from providers.ports import Clock
from service.database import DatabaseUnavailable
from service.jobs import Bell
from service.outbox.channels import Channel, DeliveryFailed, TargetGone
from service.outbox.hand import Hand
from service.outbox.leasing import LONGEST, Leasing, Taken

POLL_S = 0.5
THREADS = 4
ENOUGH = timedelta(seconds=1)
"""No delivery begins when less than this is left of its lease."""
WRITE_DOWN_AFTER_S = 0.1
TOGETHER = 50
"""What arrived is told to the database together: so many, or what there is after that time."""
FEW = 50
"""Where no more than these are in hand, more are taken."""
LOOKS = 10
"""In a row; what is due and taken by others, or stands behind, is looked at again later."""
CROWD = 50
"""Of a target that has so many in hand, no more is taken, and others are as if these were not there."""
STOP_TIMEOUT_S = 5.0

log = structlog.get_logger()


class DeliveryObserver(Protocol):
    """Told of each attempt, in the thread that made it."""

    def delivered(self, channel: str, delay_s: float) -> None:
        """`delay_s`: since it could first have been made."""

    def failed(self, channel: str, *, again: bool) -> None:
        """`again`: it will be tried again."""


class NobodyLooks:
    def delivered(self, channel: str, delay_s: float) -> None: ...

    def failed(self, channel: str, *, again: bool) -> None: ...


class Dispatcher:
    """Runs from `start` until `stop`, in any number of processes."""

    def __init__(
        self,
        channels: Sequence[Channel],
        leasing: Leasing,
        clock: Clock,
        *,
        threads: int = THREADS,
        observer: DeliveryObserver | None = None,
    ) -> None:
        """`threads`: of each channel, half of them at most for one target."""
        self._couriers = [_Courier(channel, leasing, clock, threads, observer) for channel in channels]

    @property
    def channels(self) -> list[str]:
        return [courier.name for courier in self._couriers]

    def call(self) -> None:
        """There may be something to deliver."""
        for courier in self._couriers:
            courier.bell.ring()

    def start(self) -> None:
        for courier in self._couriers:
            courier.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Begin no further delivery, and wait for those that are being made; whether they ended in time."""
        give_up_at_s = monotonic() + timeout_s
        for courier in self._couriers:
            courier.ask_to_stop()
        ended = [courier.wait(give_up_at_s) for courier in self._couriers]
        return all(ended)

    def deliver_due(self) -> int:
        """All that is due, in this thread; how many attempts that took. For tests."""
        attempts = 0
        for courier in self._couriers:
            while some := courier.deliver_some():
                attempts += some
        return attempts


class _Courier:
    """One channel's: a thread that takes and writes down, and some that deliver."""

    def __init__(
        self,
        channel: Channel,
        leasing: Leasing,
        clock: Clock,
        threads: int,
        observer: DeliveryObserver | None,
    ) -> None:
        self.name = channel.name
        self.bell = Bell()
        self._channel = channel
        self._leasing = leasing
        self._clock = clock
        self._observer = observer or NobodyLooks()
        self._at_once = threads
        self._hand = Hand(max(1, threads // 2))
        self._arrived: deque[Taken] = deque()
        self._left: list[Taken] = []
        self._renewed_at = clock.now()
        self._database_away = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._stopping.clear()
        self._hand.open()
        name = f"outbox-{self.name}"
        self._threads = [threading.Thread(target=self._loop, name=name, daemon=True)]
        self._threads += [
            threading.Thread(target=self._deliver_all, name=f"{name}-delivery", daemon=True)
            for _ in range(self._at_once)
        ]
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._left = self._hand.close()
        self.bell.ring()

    def wait(self, give_up_at_s: float) -> bool:
        for thread in self._threads:
            thread.join(max(0.0, give_up_at_s - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def deliver_some(self) -> int:
        """In the caller's thread; how many attempts that took."""
        self._look_after()
        attempts = 0
        while taken := self._hand.begin():
            self._deliver(taken)
            attempts += 1
        self._write_down()
        return attempts

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._guarded(self._look_after)
            self.bell.wait(WRITE_DOWN_AFTER_S if self._arrived else POLL_S)
        self._guarded(lambda: self._leasing.release([*self._left, *self._hand.close()]))
        self._guarded(self._write_down)

    def _deliver_all(self) -> None:
        while taken := self._hand.begin(wait=True):
            self._guarded(partial(self._deliver, taken))
        self._guarded(self._write_down)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
            self._database_away = False
        except DatabaseUnavailable:  # leases run out, and what was not written down is delivered again
            if not self._database_away:
                log.warning("outbox_waits_for_database", channel=self.name)
            self._database_away = True
        except Exception:  # a defect must not end what delivers
            log.exception("outbox_failed", channel=self.name, retried_at="next_look")

    def _look_after(self) -> None:
        """Write down what arrived, keep what is in hand, and take more where there is room."""
        self._write_down()
        self._renew()
        for _ in range(LOOKS):
            crowded = self._hand.crowded(CROWD)
            if self._stopping.is_set() or self._hand.moving(CROWD) > FEW:
                return
            if not self._leasing.any_due(self.name, crowded):
                return
            self._hand.add(self._leasing.take(self.name, crowded))
            self._write_down()

    def _renew(self) -> None:
        now, in_hand = self._clock.now(), self._hand.all()
        if not in_hand:
            self._renewed_at = now
        elif now - self._renewed_at > self._leasing.lease / 3:
            self._leasing.renew([taken for taken in in_hand if now - taken.at < LONGEST])
            self._renewed_at = now

    def _write_down(self) -> None:
        arrived: list[Taken] = []
        with suppress(IndexError):
            while True:
                arrived.append(self._arrived.popleft())
        try:
            self._leasing.delivered(self.name, arrived)
        except DatabaseUnavailable:
            self._arrived.extend(arrived)
            raise

    def _deliver(self, taken: Taken) -> None:
        arrived = False
        try:
            if self._is_ours(taken):
                arrived = self._attempt(taken)
            else:
                self._leasing.release([taken])
        finally:
            self._leasing.release(self._hand.end(taken, arrived=arrived))
        if arrived:
            self._arrived.append(taken)
            if len(self._arrived) >= TOGETHER:
                self.bell.ring()
        if not self._hand.moving(CROWD):
            self.bell.ring()

    def _is_ours(self, taken: Taken) -> bool:
        now = self._clock.now()
        renewed_at = self._renewed_at if now - taken.at < LONGEST else taken.at
        return max(taken.at, renewed_at) + self._leasing.lease - now > ENOUGH

    def _attempt(self, taken: Taken) -> bool:
        """Whether it arrived."""
        try:
            self._channel.deliver(taken.delivery)
        except TargetGone:
            self._leasing.gone(self.name, taken)
            log.info("delivery_target_gone", channel=self.name, delivery=taken.delivery.id)
        except DeliveryFailed as failure:
            self._fail(taken, failure)
        except Exception as error:  # a channel's defect is a failure of this delivery
            log.exception("delivery_broke", channel=self.name, delivery=taken.delivery.id)
            self._fail(taken, DeliveryFailed(type(error).__name__))
        else:
            delay = self._clock.now() - taken.since
            self._observer.delivered(self.name, delay.total_seconds())
            return True
        return False

    def _fail(self, taken: Taken, failure: DeliveryFailed) -> None:
        again = self._leasing.failed(self.name, taken, failure)
        self._observer.failed(self.name, again=again)
        log.warning(
            "delivery_failed",
            channel=self.name,
            delivery=taken.delivery.id,
            attempt=taken.delivery.attempt,
            reason=failure.reason,
            again=again,
        )
