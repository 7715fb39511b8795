"""The threads that deliver: each channel has its own, so that one that hangs holds up no other."""

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import Protocol

import structlog

from providers.ports import Clock
from service.database import DatabaseUnavailable
from service.jobs import Bell
from service.outbox.channels import Channel, DeliveryFailed, TargetGone
from service.outbox.leasing import Group, Leasing, Taken

POLL_S = 0.5
THREADS = 4
ENOUGH = timedelta(seconds=2)
"""No delivery begins when less than this is left of its lease, which is renewed twice a second."""
SETTLE_AFTER_S = 0.2
"""What is delivered is told to the database together, and no later than this."""
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
    """One channel's."""

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
        self._threads = threads
        self._of_one_target = max(1, threads // 2)
        self._in_hand: dict[Group, threading.Thread] = {}
        self._database_away = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name=f"outbox-{self.name}", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self.bell.ring()

    def wait(self, give_up_at_s: float) -> bool:
        threads = [*([self._thread] if self._thread else []), *list(self._in_hand.values())]
        for thread in threads:
            thread.join(max(0.0, give_up_at_s - monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def deliver_some(self) -> int:
        groups = self._leasing.take(self.name)
        for group in groups:
            self._deliver(group)
        return sum(len(group.taken) for group in groups)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self._leasing.renew(list(self._in_hand))
                while not self._stopping.is_set() and self._begin_some():
                    pass
                self._database_away = False
            except DatabaseUnavailable:
                self._miss_database()
            except Exception:  # a defect must not end what delivers
                log.exception("outbox_failed", channel=self.name, retried_at="next_look")
            self.bell.wait(POLL_S)

    def _begin_some(self) -> bool:
        """Whether there may be more to begin at once."""
        at_work = Counter(group.target for group in list(self._in_hand))
        room = {target: self._of_one_target - groups for target, groups in at_work.items()}
        free = self._threads - at_work.total()
        busy = frozenset(target for target, places in room.items() if places <= 0)
        if free <= 0 or not self._leasing.any_due(self.name, busy):
            return False
        groups = self._leasing.take(self.name, groups=free, room=room, default_room=self._of_one_target)
        for group in groups:
            self._begin(group)
        return True

    def _begin(self, group: Group) -> None:
        thread = threading.Thread(
            target=self._deliver_and_leave, args=(group,), name=f"outbox-{self.name}-delivery", daemon=True
        )
        self._in_hand[group] = thread
        thread.start()

    def _deliver_and_leave(self, group: Group) -> None:
        try:
            self._deliver(group)
        except DatabaseUnavailable:
            self._miss_database()  # the leases run out, and they are delivered again
        except Exception:
            log.exception("outbox_failed", channel=self.name, retried_at="end_of_lease")
        finally:
            del self._in_hand[group]
            self.bell.ring()

    def _deliver(self, group: Group) -> None:
        done: list[Taken] = []
        since_s = self._clock.monotonic()
        for number, taken in enumerate(group.taken):
            if self._stopping.is_set() or group.until - self._clock.now() < ENOUGH:
                self._leasing.release(group.taken[number:])
                break
            if self._attempt(taken):
                done.append(taken)
            if self._clock.monotonic() - since_s > SETTLE_AFTER_S:
                self._leasing.delivered(self.name, done)
                done, since_s = [], self._clock.monotonic()
        self._leasing.delivered(self.name, done)

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

    def _miss_database(self) -> None:
        if not self._database_away:
            log.warning("outbox_waits_for_database", channel=self.name)
        self._database_away = True
