from collections.abc import Sequence

from service.assignment.strategies.rules import Rule
from service.assignment.strategies.shapes import Candidate, TicketToAssign

MOST_NAMED = 3


class Skills(Rule):
    """Those who know as many of the ticket's tags as anybody does, in upper or lower case."""

    name = "skills"

    def narrow(self, ticket: TicketToAssign, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        wanted = frozenset(map(str.casefold, ticket.tags))
        if not wanted:
            return candidates
        known = [len(wanted & set(map(str.casefold, one.specialisations))) for one in candidates]
        most = max(known, default=0)
        return [one for one, covered in zip(candidates, known, strict=True) if covered == most]

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        skills = set(map(str.casefold, candidate.specialisations))
        known = sorted(tag for tag in ticket.tags if tag.casefold() in skills)
        return f"knows {_listed(known)}" if known else None


def _listed(names: Sequence[str]) -> str:
    named = [*names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        named.append(f"{len(names) - MOST_NAMED} more")
    return " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
