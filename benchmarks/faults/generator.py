"""A load in a process of its own: requests are due by a schedule, whatever became of those before.

    python -m benchmarks.faults.generator < plan > samples

Both in MessagePack. Keep-alive connections, as many as are needed at once, up to a bound; each request
is bounded in time.
"""

import asyncio
import gc
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from benchmarks.faults.plans import Plan
from benchmarks.faults.samples import NO_ANSWER, Sample

MOST_CONNECTIONS = 900
LONGEST_S = 400.0
WARM_CONNECTIONS = 32


class Connections:
    """Idle ones are used again, the last one first."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[StreamReader, StreamWriter]] = []
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)

    async def open(self, count: int) -> None:
        self._idle = [await self._connect() for _ in range(count)]

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """(status, body). Raises `OSError` or `EOFError` where the connection is cut."""
        async with self._places:
            reader, writer = self._take() or await self._connect()
            kept = False
            try:
                writer.write(request)
                status, keep_alive, body = await _read(reader)
                kept = keep_alive
                return status, body
            finally:
                if kept:
                    self._idle.append((reader, writer))
                else:
                    writer.transport.abort()

    def close(self) -> None:
        for _, writer in self._idle:
            writer.transport.abort()

    def _take(self) -> tuple[StreamReader, StreamWriter] | None:
        """One that the server has not closed meanwhile, as it does with those long idle."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.transport.abort()
        return None

    async def _connect(self) -> tuple[StreamReader, StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)


async def _read(reader: StreamReader) -> tuple[int, bool, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    start = head.index(b"content-length:") + len(b"content-length:")
    length = int(head[start:].split(b"\r\n", 1)[0])
    return int(head.split(b" ", 2)[1]), b"connection: close" not in head, await reader.readexactly(length)


class Load:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = plan.requests()
        self._connections = Connections(plan.port)
        self._loop = asyncio.get_running_loop()
        self.samples: list[Sample] = []

    async def run(self) -> None:
        await self._connections.open(self._plan.burst or self._plan.clients or WARM_CONNECTIONS)
        if self._plan.clients:
            await asyncio.gather(*(self._ask_again_and_again() for _ in range(self._plan.clients)))
        else:
            await self._ask_when_due(self._plan.due())
        self._connections.close()

    async def _ask_when_due(self, due: Iterator[float]) -> None:
        async with asyncio.TaskGroup() as asking:
            for at_s in due:
                due_s = self._plan.begin_at_s + at_s
                if (early_s := due_s - self._loop.time()) > 0:
                    await asyncio.sleep(early_s)
                asking.create_task(self._ask(due_s))

    async def _ask_again_and_again(self) -> None:
        until_s = self._plan.begin_at_s + self._plan.seconds
        await asyncio.sleep(max(0.0, self._plan.begin_at_s - self._loop.time()))
        while (now_s := self._loop.time()) < until_s:
            await self._ask(now_s)

    async def _ask(self, due_s: float) -> None:
        kind, customer_id, path = next(self._requests)
        status, body = NO_ANSWER, b""
        with suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout_at(due_s + self._plan.patience_s):
                status, body = await self._connections.ask(self._request(path))
        took_s = self._loop.time() - due_s
        kept = body if kind.keeps else b""
        self.samples.append(Sample(kind.name, customer_id, due_s, took_s, status, kept))

    def _request(self, path: str) -> bytes:
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"X-API-Key: {self._plan.api_key}"]
        return "\r\n".join([*lines, "", ""]).encode()


async def offer(plan: Plan) -> list[Sample]:
    load = Load(plan)
    await load.run()
    return load.samples


def main() -> None:
    plan = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Plan)
    if plan.seconds > LONGEST_S:
        sys.exit(f"A load is offered for {LONGEST_S:.0f} s at most.")
    gc.disable()  # its pauses would count as the service's
    sys.stdout.buffer.write(msgspec.msgpack.encode(asyncio.run(offer(plan))))


if __name__ == "__main__":
    main()
