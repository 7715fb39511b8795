"""Which policy a ticket is under."""

from datetime import timedelta
from decimal import Decimal

import pytest

from service.sla.policies import Conditions, Policies, Policy, Target, TicketFacts
from service.sla.working_time import ALWAYS_OPEN
from service.tickets.models import Channel, Priority


def policy(name, *, targets=None, **conditions):
    return Policy(
        id=name,
        name=name,
        version=1,
        calendar_id="calendar_always",
        calendar_version=1,
        calendar=ALWAYS_OPEN,
        conditions=Conditions(**conditions),
        targets=targets or {},
    )


def facts(**fields):
    return TicketFacts(**{"priority": Priority.NORMAL, "channel": Channel.EMAIL} | fields)


def test_the_first_policy_that_matches_counts():
    policies = Policies((policy("vip", any_tags=frozenset({"vip"})), policy("rest"), policy("never reached")))
    assert policies.matching(facts(tags=frozenset({"vip"}))).name == "vip"
    assert policies.matching(facts()).name == "rest"


def test_where_none_matches_nothing_is_promised():
    assert Policies().matching(facts()) is None
    assert Policies((policy("vip", any_tags=frozenset({"vip"})),)).matching(facts()) is None


MATCHES = [
    ({"priorities": frozenset({Priority.URGENT, Priority.HIGH})}, {"priority": Priority.HIGH}, True),
    ({"priorities": frozenset({Priority.URGENT, Priority.HIGH})}, {"priority": Priority.LOW}, False),
    ({"channels": frozenset({Channel.CHAT})}, {"channel": Channel.CHAT}, True),
    ({"channels": frozenset({Channel.CHAT})}, {"channel": Channel.SMS}, False),
    ({"all_tags": frozenset("ab")}, {"tags": frozenset("abc")}, True),
    ({"all_tags": frozenset("ab")}, {"tags": frozenset("a")}, False),
    ({"any_tags": frozenset("ab")}, {"tags": frozenset("bc")}, True),
    ({"any_tags": frozenset("ab")}, {"tags": frozenset("c")}, False),
    ({"departments": frozenset({"after sales"})}, {"department": "After Sales"}, True),
    ({"departments": frozenset({"after sales"})}, {"department": "Sales"}, False),
    ({"departments": frozenset({"after sales"})}, {"department": None}, False),
    ({"min_lifetime_value": Decimal(500)}, {"lifetime_value": Decimal(500)}, True),
    ({"min_lifetime_value": Decimal(500)}, {"lifetime_value": Decimal("499.99")}, False),
    ({"min_lifetime_value": Decimal(0)}, {"lifetime_value": None}, False),
    ({"min_churn_risk": 0.7}, {"churn_risk": 0.7}, True),
    ({"min_churn_risk": 0.7}, {"churn_risk": 0.69}, False),
    ({"min_churn_risk": 0.0}, {"churn_risk": None}, False),
    ({"all_tags": frozenset("a"), "any_tags": frozenset("bc")}, {"tags": frozenset("ac")}, True),
    ({"all_tags": frozenset("a"), "channels": frozenset({Channel.SMS})}, {"tags": frozenset("a")}, False),
]


@pytest.mark.parametrize(("conditions", "ticket", "matches"), MATCHES)
def test_every_condition_has_to_hold_and_what_is_not_known_holds_for_none(conditions, ticket, matches):
    found = Policies((policy("it", **conditions),)).matching(facts(**ticket))
    assert (found is not None) == matches


def test_a_warning_comes_after_a_share_of_the_target():
    it = policy("it", targets={Target.RESOLUTION: timedelta(hours=10)})
    assert it.warns_after(Target.RESOLUTION) == timedelta(hours=8)
    assert it.warns_after(Target.FIRST_RESPONSE) is None
