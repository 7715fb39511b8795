"""The sample customers with their purchases: so many made by chance, and a few that are always there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from service.sample_data.chances import chance_for
from service.sample_data.contacting import Habit, make_habit
from service.sample_data.people import Person, Region, make_person
from service.sample_data.shopping import (
    LONGEST_TENURE_DAYS,
    SPEND_P,
    Purchase,
    make_purchases,
    purchases_of_ages,
)

FEATURED_CUSTOMER = "cust_123"
NEW_YORK = Region("en-US", "America/New_York", "USD", "+1")
LONDON = Region("en-GB", "Europe/London", "GBP", "+44")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """`age`: since when the shop knows them. `purchases`: oldest first."""

    id: str
    person: Person
    age: timedelta
    purchases: Sequence[Purchase]
    habit: Habit

    def order_id(self, purchase: Purchase) -> str:
        """As the shop words it, and customers quote it."""
        return f"SO-{self.id.removeprefix('cust_').replace('_', '-')}-{purchase.number:02d}"


def shoppers(count: int, *, seed: int) -> Iterator[Shopper]:
    """Those that are always there first, whatever the seed."""
    yield from _always_there()
    for number in range(1, count + 1):
        chance = chance_for(seed, "customer", number)
        person = make_person(chance, number)
        purchases = make_purchases(chance)
        known_days = chance.uniform(0.5, LONGEST_TENURE_DAYS) if not purchases else 0
        first = purchases[0].age if purchases else timedelta(days=known_days)
        yield Shopper(
            id=f"cust_{seed}_{number:05d}",
            person=person,
            age=first + timedelta(minutes=chance.uniform(1, 60)),
            purchases=purchases,
            habit=make_habit(chance),
        )


def _always_there() -> Iterator[Shopper]:
    yield _known(
        FEATURED_CUSTOMER,
        "Robin Hale",
        NEW_YORK,
        order_ages_days=(456, 421, 380, 344, 301, 262, 222, 180, 139, 98, 52, 15),
        usual_order=75,
    )
    yield _known("test_customer_low_ltv", "Casey Low", LONDON, order_ages_days=(410, 240), usual_order=25)
    yield _known(
        "test_customer_high_ltv",
        "Morgan High",
        NEW_YORK,
        order_ages_days=tuple(6 + 31 * number for number in reversed(range(48))),
        usual_order=220,
    )
    yield _known("test_customer_new", "Jamie New", LONDON, order_ages_days=(), usual_order=75)


def _known(
    customer_id: str, name: str, region: Region, *, order_ages_days: tuple[int, ...], usual_order: int
) -> Shopper:
    """`usual_order`: what one comes to on average."""
    ages = [timedelta(days=days, hours=3) for days in order_ages_days]
    mail = f"{name.replace(' ', '.').lower()}@example.com"
    chance = chance_for("always", customer_id)
    return Shopper(
        id=customer_id,
        person=Person(name=name, email=mail, phone=None, region=region),
        age=(ages[0] if ages else timedelta(days=1)) + timedelta(minutes=10),
        purchases=purchases_of_ages(chance, ages, nu=SPEND_P / usual_order),
        habit=make_habit(chance),
    )
