"""One situation a file: what is done to the service, and the figures that have bounds."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure
from benchmarks.faults.situations.cold import cold
from benchmarks.faults.situations.database import database
from benchmarks.faults.situations.hang import hang
from benchmarks.faults.situations.healthy import healthy
from benchmarks.faults.situations.kill import kill
from benchmarks.faults.situations.parallel import parallel
from benchmarks.faults.situations.redis_away import redis_away
from benchmarks.faults.situations.upstream import upstream
from benchmarks.faults.situations.warm import warm

Situation = Callable[[Bench], Iterator[Figure]]

SITUATIONS: Final[Mapping[str, Situation]] = {
    "healthy": healthy,
    "cold": cold,
    "hang": hang,
    "upstream": upstream,
    "redis": redis_away,
    "database": database,
    "kill": kill,
    "parallel": parallel,
    "warm": warm,
}
