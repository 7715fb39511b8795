"""The feed as clients ask for it: a page, a page that is waited for, a stream."""

from collections.abc import Callable
from dataclasses import dataclass

from providers.ports import Clock
from providers.resilience.visits import CURRENT, Parked, spent_s
from service.access.standing import Identity, StandingCallers
from service.errors import Forbidden, Unauthenticated
from service.http.callers import Caller
from service.http.left_open import Line
from service.streams.broadcast import Broadcast
from service.streams.services.past import EventPage, PastEvents
from service.streams.stream import Stream
from service.streams.stream_tickets import StreamTickets
from service.streams.telling import Types, Waiting
from service.streams.viewing import Viewer

BEHIND = "events_behind"
NOT_GOOD = "The ticket is not good any more: each opens one stream, within a minute; get another."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`after` None: from now."""

    after: int | None = None
    limit: int = 100
    types: Types = None
    wait_s: int = 0


class EventFeed:
    def __init__(
        self,
        past: PastEvents,
        broadcast: Broadcast,
        tickets: StreamTickets,
        standing: StandingCallers,
        clock: Clock,
    ) -> None:
        self._past = past
        self._broadcast = broadcast
        self._tickets = tickets
        self._standing = standing
        self._clock = clock

    def page(self, caller: Caller, asked: Asked) -> EventPage:
        """Raises `InvalidField` for a position yet to come, `Parked` to be asked again once there are some.

        Who waits holds no thread: their request is run anew. `Busy` and `Throttled` where no more may wait.
        """
        viewer = _viewer(caller)
        visit = CURRENT.get()
        noted = visit.noted.get(BEHIND) if visit is not None else None
        after = self._past.begin_of(asked.after, field="after") if noted is None else noted
        page = self._past.page(viewer, after, limit=asked.limit, types=asked.types)
        left_s = asked.wait_s - spent_s()
        if page.events or page.has_more or visit is None or left_s <= 0:
            return page
        waiting = Waiting(
            caller_id=caller.id,
            viewer=viewer,
            types=asked.types,
            after=page.last,
            until_s=self._clock.monotonic() + left_s,
        )
        if not self._broadcast.wait(waiting):
            return page
        visit.noted[BEHIND] = page.last
        raise Parked(waiting.landing, left_s)

    def ticket_for(self, caller: Caller) -> str:
        return self._tickets.issue(Identity.of(caller))

    def stream(self, ticket: str, *, after: int | None, types: Types) -> Callable[[Line], None]:
        """Who goes on with the answer. `after` None: from now.

        Raises `Unauthenticated`, `InvalidField`, and `Busy` or `Throttled` where no more may watch.
        """
        self._broadcast.check_room()  # before the ticket is used up
        identity = self._tickets.redeem(ticket)
        caller = self._standing.still([identity]).get(identity) if identity is not None else None
        if identity is None or caller is None:
            raise Unauthenticated(NOT_GOOD)
        viewer = _viewer(caller)
        begin = self._past.begin_of(after, field="last_event_id")
        self._broadcast.check_room(caller.id)

        def go_on(line: Line) -> None:
            self._broadcast.join(
                Stream(
                    line=line,
                    identity=identity,
                    viewer=viewer,
                    types=types,
                    after=begin,
                    now_s=self._clock.monotonic(),
                )
            )

        return go_on


def _viewer(caller: Caller) -> Viewer:
    viewer = Viewer.of(caller)
    if viewer is None:
        raise Forbidden("This caller sees no events.")
    return viewer
