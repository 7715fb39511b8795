"""Whatever happens, what is kept of a customer is what a rebuild from the log gives."""

from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from providers.statistics import CANCELLED
from service.database import Database, DatabaseUnavailable
from tests.service.customer_base.counting import CUSTOMERS, CountingDesk

STEPS = 120
SEEDS = range(3)
MANY_SEEDS = range(60)
THREADS, BATCHES = 4, 8


def histories(full: bool) -> range:
    return MANY_SEEDS if full else SEEDS


def test_what_is_kept_is_what_a_rebuild_gives(
    database: Database, full: bool, say: Callable[[str], None], engine_name: str
) -> None:
    """Orders are backdated, changed, moved, refunded, cancelled; tickets are in all their states."""
    compared = 0
    for seed in histories(full):
        desk = CountingDesk(database, seed)
        for _ in range(STEPS):
            desk.something_happens()
        desk.counting.rebuilding.bring_up()
        kept = desk.rows()
        rebuilt = desk.counting.rebuilding.rebuild()
        assert rebuilt.wrong == 0
        assert desk.rows() == kept
        compared += len(kept)
    say(f"customers kept as rebuilt, {engine_name}: {compared:,}")


def test_what_a_provider_is_told_is_the_same_before_it_is_brought_up(database: Database) -> None:
    desk = CountingDesk(database, seed=7)
    for step in range(STEPS):
        desk.something_happens()
        if step % 10 == 0:
            today = desk.clock.now().date()
            told = {each: desk.source.statistics_of(each, as_of=today) for each in CUSTOMERS}
            desk.counting.rebuilding.rebuild()
            assert {each: desk.source.statistics_of(each, as_of=today) for each in CUSTOMERS} == told


def test_the_figures_are_those_of_the_orders(database: Database) -> None:
    """Told by an oracle that knows nothing of how they are kept."""
    desk = CountingDesk(database, seed=11)
    for _ in range(STEPS):
        desk.something_happens()
    orders = defaultdict(list)
    for order in desk.known.values():
        if order.status.casefold() not in CANCELLED:
            orders[order.customer_id].append(order)
    kept = desk.rows()
    assert sum(map(len, orders.values())) > 20
    for customer_id, theirs in orders.items():
        by_day: Counter[int] = Counter()
        for order in theirs:
            by_day[order.ordered_at.toordinal()] += order.total - order.refunded  # type: ignore[assignment]  # amounts
        row = kept[customer_id]
        assert row["orders"] == len(theirs)
        assert row["order_days"] == len(by_day)
        assert (row["first_day"], row["last_day"]) == (min(by_day), max(by_day))
        assert row["net_spend"] == sum(by_day.values(), Decimal(0))
        assert row["positive_spend"] == sum((net for net in by_day.values() if net > 0), Decimal(0))
        assert row["refunds"] == sum(len(order.refunds) for order in theirs)
        assert row["mixed_currency"] == (len({order.currency for order in theirs}) > 1)


def test_nothing_after_a_day_is_told_of_it(database: Database) -> None:
    desk = CountingDesk(database, seed=3)
    for _ in range(40):
        desk.something_happens()
    then = desk.clock.now().date()
    told = {each: desk.source.statistics_of(each, as_of=then) for each in CUSTOMERS}
    desk.clock.sleep(timedelta(days=3).total_seconds())
    desk.chance.seed(4)
    for _ in range(40):
        order = desk._new_order()
        if order.ordered_at.date() > then:
            desk.record(order)
    assert {each: desk.source.statistics_of(each, as_of=then) for each in CUSTOMERS} == told


def test_orders_recorded_in_parallel_are_all_counted(database: Database) -> None:
    """By threads that share their customers, each order of which may be older than another's."""
    desks = [CountingDesk(database, seed) for seed in range(THREADS)]

    def work(desk: CountingDesk) -> None:
        for _ in range(BATCHES):
            batch = [desk._new_order() for _ in range(4)]
            while True:
                with suppress(DatabaseUnavailable):  # the other one had to go first
                    desk.record(*batch)
                    break

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, desks))
    desks[0].counting.rebuilding.bring_up()
    assert desks[0].counting.rebuilding.rebuild().wrong == 0
    counted = sum(row["orders"] for row in desks[0].rows().values())
    sent = [order for desk in desks for order in desk.known.values()]
    assert counted == sum(order.status.casefold() not in CANCELLED for order in sent)


def test_nobody_of_the_desk_has_no_statistics(desk: CountingDesk) -> None:
    assert desk.source.statistics_of("nobody", as_of=desk.clock.now().date()) is None


def test_a_desk_that_never_counted_is_completed(desk: CountingDesk) -> None:
    for _ in range(60):
        desk.something_happens()
    desk.counting.rebuilding.bring_up()
    kept = desk.rows()
    with desk.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM customer_statistics")
    assert desk.counting.rebuilding.complete() >= len(kept)
    assert {each: row for each, row in desk.rows().items() if each in kept} == kept


@pytest.mark.parametrize("seed", [5])
def test_a_change_that_is_undone_leaves_nothing(database: Database, seed: int) -> None:
    desk = CountingDesk(database, seed)
    for _ in range(20):
        desk.something_happens()
    desk.counting.rebuilding.bring_up()
    kept = desk.rows()
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        desk.orders.record_within(session, [desk._new_order()], actor="test")
        raise ZeroDivisionError
    assert desk.rows() == kept
