"""A small application behind the real server: `python -m tests.service.server.tiny`."""

import argparse
import os
import sys
import threading
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

from providers.deadline import Deadline
from providers.errors import InProgress
from providers.resilience.places import Places
from providers.resilience.single_flight import Flights
from providers.resilience.visits import spent_s
from service.clock import SystemClock
from service.http.left_open import LEFT_OPEN
from service.server import CannotListen, serve
from service.serving.lanes import LanePlan
from service.serving.parking import hung_up
from service.telemetry.logging import configure


@dataclass(frozen=True)
class TinySettings:
    port: int
    processes: int
    host: str = "127.0.0.1"
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    threads: int = 8
    provider_threads: int = 2
    cors_origins: tuple[str, ...] = ("https://desk.example",)
    drain_timeout_s: int = 5


LANES = (
    LanePlan(name="providers", prefixes=("/api/ai/",), threads=2, max_wait_s=0.3),
    LanePlan(name="desk", prefixes=("/",), threads=8, max_wait_s=3.0),
)


class Tiny:
    """`/slow`: 0.5 s. `/pid`, `/die`, and `/api/ai/hang`, which ends when somebody asks for `/release`.

    `/api/ai/shared?takes=SECONDS&wait=SECONDS` is one call for all who ask at once; `/runs` counts its runs.
    `/open` leaves its answer open, for `/say` to write a body to all of them, and `/end` to end them;
    `/say?size=BYTES` writes so many instead. Both tell what each has unsent, -1 where the client has gone.
    """

    def __init__(self) -> None:
        self.released = threading.Event()
        self.flights = Flights(places=Places(1))
        self.runs = 0
        self.lines = []
        self.extensions = {"support.drain": self.drain}
        self.drained = False

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/slow":
            time.sleep(0.5)
        if path == "/die":
            os._exit(7)
        if path == "/boom":
            raise LookupError("the secret ingredient")
        if path == "/release":
            self.released.set()
        if path == "/api/ai/hang":
            self.released.wait(20)
        if path == "/open":
            environ[LEFT_OPEN] = self.begin
            start_response("200 OK", [("Content-Type", "text/plain")])
            return []
        told = {
            "/pid": os.getpid,
            "/say": lambda: self.say(environ),
            "/end": self.end,
            "/runs": lambda: self.runs,
            "/lines": lambda: len(self.lines),
            "/api/ai/shared": lambda: self.shared(environ),
        }.get(path, lambda: len(environ["wsgi.input"].read()))()
        body = str(told).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def begin(self, line):
        self.lines.append(line)
        if self.drained:
            self.end()

    def drain(self):
        self.drained = True
        self.end()

    def say(self, environ):
        size = int(parse_qs(environ["QUERY_STRING"]).get("size", ["0"])[0])
        said = environ["wsgi.input"].read() or b"x" * size
        for line in self.lines:
            line.write(said)
        gone = hung_up(self.lines)
        return [-1 if line in gone else line.unsent() for line in self.lines]

    def end(self):
        lines, self.lines = self.lines, []
        for line in lines:
            line.end()
        return len(lines)

    def shared(self, environ):
        """The body's length, how it ended, and the tenths of a second since the first run began."""
        self.runs += 1
        length = len(environ["wsgi.input"].read())
        asked = {name: float(values[0]) for name, values in parse_qs(environ["QUERY_STRING"]).items()}

        def call():
            time.sleep(asked["takes"])
            return "landed"

        deadline = Deadline.after(10, SystemClock())
        try:
            ended = self.flights.share("key", call, asked.get("wait", 5), deadline=deadline)
        except InProgress:
            ended = "in progress"
        return f"{length} {ended} {spent_s():.1f}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--broken", action="store_true")
    options = parser.parse_args()
    configure("INFO")
    settings = TinySettings(port=options.port, processes=options.processes)

    def make_app() -> Tiny:
        if options.broken:
            raise RuntimeError("it will not start")
        return Tiny()

    def say(host: str, port: int) -> None:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    try:
        return serve(make_app, settings, on_ready=say, lanes=LANES)
    except CannotListen as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
