"""An HTTP server that gives the replies it was told, and fails as it is told."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, Self

from providers.testing.breakage import Breakage
from providers.testing.replies import Reply
from providers.testing.upstream.breaking import ON_THE_WIRE, REPLACEMENTS, alteration, redirected
from providers.testing.wire import Request, Wire, WireServer

DRIP_INTERVAL_S = 0.05
CONTROL_PATH = "/_breakage"

Respond = Callable[[Request], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern`: method and path as sent, `*` for any run of characters."""

    pattern: str
    reply: Reply | Respond

    def matches(self, request: Request) -> bool:
        return fnmatchcase(f"{request.method} {request.path}", self.pattern)

    def answer(self, request: Request) -> Reply:
        return self.reply if isinstance(self.reply, Reply) else self.reply(request)


@dataclass(frozen=True, slots=True)
class Condition:
    """How the upstream is. `released` ends the waits of those who came before it was mended."""

    released: threading.Event
    breakage: Breakage | None = None
    about: str = ""


class FakeUpstream:
    """Serves from entering to leaving it as a context, a thread per connection.

    upstream.answers("GET /scores/C-42", {"customer": "C-42", "churn": 0.18})
    upstream.answers("GET /scores/*", {"error": "no such customer"}, status=404)
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._routes: list[Route] = []
        self._own_words: dict[Breakage, Reply] = {}
        self._received: list[Request] = []
        self._condition = Condition(threading.Event())
        self._lock = threading.Lock()
        self._server = WireServer((host, port), self._respond)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every connection, hung ones included. Closing again does nothing."""
        self._server.close()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def elsewhere(self) -> str:
        """The same server under another host name: where a redirect leads."""
        return f"http://localhost:{self._server.server_address[1]}"

    @property
    def requests(self) -> list[Request]:
        """Received since the last reset, oldest first, whatever became of them."""
        with self._lock:
            return list(self._received)

    @property
    def was_led_elsewhere(self) -> bool:
        """Whether a redirect was followed."""
        return any(map(self._was_redirected, self.requests))

    def answers(
        self, route: str, content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """`content` is sent as JSON; a function is called with the request and returns a `Reply`.

        `route` is method and path, such as `GET /scores/*`. The first that matches answers; none is a 404.
        """
        reply = content if callable(content) else Reply.of(status, content, headers)
        with self._lock:
            self._routes.append(Route(route, reply))

    def learns(self, replies: Mapping[str, Any]) -> None:
        """`answers` for each route; `{"status": 404, "reply": {}}` where it is no success."""
        for route, content in replies.items():
            if isinstance(content, dict) and content.keys() == {"status", "reply"}:
                self.answers(route, content["reply"], status=content["status"])
            else:
                self.answers(route, content)

    def when(
        self, breakage: Breakage, content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """What your upstream itself says then, in place of what upstreams usually say."""
        with self._lock:
            self._own_words[breakage] = Reply.of(status, content, headers)

    def breaks(self, breakage: Breakage | str, *, about: str = "") -> bool:
        """For every call until `mend`. `about` is the customer whom `OTHER_CUSTOMER` makes another.

        False where it shows in no reply: nothing in them is a number, or names that customer.
        """
        with self._lock:
            self._condition = Condition(self._condition.released, Breakage(breakage), about)
            return self._shows(self._condition)

    def mend(self) -> None:
        """Calls that hang or drip are answered at once."""
        with self._lock:
            self._condition.released.set()
            self._condition = Condition(threading.Event())

    def reset(self) -> None:
        """Mend it, and forget routes, words and requests."""
        self.mend()
        with self._lock:
            self._routes.clear()
            self._own_words.clear()
            self._received.clear()

    def _shows(self, condition: Condition) -> bool:
        breakage = condition.breakage
        if breakage is None:
            return False
        if breakage in ON_THE_WIRE or breakage in REPLACEMENTS or breakage in self._own_words:
            return True
        alter = alteration(breakage, condition.about)
        if alter is None:
            return breakage is Breakage.REDIRECT
        return any(
            callable(route.reply) or (route.reply.status == 200 and alter(route.reply) != route.reply)
            for route in self._routes
        )

    def _respond(self, request: Request, wire: Wire) -> None:
        if request.path.startswith(CONTROL_PATH):
            wire.send(self._controlled(request))
            return
        with self._lock:
            self._received.append(request)
            condition = self._condition
            route = next((route for route in self._routes if route.matches(request)), None)
        self._hold(wire, condition)
        honest = route.answer(request) if route else Reply.of(404, {"error": "No such route"})
        self._deliver(wire, self._spoilt(request, honest, condition), condition)

    def _controlled(self, request: Request) -> Reply:
        name = request.path.removeprefix(CONTROL_PATH).strip("/")
        if request.method == "PUT" and name in list(Breakage):
            return Reply.of(200, {"breakage": name, "shows": self.breaks(name, about=request.query)})
        if request.method == "DELETE" and not name:
            self.mend()
            return Reply.of(200, {"breakage": None})
        return Reply.of(404, {"error": f"PUT {CONTROL_PATH}/NAME or DELETE {CONTROL_PATH}"})

    @staticmethod
    def _hold(wire: Wire, condition: Condition) -> None:
        if condition.breakage is Breakage.CUT:
            wire.cut(reset=False)
        if condition.breakage is Breakage.HANG:
            wire.wait_for_ever(condition.released)

    def _spoilt(self, request: Request, honest: Reply, condition: Condition) -> Reply:
        breakage = condition.breakage
        if breakage is None:
            return honest
        if breakage in self._own_words:
            return self._own_words[breakage]
        if breakage in REPLACEMENTS:
            return REPLACEMENTS[breakage]()
        if breakage is Breakage.REDIRECT and not self._was_redirected(request):
            return redirected(self.elsewhere + request.path)
        alter = alteration(breakage, condition.about)
        return alter(honest) if alter and honest.status == 200 else honest

    @staticmethod
    def _was_redirected(request: Request) -> bool:
        return request.headers.get("host", "").startswith("localhost")

    @staticmethod
    def _deliver(wire: Wire, reply: Reply, condition: Condition) -> None:
        head, payload = reply.head(keep_alive=wire.keep_alive), reply.payload()
        if condition.breakage is Breakage.DRIP_HEADERS:
            wire.drip(head, DRIP_INTERVAL_S, condition.released)
            wire.write(payload)
        elif condition.breakage is Breakage.DRIP:
            wire.write(head)
            wire.drip(payload, DRIP_INTERVAL_S, condition.released)
        else:
            wire.write(head + payload)
