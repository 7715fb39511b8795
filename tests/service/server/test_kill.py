"""`kill -9` loses nothing that was acknowledged, and nothing of what is to be told of it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.service.outbox.sending import Couriers
from tests.service.server.killing import Toll, kill_again_and_again

ROUNDS, MANY_ROUNDS = 5, 25
"""On each database, with one process."""
SENDING_ROUNDS, MANY_SENDING_ROUNDS = 5, 250
"""On each database, with two, while others deliver and are killed, too."""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the processes of a server are found in /proc"
)


def check(toll: Toll) -> None:
    assert toll.lost == []
    assert toll.torn == []
    assert toll.untold == []
    assert toll.miscounted == 0
    assert toll.acknowledged >= toll.rounds
    assert toll.cut_off >= toll.rounds


def test_tickets_that_were_acknowledged_outlive_kill_9(
    migrated_url: str, engine_name: str, full: bool, say: Callable[[str], None]
) -> None:
    rounds = MANY_ROUNDS if full else ROUNDS
    toll = kill_again_and_again(migrated_url, processes=1, rounds=rounds, random=Random(1))
    say(
        f"kill -9, {engine_name}, 1 process: {toll.rounds} rounds,"
        f" {toll.acknowledged:,} acknowledged tickets, {len(toll.lost)} lost, {toll.cut_off} requests cut off"
    )
    check(toll)


@pytest.fixture
def couriers(migrated_url: str, tmp_path: Path) -> Iterator[Couriers]:
    couriers = Couriers(migrated_url, tmp_path / "delivered")
    couriers.start()
    yield couriers
    couriers.stop()


def test_what_was_acknowledged_is_delivered_though_servers_and_workers_die(
    migrated_url: str, engine_name: str, couriers: Couriers, full: bool, say: Callable[[str], None]
) -> None:
    """At least once, nothing that did not happen, and in the order of each ticket."""
    rounds = MANY_SENDING_ROUNDS if full else SENDING_ROUNDS
    toll = kill_again_and_again(migrated_url, processes=2, rounds=rounds, random=Random(2), couriers=couriers)
    check(toll)
    sent = couriers.finish()
    say(
        f"kill -9, {engine_name}, 2 processes and couriers: {toll.rounds} rounds, {couriers.killed} couriers"
        f" killed, {toll.acknowledged:,} acknowledged tickets, {toll.changed:,} acknowledged changes;"
        f" {sent.events:,} events in {sent.deliveries:,} deliveries, {len(sent.undelivered)} undelivered,"
        f" {len(sent.made_up)} made up, {len(sent.disordered)} disordered"
    )
    assert sent.undelivered == []
    assert sent.made_up == []
    assert sent.disordered == []
    assert sent.gapless
    assert sent.deliveries >= sent.events >= 3 * toll.changed > 0
    assert couriers.killed > 0
