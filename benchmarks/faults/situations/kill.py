"""kill -9 of the server, or of one of its processes, while tickets are created."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure, count
from service.database import normalise_url
from tests.conftest import migrate
from tests.service.server.killing import Toll, kill_again_and_again

SEED = 3
PROCESSES = (1, 2)


def kill(bench: Bench) -> Iterator[Figure]:
    rounds = int(bench.pick(25, 3))
    toll = Toll()
    with ThreadPoolExecutor(2) as killers:  # nothing here is timed
        for processes in PROCESSES:
            sqlite = f"sqlite:///{bench.stage.directory / f'killed-{processes}.db'}"
            with bench.stage.postgres.new_database() as postgres:
                for url in (sqlite, postgres):
                    migrate(normalise_url(url))  # one after the other: Alembic knows no threads
                tolls = killers.map(partial(_killed, processes, rounds), (sqlite, postgres))
                toll = sum(tolls, toll)
    yield count("acknowledged tickets lost", len(toll.lost), 0, toll.acknowledged)
    yield count("tickets without their message or their event", len(toll.torn), 0, toll.found)
    yield count("tickets by which the kept counters are wrong", toll.miscounted, 0, toll.found)
    yield Figure(what="rounds", measured=toll.rounds)
    yield Figure(what="requests cut off by a kill", measured=toll.cut_off)


def _killed(processes: int, rounds: int, database_url: str) -> Toll:
    return kill_again_and_again(database_url, processes=processes, rounds=rounds, random=Random(SEED))
