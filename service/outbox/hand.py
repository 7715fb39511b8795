"""What one process has taken of a channel, and which of it comes next."""

import threading
from collections import Counter, deque
from collections.abc import Iterable

from service.outbox.leasing import Taken
from service.outbox.queries import Line


class Hand:
    """Of a line one at a time, of a target `of_one_target` at once; whoever waits longest is next."""

    def __init__(self, of_one_target: int) -> None:
        self._of_one_target = of_one_target
        self._lines: dict[Line, deque[Taken]] = {}
        self._ready: deque[Line] = deque()
        self._of_target: Counter[str] = Counter()
        self._at_work: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._closed = False

    def add(self, those: Iterable[Taken]) -> None:
        with self._changed:
            for taken in those:
                if taken.line not in self._lines:
                    self._lines[taken.line] = deque()
                    self._ready.append(taken.line)
                self._lines[taken.line].append(taken)
                self._of_target[taken.delivery.target] += 1
            self._changed.notify_all()

    def begin(self, *, wait: bool = False) -> Taken | None:
        """The next one, of which `end` is to be told. None where there is none, or no more is to begin."""
        with self._changed:
            while not self._closed:
                for _ in range(len(self._ready)):
                    line = self._ready.popleft()
                    if self._at_work[line[0]] < self._of_one_target:
                        self._at_work[line[0]] += 1
                        return self._lines[line][0]
                    self._ready.append(line)
                if not wait:
                    return None
                self._changed.wait()
            return None

    def end(self, taken: Taken, *, arrived: bool) -> list[Taken]:
        """What stood behind one that did not arrive, which is out of the hand with it."""
        with self._changed:
            left: list[Taken] = []
            line = self._lines[taken.line]
            line.popleft()
            self._at_work[taken.delivery.target] -= 1
            self._leave(taken)
            if not arrived:
                left = list(line)
                line.clear()
                for each in left:
                    self._leave(each)
            if line:
                self._ready.append(taken.line)
            else:
                del self._lines[taken.line]
            self._changed.notify_all()
            return left

    def close(self) -> list[Taken]:
        """No more is begun; what was not is out of the hand."""
        with self._changed:
            self._closed = True
            left: list[Taken] = []
            for line in list(self._ready):
                left += self._lines.pop(line)
            for waiting in self._lines.values():
                while len(waiting) > 1:
                    left.append(waiting.pop())
            self._ready.clear()
            for each in left:
                self._leave(each)
            self._changed.notify_all()
            return left

    def open(self) -> None:
        with self._changed:
            self._closed = False

    def all(self) -> list[Taken]:
        with self._changed:
            return [taken for line in self._lines.values() for taken in line]

    def crowded(self, most: int) -> frozenset[str]:
        """Targets for which there is that much in hand."""
        with self._changed:
            return frozenset(target for target, count in self._of_target.items() if count >= most)

    def moving(self, most: int) -> int:
        """How much is in hand for all others."""
        with self._changed:
            return sum(count for count in self._of_target.values() if count < most)

    def _leave(self, taken: Taken) -> None:
        target = taken.delivery.target
        self._of_target[target] -= 1
        if not self._of_target[target]:
            del self._of_target[target]
