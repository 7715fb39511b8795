import time
from datetime import UTC, datetime

OFFSET = len("+00:00")


class SystemClock:
    """The real one; implements `providers.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def rfc3339(at: datetime) -> str:
    """In UTC, to the millisecond, with `Z`."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[:-OFFSET]}Z"
