"""What one turn tells to whom: read once, made into bytes once, and written to all who see the same."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from service.feed.following import FedEvent
from service.permissions import Owners
from service.streams.owners import MOST_KEPT, OwnersAtHand
from service.streams.recent import READ_AT_ONCE, Framed, RecentEvents, framed
from service.streams.stream import Stream, as_many_as_fit
from service.streams.viewing import Viewer

FRAMES_AT_ONCE = 500
LATE_READS_AT_ONCE = 2
"""Of streams that begin far back, in one turn: they read from the database, page by page."""

OWNING = frozenset({"assigned_to", "team_id"})
"""What an event tells by which its ticket is another's."""

Types = frozenset[str] | None
Told = tuple[bytes, int, int]
"""Frames, the position of the last of them, and up to where that is all that there was."""


class Source(Protocol):
    def newest(self) -> int: ...

    def window(self, after: int, positions: int) -> Sequence[FedEvent]: ...

    def owners(self, ticket_ids: Collection[str]) -> dict[str, Owners]: ...


@dataclass(slots=True, eq=False, kw_only=True)
class Waiting:
    """A request that waits for the first event that it sees behind `after`, until `until_s` at most."""

    caller_id: str
    viewer: Viewer
    types: Types
    after: int
    until_s: float
    landing: Future[None] = field(default_factory=Future)


class Telling:
    def __init__(self, source: Source, *, most_owners: int = MOST_KEPT) -> None:
        self._source = source
        self._recent = RecentEvents()
        self._owners = OwnersAtHand(source.owners, most=most_owners)
        self._owners_now: dict[str, Owners | None] = {}
        self._turns = 0

    def read(self, those: Sequence[Stream | Waiting], now_s: float) -> bool:
        """What is new, and whose it is; whether there is more. Raises `DatabaseUnavailable`."""
        self._owners_now, known = {}, self._recent.last
        more = self._recent.bring_up(self._source.newest(), self._source.window)
        self._owners.forget(_handed_on(self._recent.since(known)))
        restricted = [one.after for one in those if not one.viewer.sees_all_tickets]
        if restricted:
            self._fetch_owners(self._recent.since(min(restricted)), now_s)
        return more

    def tell(self, streams: Sequence[Stream], now_s: float) -> bool:
        """Each as much as it takes; whether there is more. Raises `DatabaseUnavailable`."""
        self._turns += 1
        first = self._turns % len(streams) if streams else 0  # whoever reads late has its turn one day
        told: dict[tuple[int, Viewer, Types], Told] = {}
        more, late_reads = False, 0
        for stream in (*streams[first:], *streams[:first]):
            if not stream.has_room or stream.after >= self._recent.last:
                continue
            key = (stream.after, stream.viewer, stream.types)
            if key not in told:
                found = self._recent.after(stream.after, FRAMES_AT_ONCE)
                if found is None and late_reads == LATE_READS_AT_ONCE:
                    more = True
                    continue
                late_reads += found is None
                told[key] = self._seen(stream, *(found or self._late(stream.after, now_s)))
            frames, last, after = told[key]
            stream.give(frames, told=last, after=after, now_s=now_s)
            more = more or (after < self._recent.last and stream.has_room)
        return more

    def landed(self, waiting: Iterable[Waiting]) -> list[Waiting]:
        """Those for whom something has come."""
        return [one for one in waiting if self._has_come(one)]

    def _has_come(self, one: Waiting) -> bool:
        while one.after < self._recent.last:
            found = self._recent.after(one.after, FRAMES_AT_ONCE)
            if found is None or any(self._sees(one, framed) for framed in found[0]):
                return True
            one.after = found[1]
        return False

    def _seen(self, stream: Stream, found: Sequence[Framed], whole: int) -> Told:
        seen = [one for one in found if self._sees(stream, one)]
        written, upto = as_many_as_fit(seen, whole)
        return b"".join(one.frame for one in written), written[-1].event.position if written else 0, upto

    def _sees(self, one: Stream | Waiting, framed: Framed) -> bool:
        event = framed.event
        if one.types is not None and event.type not in one.types:
            return False
        return one.viewer.sees(event, self._owners_now.get(event.ticket_id or ""))

    def _late(self, after: int, now_s: float) -> tuple[Sequence[Framed], int]:
        found = [framed(event) for event in self._source.window(after, READ_AT_ONCE)]
        self._fetch_owners(found, now_s)
        return found, max(min(after + READ_AT_ONCE, self._recent.last), after)

    def _fetch_owners(self, found: Iterable[Framed], now_s: float) -> None:
        """They are at hand until the turn ends: an event whose owners are not is told to nobody, for good."""
        ticket_ids = {one.event.ticket_id for one in found if one.event.ticket_id is not None}
        self._owners_now.update(self._owners.of(ticket_ids, now_s))


def _handed_on(found: Iterable[Framed]) -> Iterator[str]:
    """Tickets whose new owners are to hear of it, though somebody asked a moment ago whose they are."""
    for one in found:
        if one.event.ticket_id is not None and not OWNING.isdisjoint(one.event.after or ()):
            yield one.event.ticket_id
