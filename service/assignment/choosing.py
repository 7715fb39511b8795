"""Who gets a ticket by rule: those who could take it, in the order of the strategies of its team."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.assignment import staff_queries
from service.assignment.strategies import Candidate, Choice, Strategies, TicketToAssign, choices
from service.assignment.strategies.language import language_of
from service.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Chosen:
    """`choice` None: nobody can take it now, and `why` tells the reason."""

    choice: Choice | None
    why: str


class Choosing:
    def __init__(self, strategies: Strategies) -> None:
        self._strategies = strategies

    def best(
        self,
        session: Session,
        ticket: Ticket,
        team_id: str | None,
        *,
        without: Collection[str] = (),
        giver: str | None = None,
    ) -> Chosen:
        """For a ticket of this team, or of none. `giver`: the agent who hands it on, to somebody else."""
        candidates = [
            one
            for one in staff_queries.candidates(session, team_id)
            if one.agent_id not in without and one.agent_id != giver
        ]
        if candidates:
            choice = next(self._in_order(session, ticket, team_id, candidates), None)
            if choice is not None:
                return Chosen(choice, choice.why)
        return Chosen(None, _why_nobody(session, team_id, giver, some_have_room=bool(candidates)))

    def _in_order(
        self, session: Session, ticket: Ticket, team_id: str | None, candidates: list[Candidate]
    ) -> Iterator[Choice]:
        known = staff_queries.what_decides(session, ticket.customer_id, team_id=team_id, besides=ticket.id)
        told = TicketToAssign(
            id=ticket.id,
            priority=ticket.priority,
            channel=ticket.channel,
            tags=frozenset(ticket.tags),
            language=language_of(
                custom_fields=ticket.custom_fields,
                preferences=known.preferences if known else {},
                locale=known.locale if known else None,
            ),
            churn_risk=ticket.churn_risk,
            lifetime_value=ticket.lifetime_value,
            last_agent_id=known.last_agent_id if known else None,
        )
        return iter(choices(self._strategies.of(known.strategies if known else None), told, candidates))


def _why_nobody(session: Session, team_id: str | None, giver: str | None, *, some_have_room: bool) -> str:
    if some_have_room:
        return "Nobody who is online and has room may take it by the rules of its team."
    there = staff_queries.online(session, team_id, besides=giver)
    of_team = " of its team" if team_id is not None else ""
    otherwise, other = ("", "") if giver is None else (" else", "other ")
    if not there:
        return f"Nobody{otherwise}{of_team} is online."
    if there == 1:
        return f"The one {other}agent{of_team} who is online has as many tickets as they may have."
    return f"All {there} {other}agents{of_team} who are online have as many tickets as they may have."
