"""Which agent gets a ticket, by each of the strategies and by all of them together."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.assignment.strategies import (
    Candidate,
    Rule,
    Strategies,
    StrategyOptions,
    TicketToAssign,
    choices,
)
from service.assignment.strategies.language import language_of
from service.permissions import Role
from service.strategy_table import STRATEGIES
from service.tickets.models import Channel, Priority

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAGS = ["refunds", "Billing", "shipping", "sizes", "wholesale"]
LANGUAGES = ["en", "de", "de-AT", "fr-CA", "FR", "gsw"]
SENIORS = frozenset(Role) - {Role.AGENT}

FACTS = st.fixed_dictionaries(
    {
        "role": st.sampled_from(Role),
        "languages": st.frozensets(st.sampled_from(LANGUAGES), max_size=3),
        "specialisations": st.frozensets(st.sampled_from([tag.upper() for tag in TAGS]), max_size=3),
        "load": st.integers(0, 6),
        "capacity": st.integers(0, 6),
        "last_assigned_at": st.none() | st.integers(0, 4).map(lambda hours: NOON + timedelta(hours=hours)),
    }
)
TEAMS = st.lists(FACTS, max_size=8).map(
    lambda facts: [agent(number, **of_one) for number, of_one in enumerate(facts)]
)
TICKETS = st.builds(
    TicketToAssign,
    id=st.just("ticket_1"),
    priority=st.sampled_from(Priority),
    channel=st.sampled_from(Channel),
    tags=st.frozensets(st.sampled_from(TAGS), max_size=5),
    language=st.none() | st.sampled_from([*LANGUAGES, "ja"]),
    churn_risk=st.none() | st.floats(0, 1),
    lifetime_value=st.none() | st.decimals(-100, 5_000, places=2),
    last_agent_id=st.none() | st.integers(0, 9).map(lambda number: f"agent_{number}"),
)
LISTS = st.lists(st.sampled_from([*STRATEGIES]), unique=True)
TICKET = TicketToAssign(
    id="ticket_1",
    priority=Priority.NORMAL,
    channel=Channel.EMAIL,
    tags=frozenset(),
    language=None,
    churn_risk=None,
    lifetime_value=None,
    last_agent_id=None,
)
DESK = Strategies()


def agent(number, **facts):
    who = {
        "agent_id": f"agent_{number}",
        "name": f"Agent {number}",
        "role": Role.AGENT,
        "languages": frozenset(),
        "specialisations": frozenset(),
        "load": 0,
        "capacity": 5,
        "last_assigned_at": None,
    }
    return Candidate(**(who | facts))


def chosen(names, ticket, team):
    """The agents in their order, all who may be tried."""
    by_id = {one.agent_id: one for one in team}
    return [by_id[choice.agent_id] for choice in choices(DESK.of(names), ticket, team)]


def first(names, ticket, team):
    return next(iter(choices(DESK.of(names), ticket, team)))


def with_room(team):
    return [one for one in team if one.load < one.capacity]


@given(LISTS, TICKETS, TEAMS)
def test_everybody_with_room_is_a_choice_once_and_nobody_without(names, ticket, team):
    assert Counter(one.agent_id for one in chosen(names, ticket, team)) == Counter(
        one.agent_id for one in with_room(team)
    )


@given(st.sampled_from([*STRATEGIES]), TICKETS, TEAMS.filter(len))
def test_a_preference_never_leaves_nobody(name, ticket, team):
    (strategy,) = DESK.of([name])
    kept = strategy.narrow(ticket, team)
    assert kept
    assert all(one in team for one in kept)


@given(LISTS, TICKETS, TEAMS, st.randoms())
def test_the_order_in_which_agents_are_asked_about_changes_nothing(names, ticket, team, chance):
    shuffled = [*team]
    chance.shuffle(shuffled)
    assert [*choices(DESK.of(names), ticket, team)] == [*choices(DESK.of(names), ticket, shuffled)]


@given(LISTS, TICKETS, TEAMS)
def test_every_choice_says_why_and_names_only_strategies_that_were_asked(names, ticket, team):
    for choice in choices(DESK.of(names), ticket, team):
        assert choice.why[0].isupper() or not choice.why[0].isalpha()
        assert choice.why.endswith(".")
        assert len(choice.why) < 1_000
        assert set(choice.strategies) <= {*names, "round_robin"}


@given(LISTS, TICKETS, TEAMS)
def test_what_decided_is_what_told_the_chosen_one_from_others(names, ticket, team):
    """Asked alone in their order, they come to the same agent."""
    for choice in [*choices(DESK.of(names), ticket, team)][:1]:
        again = first(choice.strategies, ticket, team)
        assert (again.agent_id, again.strategies) == (choice.agent_id, choice.strategies)


@given(st.integers(1, 9), st.integers(1, 60))
def test_round_robin_gives_to_each_as_many_as_to_any_other_but_one(agents, tickets):
    team = {f"agent_{number}": agent(number, capacity=1_000) for number in range(agents)}
    counts = Counter(dict.fromkeys(team, 0))
    for minute in range(tickets):
        who = first(["round_robin"], TICKET, [*team.values()]).agent_id
        counts[who] += 1
        team[who] = structs.replace(team[who], last_assigned_at=NOON + timedelta(minutes=minute))
    assert max(counts.values()) - min(counts.values()) <= 1


@given(TICKETS, TEAMS)
def test_the_least_loaded_has_the_smallest_share_of_the_own_capacity(ticket, team):
    shares = [one.load / one.capacity for one in chosen(["least_loaded"], ticket, team)]
    assert shares == sorted(shares)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.data())
def test_by_load_agents_fill_up_side_by_side(capacities, data):
    """No agent is ever more than a ticket ahead of another, each measured by the own capacity."""
    team = {f"agent_{n}": agent(n, capacity=capacity) for n, capacity in enumerate(capacities)}
    for _ in range(data.draw(st.integers(1, sum(capacities)))):
        who = first(["least_loaded"], TICKET, [*team.values()]).agent_id
        team[who] = structs.replace(team[who], load=team[who].load + 1)
    emptiest = min(one.load / one.capacity for one in team.values())
    assert all((one.load - 1) / one.capacity <= emptiest for one in team.values())


@given(TICKETS, TEAMS)
def test_skills_cover_as_many_tags_as_anyone_does(ticket, team):
    wanted = {tag.casefold() for tag in ticket.tags}
    covered = [
        len(wanted & {skill.casefold() for skill in one.specialisations})
        for one in chosen(["skills"], ticket, team)
    ]
    assert covered == sorted(covered, reverse=True)


@given(TICKETS, TEAMS)
def test_language_goes_to_who_speaks_it_where_anybody_does_and_says_so_where_nobody_does(ticket, team):
    def speaks(one):
        spoken = {tag.split("-")[0].lower() for tag in one.languages}
        return (ticket.language or "?").split("-")[0].lower() in spoken

    order = [speaks(one) for one in chosen(["language"], ticket, team)]
    assert order == sorted(order, reverse=True)
    if len(order) > 1 and ticket.language:
        assert ("obody in question speaks" in first(["language"], ticket, team).why) is not any(order)


@given(TICKETS, TEAMS)
def test_a_vip_gets_somebody_senior_where_one_has_room(ticket, team):
    value, risk = ticket.lifetime_value, ticket.churn_risk
    vip = (value is not None and value >= 1_000) or (risk is not None and risk >= 0.7)
    order = [one.role in SENIORS for one in chosen(["vip_to_senior"], ticket, team)]
    if vip:
        assert order == sorted(order, reverse=True)
    else:
        assert chosen(["vip_to_senior"], ticket, team) == chosen([], ticket, team)


@given(TEAMS)
def test_of_whom_nothing_is_known_is_no_vip(team):
    assert [*choices(DESK.of(["vip_to_senior"]), TICKET, team)] == [*choices(DESK.of([]), TICKET, team)]


@given(TICKETS, TEAMS)
def test_the_last_agent_of_the_customer_gets_the_ticket_if_they_have_room(ticket, team):
    free = with_room(team)
    order = chosen(["last_agent"], ticket, team)
    if ticket.last_agent_id in {one.agent_id for one in free}:
        assert order[0].agent_id == ticket.last_agent_id
    else:
        assert order == chosen([], ticket, team)


def test_a_choice_is_explained_in_words():
    ticket = replace(
        TICKET,
        tags=frozenset({"Refunds", "urgent"}),
        language="de-AT",
        lifetime_value=Decimal(1_000),
        last_agent_id="agent_9",
    )
    german = {"languages": frozenset({"de", "en"}), "capacity": 5}
    knowing = german | {"specialisations": frozenset({"refunds"}), "role": Role.SENIOR_AGENT}
    team = [
        agent(1, **knowing, load=2),
        agent(2, **knowing, load=3),
        agent(3, **german, load=0),
        agent(4, load=0, capacity=20, specialisations=frozenset({"refunds"})),
        agent(5, **knowing, load=5),
    ]
    choice = first(None, ticket, team)
    assert choice.agent_id == "agent_1"
    assert choice.strategies == ("skills", "language", "least_loaded")
    assert choice.why == (
        "Knows Refunds; speaks German; is a senior agent, for a customer of high value; "
        "carries 2 of 5 tickets, the least share of those in question."
    )


def test_what_nobody_can_offer_is_said_too():
    ticket = replace(TICKET, language="fr", churn_risk=0.9)
    team = [agent(1, last_assigned_at=NOON), agent(2, last_assigned_at=NOON - timedelta(minutes=1))]
    choice = first(["language", "vip_to_senior", "round_robin"], ticket, team)
    assert choice.agent_id == "agent_2"
    assert choice.strategies == ("round_robin",)
    assert choice.why == (
        "Nobody in question speaks French; nobody in question is senior, for a customer at risk of leaving; "
        "got the last ticket longest ago."
    )


def test_the_only_one_with_room_is_told_as_that():
    team = [agent(1, load=5), agent(2, load=4)]
    assert first(None, TICKET, team).why == "Is the only one who could take it."


def test_the_first_strategy_that_tells_two_agents_apart_decides():
    team = [agent(1, specialisations=frozenset({"sizes"}), load=4), agent(2)]
    ticket = replace(TICKET, tags=frozenset({"sizes"}))
    assert first(["skills", "least_loaded"], ticket, team).agent_id == "agent_1"
    assert first(["least_loaded", "skills"], ticket, team).agent_id == "agent_2"


def test_many_skills_are_told_as_a_few():
    tags = frozenset("abcdef")
    team = [agent(1, specialisations=tags), agent(2)]
    assert first(["skills"], replace(TICKET, tags=tags), team).why == "Knows a, b, c and 3 more."


class LongNames(Rule):
    """Only agents with long names, the longest first: a strategy as anybody may add one."""

    name = "long_names"

    def narrow(self, ticket, candidates):
        return [one for one in candidates if len(one.name) > 3]

    def rank(self, ticket, candidate):
        return -len(candidate.name)

    def why(self, ticket, candidate):
        return f"is called {candidate.name}"


def test_a_new_strategy_is_one_class_and_one_line_in_the_table():
    desk = Strategies(["long_names"], table={**STRATEGIES, "long_names": f"{__name__}:LongNames"})
    team = [agent(1, name="Jun"), agent(2, name="Samuel"), agent(3, name="Elena")]
    found = [*choices(desk.of(None), TICKET, team)]
    assert [(choice.agent_id, choice.strategies) for choice in found] == [
        ("agent_2", ("long_names",)),
        ("agent_3", ("long_names",)),
    ]
    assert found[0].why == "Is called Samuel."


@pytest.mark.usefixtures("plain_logging")
def test_a_name_of_a_newer_version_is_left_out_and_told_once():
    with structlog.testing.capture_logs() as told:
        desk = Strategies()
        for _ in range(2):
            assert [one.name for one in desk.of(["by_horoscope", "skills"])] == ["skills"]
    assert [(line["event"], line["strategy"]) for line in told] == [("unknown_strategy", "by_horoscope")]


def test_the_table_calls_each_strategy_by_its_own_name():
    assert [one.name for one in DESK.of(None)] == [*STRATEGIES]


def test_from_where_on_a_customer_is_a_vip_can_be_set():
    desk = Strategies(["vip_to_senior"], StrategyOptions(vip_value=Decimal(50), vip_risk=0.2))
    team = [agent(1), agent(2, role=Role.MANAGER)]
    for facts in ({"lifetime_value": Decimal(50)}, {"churn_risk": 0.2}):
        (best, _) = choices(desk.of(None), replace(TICKET, **facts), team)
        assert best.agent_id == "agent_2"
        assert best.why.startswith("Is a manager, for a customer ")


@pytest.mark.parametrize(
    ("custom_fields", "preferences", "locale", "language"),
    [
        ({"language": "fr"}, {"language": "de"}, "en-GB", "fr"),
        ({"language": "Klingon"}, {"language": "de"}, "en-GB", "de"),
        ({"language": True}, {"language": ["de"]}, "en-GB", "en-GB"),
        ({}, {}, "en-GB", "en-GB"),
        ({}, {"language": "und"}, "mul", None),
        ({}, {}, None, None),
    ],
)
def test_a_tickets_language_is_what_is_known_of_it_and_else_nothing(
    custom_fields, preferences, locale, language
):
    assert language_of(custom_fields=custom_fields, preferences=preferences, locale=locale) == language
