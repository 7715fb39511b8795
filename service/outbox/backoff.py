"""When a delivery that failed is tried again, and when it is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.ports import Random

MOST_DOUBLINGS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """`first`, doubled with each attempt up to `longest`, is the most that it waits; see `delay`."""

    first: timedelta = timedelta(seconds=10)
    longest: timedelta = timedelta(hours=4)
    give_up_after: timedelta = timedelta(days=3)

    def delay(self, attempt: int, random: Random) -> timedelta:
        """Full jitter: anything from nothing to the most after `attempt`, so that no crowd comes at once.

        As in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
        """
        most = self.first * 2 ** min(attempt - 1, MOST_DOUBLINGS)
        return timedelta(seconds=min(most, self.longest).total_seconds() * random.random())

    def is_over(self, since: datetime, now: datetime) -> bool:
        return now - since >= self.give_up_after
