"""One reader of the feed in each process, for all of its streams and all who wait for the next event."""

import threading
from collections.abc import Collection, Iterable
from typing import Protocol

import structlog

from providers.ports import Clock
from service.access.standing import Identity
from service.database import DatabaseUnavailable
from service.errors import Busy, Throttled
from service.http.callers import Caller
from service.serving.parking import hung_up
from service.streams.stream import Stream
from service.streams.telling import Telling, Waiting
from service.streams.viewing import Viewer

READ_EVERY_S = 0.5
AT_ONCE_S = 0.02
"""Between two turns, however often it rings."""

ASK_AGAIN_EVERY_S = 1.5
"""Whether those who watch may still: of agents at most 3 s old, so within the five that are promised."""

MOST_OF_ONE_CALLER = 50
COME_AGAIN_S = 5.0

log = structlog.get_logger()


class Standing(Protocol):
    def still(self, identities: Collection[Identity]) -> dict[Identity, Caller]: ...


class Broadcast:
    """`most`: streams and waiting requests at once. Its thread starts with the first of them.

    `by_itself`: whether there is such a thread; without one somebody else takes the turns.
    """

    def __init__(
        self, telling: Telling, standing: Standing, clock: Clock, *, most: int, by_itself: bool = True
    ) -> None:
        self._telling = telling
        self._standing = standing
        self._clock = clock
        self._most = most
        self._by_itself = by_itself
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._waiting: set[Waiting] = set()
        self._bell = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._asked_at_s = clock.monotonic()
        self._database_away = False

    def __len__(self) -> int:
        return len(self._streams) + len(self._waiting)

    def ring(self) -> None:
        """There may be something new. From any thread; it waits for nobody."""
        self._bell.set()

    def check_room(self, caller_id: str | None = None) -> None:
        """Raises `Busy` where the process has no room, `Throttled` where this caller has had enough."""
        with self._lock:
            self._check_room(caller_id)

    def join(self, stream: Stream) -> None:
        """One that comes when there is no room any more, or when all end, ends at once."""
        with self._lock:
            room = len(self) < self._most and not self._closed.is_set()
            if room:
                self._streams.add(stream)
                self._start()
        if not room:
            stream.end()
        self.ring()

    def wait(self, waiting: Waiting) -> bool:
        """False where nothing is waited for any more. Raises like `check_room`."""
        with self._lock:
            if self._closed.is_set():
                return False
            self._check_room(waiting.caller_id)
            self._waiting.add(waiting)
            self._start()
        self.ring()
        return True

    def end_all(self) -> None:
        """For good, and now: their clients come back to another process, or to this one's successor."""
        self._closed.set()
        self.ring()
        if self._thread is None:
            self._end_all()

    def turn(self) -> bool:
        """Whether there is more to do at once."""
        now_s = self._clock.monotonic()
        streams, waiting = self._those_there(now_s)
        try:
            streams = self._still(streams, now_s)
            more = self._telling.read([*streams, *waiting], now_s)
            more = self._telling.tell(streams, now_s) or more
            self._take_out(_land(self._telling.landed(waiting)))
            self._database_away = False
        except DatabaseUnavailable:
            if not self._database_away:
                log.warning("streams_wait_for_database")
            self._database_away, more = True, False
        for stream in streams:
            stream.beat(now_s)
        self._cut(stream for stream in streams if stream.is_stuck(now_s))
        return more

    def _those_there(self, now_s: float) -> tuple[list[Stream], list[Waiting]]:
        """Without those who have gone, or have waited long enough: their requests go on by themselves."""
        with self._lock:
            gone = hung_up(self._streams)
            self._streams -= gone
            self._waiting = {one for one in self._waiting if one.until_s > now_s}
            there = list(self._streams), list(self._waiting)
        for stream in gone:
            stream.line.cut()
        return there

    def _still(self, streams: list[Stream], now_s: float) -> list[Stream]:
        """Those whose callers may watch still, with what these see by now."""
        if not streams or now_s - self._asked_at_s < ASK_AGAIN_EVERY_S:
            return streams
        callers = self._standing.still({stream.identity for stream in streams})
        viewers = {identity: Viewer.of(caller) for identity, caller in callers.items()}
        self._asked_at_s = now_s
        staying = []
        for stream in streams:
            viewer = viewers.get(stream.identity)
            if viewer is None:
                self._take_out([stream])
                stream.end()
            else:
                stream.viewer = viewer
                staying.append(stream)
        return staying

    def _end_all(self) -> None:
        with self._lock:
            streams, waiting = list(self._streams), list(self._waiting)
            self._streams.clear()
            self._waiting.clear()
        for stream in streams:
            stream.end()
        _land(waiting)

    def _cut(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            log.info("stream_cut", caller=stream.identity.caller_id, reason="takes_nothing")
            self._take_out([stream])
            stream.line.cut()

    def _take_out(self, those: Iterable[Stream | Waiting]) -> None:
        with self._lock:
            self._streams.difference_update(those)
            self._waiting.difference_update(those)

    def _check_room(self, caller_id: str | None) -> None:
        if len(self) >= self._most:
            raise Busy("Too many wait for events here already; please try again.", retry_after_s=COME_AGAIN_S)
        own = sum(stream.identity.caller_id == caller_id for stream in self._streams)
        own += sum(one.caller_id == caller_id for one in self._waiting)
        if own >= MOST_OF_ONE_CALLER:
            told = f"This caller waits for events {own} times already; end what nobody reads."
            raise Throttled(told, retry_after_s=COME_AGAIN_S)

    def _start(self) -> None:
        if self._thread is None and self._by_itself:
            self._thread = threading.Thread(target=self._go_round, name="events", daemon=True)
            self._thread.start()

    def _go_round(self) -> None:
        more = False
        while not self._closed.wait(AT_ONCE_S):
            if not more:
                self._bell.wait(READ_EVERY_S if len(self) else None)
            self._bell.clear()
            if self._closed.is_set():
                break
            try:
                more = self.turn()
            except Exception:  # whatever it is, those who wait are not left alone
                log.exception("events_not_told")
                more = False
        self._end_all()


def _land(waiting: list[Waiting]) -> list[Waiting]:
    for one in waiting:
        one.landing.set_result(None)
    return waiting
