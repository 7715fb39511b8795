"""When the sample customers buy, what, and what comes back.

A known model, so that statistics over the orders have a truth to find:

- MBG/NBD: each customer buys at a rate of their own per day, Gamma(`RATE_SHAPE`, `RATE_DAYS`), with
  exponential gaps; after each order they leave for good with a probability of their own, Beta(`LEAVE_A`,
  `LEAVE_B`). The first order lies uniformly within `LONGEST_TENURE_DAYS`.
- Gamma-Gamma: an order comes to Gamma(`SPEND_P`, nu) in the customer's currency, with a nu of their own,
  Gamma(`SPEND_Q`, `SPEND_V`); second parameters are rates. A basket comes as near to that as products can,
  and to it on average.
- A discount on a share of the orders, Beta(1, 3), one refund on another, Beta(1, 11); one to four categories.

A share of `NEVER_BOUGHT` has no order at all.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from service.sample_data.catalogue import SHELVES, Product

RATE_SHAPE = 1.2
RATE_DAYS = 60.0
LEAVE_A = 0.8
LEAVE_B = 2.4
SPEND_P = 4.0
SPEND_Q = 4.0
SPEND_V = 60.0
LONGEST_TENURE_DAYS = 1_100
NEVER_BOUGHT = 0.05
MOST_ORDERS = 80
MOST_LINES = 4

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
DISCOUNTS = (Decimal("0.10"), Decimal("0.15"), Decimal("0.20"), Decimal("0.25"))
CARRIERS = {"UPS": "1Z", "DHL": "JD", "FedEx": "79", "DPD": "15"}
ORDER_CHANNELS = {"web": 12, "app": 6, "phone": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`discount` is for the whole line."""

    product: Product
    quantity: int
    discount: Decimal

    @property
    def paid(self) -> Decimal:
        return self.product.price * self.quantity - self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    age: timedelta
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """`age`: how long before now it was made."""

    number: int
    age: timedelta
    channel: str
    lines: tuple[Line, ...]
    carrier: str
    tracking_number: str
    refunds: tuple[GivenBack, ...]

    @property
    def discount(self) -> Decimal:
        return sum((line.discount for line in self.lines), NOTHING)

    @property
    def total(self) -> Decimal:
        return sum((line.paid for line in self.lines), NOTHING)

    @property
    def status(self) -> str:
        back = sum((refund.amount for refund in self.refunds), NOTHING)
        if not back:
            return "paid"
        return "refunded" if back == self.total else "partially_refunded"

    @property
    def fulfillment_status(self) -> str:
        if self.age < timedelta(days=1):
            return "unfulfilled"
        return "in_transit" if self.age < timedelta(days=4) else "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """What one customer buys. `products` by price; `nu`: see above; shares are of the orders."""

    products: Sequence[Product]
    nu: float
    bargain_share: float
    return_share: float


def make_purchases(chance: random.Random) -> list[Purchase]:
    """Oldest first."""
    if chance.random() < NEVER_BOUGHT:
        return []
    rate_per_day = chance.gammavariate(RATE_SHAPE, 1 / RATE_DAYS)
    leaves = chance.betavariate(LEAVE_A, LEAVE_B)
    age_days = chance.uniform(0.1, LONGEST_TENURE_DAYS)
    ages: list[timedelta] = []
    while age_days > 0 and len(ages) < MOST_ORDERS:
        ages.append(timedelta(days=age_days))
        if chance.random() < leaves:
            break
        age_days -= chance.expovariate(rate_per_day)
    return purchases_of_ages(chance, ages, nu=chance.gammavariate(SPEND_Q, 1 / SPEND_V))


def purchases_of_ages(chance: random.Random, ages: Sequence[timedelta], *, nu: float) -> list[Purchase]:
    shelves = chance.sample(SHELVES, chance.choice((1, 2, 2, 3, 4)))
    taste = Taste(
        products=sorted((product for shelf in shelves for product in shelf), key=lambda each: each.price),
        nu=nu,
        bargain_share=chance.betavariate(1, 3),
        return_share=chance.betavariate(1, 11),
    )
    return [_purchase(chance, number, age, taste) for number, age in enumerate(ages, start=1)]


def _purchase(chance: random.Random, number: int, age: timedelta, taste: Taste) -> Purchase:
    reduction = chance.choice(DISCOUNTS) if chance.random() < taste.bargain_share else NOTHING
    wanted = Decimal(chance.gammavariate(SPEND_P, 1 / taste.nu)) / (1 - reduction)
    lines = tuple(
        _line(product, quantity, reduction) for product, quantity in _basket(chance, taste.products, wanted)
    )
    carrier = chance.choice(list(CARRIERS))
    return Purchase(
        number=number,
        age=age,
        channel=chance.choices(list(ORDER_CHANNELS), list(ORDER_CHANNELS.values()))[0],
        lines=lines,
        carrier=carrier,
        tracking_number=f"{CARRIERS[carrier]}{chance.randrange(10**14):014d}",
        refunds=_refunds(chance, age, lines) if chance.random() < taste.return_share else (),
    )


def _basket(chance: random.Random, products: Sequence[Product], wanted: Decimal) -> list[tuple[Product, int]]:
    """Products with their quantities. `products` by price: the cheapest closes the gap, on average."""
    cheapest, *others = products
    prices = [product.price for product in others]
    basket: dict[Product, int] = {}
    left = wanted
    while len(basket) < MOST_LINES - 1 and (affordable := bisect_right(prices, left)):
        last = len(basket) == MOST_LINES - 2
        place = affordable - 1 if last else chance.randrange(affordable)
        product = others.pop(place)
        fitting = int(left / prices.pop(place))
        basket[product] = fitting if last else min(fitting, chance.choices((1, 2, 3), (8, 2, 1))[0])
        left -= product.price * basket[product]
    pieces, rest = divmod(left, cheapest.price)
    more = int(pieces) + (chance.random() < rest / cheapest.price)
    if more or not basket:
        basket[cheapest] = max(more, 1)
    return list(basket.items())


def _line(product: Product, quantity: int, reduction: Decimal) -> Line:
    discount = (product.price * quantity * reduction).quantize(CENT, ROUND_HALF_UP)
    return Line(product=product, quantity=quantity, discount=discount)


def _refunds(chance: random.Random, age: timedelta, lines: Sequence[Line]) -> tuple[GivenBack, ...]:
    """For one line of the order, two weeks or so later; none where that is still to come."""
    refunded_age = age - timedelta(days=chance.uniform(5, 25))
    amount = chance.choice(lines).paid
    return (GivenBack(age=refunded_age, amount=amount),) if refunded_age > timedelta(0) else ()
