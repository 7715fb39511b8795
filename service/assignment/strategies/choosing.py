"""Strategies put together: the first that tells two agents apart decides between them."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from service.assignment.strategies.round_robin import RoundRobin
from service.assignment.strategies.shapes import Candidate, Choice, Strategy, TicketToAssign

LAST_RESORT = RoundRobin()
ALONE = "is the only one who could take it"


def choices(
    strategies: Sequence[Strategy], ticket: TicketToAssign, candidates: Sequence[Candidate]
) -> Iterator[Choice]:
    """All who may be tried, best first; each is made when it is asked for.

    Those without room are no choice. Whom no strategy tells apart, round robin does.
    """
    asked = list(strategies)
    if LAST_RESORT.name not in {strategy.name for strategy in asked}:
        asked.append(LAST_RESORT)
    with_room = sorted((one for one in candidates if one.has_room), key=lambda one: one.agent_id)
    for candidate, deciding, parts in _in_order(asked, ticket, with_room):
        said = "; ".join(parts) or ALONE
        yield Choice(candidate, deciding, f"{said[:1].upper()}{said[1:]}.")


Reasons = tuple[str, ...]


def _in_order(
    strategies: Sequence[Strategy],
    ticket: TicketToAssign,
    group: Sequence[Candidate],
    deciding: Reasons = (),
    parts: Reasons = (),
) -> Iterator[tuple[Candidate, Reasons, Reasons]]:
    """Each of the group with the names of those that decided, and with what they say.

    Among one nothing is left to decide, and so nobody is asked.
    """
    if len(group) <= 1 or not strategies:
        yield from ((candidate, deciding, parts) for candidate in group)
        return
    strategy, *others = strategies
    for equals in _told_apart(strategy, ticket, group):
        names = (*deciding, strategy.name) if len(equals) < len(group) else deciding
        for candidate, all_names, said in _in_order(others, ticket, equals, names):
            own = strategy.why(ticket, candidate)
            yield candidate, all_names, (*parts, *([own] if own else ()), *said)


def _told_apart(
    strategy: Strategy, ticket: TicketToAssign, group: Sequence[Candidate]
) -> Iterator[Sequence[Candidate]]:
    """Groups of those who are equal to the strategy, best first; without those whom it never takes."""
    left = group
    while left and (kept := strategy.narrow(ticket, left)):
        ranks = sorted(
            ((strategy.rank(ticket, candidate), candidate) for candidate in kept), key=lambda pair: pair[0]
        )
        for _, equals in groupby(ranks, key=lambda pair: pair[0]):
            yield [candidate for _, candidate in equals]
        taken = {candidate.agent_id for candidate in kept}
        left = [candidate for candidate in left if candidate.agent_id not in taken]
