"""The sample tickets: a shopper, a story, and where the conversation stands."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from service.sample_data import aftersales, phrases, questions, stories
from service.sample_data.catalogue import PRODUCTS
from service.sample_data.chances import chance_for, steady_id, weighted
from service.sample_data.contacting import who_writes
from service.sample_data.conversations import Speakers, Turn, converse, first_message
from service.sample_data.shoppers import FEATURED_CUSTOMER, Shopper
from service.sample_data.shopping import Purchase
from service.tickets.models import Channel, Priority, TicketStatus

FEATURED_TICKET = "ticket_123"
MEAN_AGE_DAYS = 25.0
OLDEST_DAYS = 365.0
RECENT_ORDER = timedelta(days=90)
"""An older order is not what a customer writes about."""

ABOUT_ORDERS = {
    stories.LOST_PACKAGE: 5,
    stories.SHIPPING_DELAY: 7,
    stories.WRONG_ITEM: 4,
    aftersales.PRODUCT_DEFECT: 4,
    aftersales.BILLING_ERROR: 4,
    aftersales.RETURN_REQUEST: 5,
}
ABOUT_OTHERS = {questions.PRODUCT_QUESTION: 5, questions.ACCOUNT_ACCESS: 3, questions.FEEDBACK: 2}
STATUSES_BY_AGE = (
    (timedelta(days=3), (60, 20, 15, 5)),
    (timedelta(days=14), (20, 20, 40, 20)),
    (timedelta.max, (3, 5, 32, 60)),
)
"""Up to which age: weights of open, pending, resolved, closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`assigned_to`: an agent or a team, by name.

    `settled_age`: when it was resolved or closed, after the last turn; None while it is neither.
    """

    id: str
    shopper: Shopper
    subject: str
    status: TicketStatus
    priority: Priority
    channel: Channel
    tags: frozenset[str]
    agent: str
    assigned_to: str | None
    turns: Sequence[Turn]
    settled_age: timedelta | None


def make_case(number: int, shoppers: Sequence[Shopper], *, seed: int) -> Case:
    chance = chance_for(seed, "ticket", number)
    shopper = who_writes(chance, shoppers)
    age_days = min(chance.expovariate(1 / MEAN_AGE_DAYS) + 0.01, OLDEST_DAYS)
    age = min(timedelta(days=age_days), shopper.age * chance.uniform(0.2, 0.95))
    purchase = _purchase_before(shopper, age)
    story = weighted(chance, ABOUT_ORDERS if purchase and chance.random() < 0.85 else ABOUT_OTHERS)
    facts = _facts(chance, shopper, purchase, age)
    status, channel = _status(chance, age), weighted(chance, shopper.habit.channels)
    agent = chance.choice(phrases.AGENTS)
    speakers = Speakers(customer=shopper.person.first_name, agent=agent, channel=channel, facts=facts)
    turns = converse(chance, story, speakers, status, age)
    answered = any(turn.from_agent for turn in turns)
    settled = status in {TicketStatus.RESOLVED, TicketStatus.CLOSED}
    return Case(
        id=steady_id("ticket", seed, number),
        shopper=shopper,
        subject=chance.choice(story.subjects).format(**facts),
        status=status,
        priority=weighted(chance, story.priorities),
        channel=channel,
        tags=_tags(chance, story),
        agent=agent,
        assigned_to=agent if answered else _assignee(chance),
        turns=turns,
        settled_age=turns[-1].age * chance.uniform(0.5, 0.999) if settled else None,
    )


def featured_case(shoppers: Sequence[Shopper]) -> Case:
    """Open, by e-mail, and nobody has answered yet."""
    shopper = next(shopper for shopper in shoppers if shopper.id == FEATURED_CUSTOMER)
    chance, story, age = chance_for("always", FEATURED_TICKET), stories.LOST_PACKAGE, timedelta(hours=2)
    purchase = shopper.purchases[-1]
    facts = _facts(chance, shopper, purchase, age)
    said = f"Hello,\n\n{first_message(chance, story).format(**facts)}\n\nKind regards,\n{shopper.person.name}"
    return Case(
        id=FEATURED_TICKET,
        shopper=shopper,
        subject="Order {order} never arrived".format(**facts),
        status=TicketStatus.OPEN,
        priority=Priority.HIGH,
        channel=Channel.EMAIL,
        tags=frozenset({story.tag}),
        agent=phrases.AGENTS[0],
        assigned_to=None,
        turns=[Turn(from_agent=False, content=said, age=age)],
        settled_age=None,
    )


def _purchase_before(shopper: Shopper, age: timedelta) -> Purchase | None:
    """The last one that was made a day or more before the ticket, and not too long."""
    made = (purchase for purchase in reversed(shopper.purchases) if purchase.age >= age + timedelta(days=1))
    last = next(made, None)
    return last if last and last.age - age <= RECENT_ORDER else None


def _facts(
    chance: random.Random, shopper: Shopper, purchase: Purchase | None, age: timedelta
) -> dict[str, str]:
    if purchase is None:
        return {"product": chance.choice(list(PRODUCTS.values())).title}
    return {
        "product": chance.choice(purchase.lines).product.title,
        "order": shopper.order_id(purchase),
        "carrier": purchase.carrier,
        "days": str(max(2, min((purchase.age - age).days, 20))),
    }


def _status(chance: random.Random, age: timedelta) -> TicketStatus:
    weights = next(weights for up_to, weights in STATUSES_BY_AGE if age <= up_to)
    return chance.choices(list(TicketStatus), weights)[0]


def _tags(chance: random.Random, story: stories.Story) -> frozenset[str]:
    more = chance.sample(story.tags, chance.choices((0, 1, 2), (5, 4, 1))[0])
    return frozenset({story.tag, *more})


def _assignee(chance: random.Random) -> str | None:
    if chance.random() < 0.6:
        return None
    return chance.choice(phrases.AGENTS + phrases.TEAMS)
