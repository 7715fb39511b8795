"""`kill -9` loses nothing that was acknowledged."""

import sys
from collections.abc import Callable
from random import Random

import pytest

from tests.service.server.killing import kill_again_and_again

ROUNDS, MANY_ROUNDS = 3, 25
"""On each database, with one process and with two."""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the processes of a server are found in /proc"
)
@pytest.mark.parametrize("processes", [1, 2])
def test_tickets_that_were_acknowledged_outlive_kill_9(
    migrated_url: str, engine_name: str, processes: int, full: bool, say: Callable[[str], None]
) -> None:
    rounds = MANY_ROUNDS if full else ROUNDS
    toll = kill_again_and_again(migrated_url, processes=processes, rounds=rounds, random=Random(processes))
    say(
        f"kill -9, {engine_name}, {processes} process(es): {toll.rounds} rounds,"
        f" {toll.acknowledged:,} acknowledged tickets, {len(toll.lost)} lost, {toll.cut_off} requests cut off"
    )
    assert toll.lost == []
    assert toll.torn == []
    assert toll.miscounted == 0
    assert toll.acknowledged >= rounds
    assert toll.cut_off >= rounds
