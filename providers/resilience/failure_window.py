"""What a circuit remembers of the calls of its last seconds."""

from collections import deque


class FailureWindow:
    """Not thread-safe: the circuit's lock guards it. Times are on the clock's monotonic scale."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._calls: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._failed_customers: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def failure_rate(self) -> float:
        """0..1, and 0 where there were no calls."""
        return self._failures / len(self._calls) if self._calls else 0.0

    def add(self, now_s: float, customer_id: str, *, failed: bool) -> None:
        """A customer who fails is remembered for one window, or until a call for them succeeds."""
        self._calls.append((now_s, failed))
        self._failures += failed
        if failed:
            self._failed_customers.setdefault(customer_id, now_s)
        else:
            self._failed_customers.pop(customer_id, None)

    def failed_for(self, customer_id: str) -> bool:
        """Whether a failure for this customer is already counted."""
        return customer_id in self._failed_customers

    def forget_before(self, now_s: float) -> None:
        oldest_s = now_s - self._length_s
        while self._calls and self._calls[0][0] <= oldest_s:
            self._failures -= self._calls.popleft()[1]
        # In the order of insertion, which is the order of time.
        while self._failed_customers and next(iter(self._failed_customers.values())) <= oldest_s:
            del self._failed_customers[next(iter(self._failed_customers))]

    def start_over(self) -> None:
        """Forget the calls, but not for whom they failed: such a customer must not open the circuit again."""
        self._calls.clear()
        self._failures = 0
