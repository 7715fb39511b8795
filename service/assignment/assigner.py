"""Who assigns, and what they ask for beside it."""

from dataclasses import dataclass

from service.errors import Forbidden
from service.http.ownership import Bounds
from service.permissions import Reach
from service.tickets.ownership import AN_AGENTS

Versions = frozenset[int]
ONLY_OWN = (
    "Your role lets you take tickets and give them back, not give them to others; transfer it to a team, or "
    "ask somebody who may assign it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigner:
    """Who assigns. `reach` is that of `tickets.assign`; `beyond`: whether beyond an agent's capacity, too.

    `within`: how far they get with tickets, None where everywhere.
    """

    actor: str
    agent_id: str | None = None
    reach: Reach = Reach.ANY
    beyond: bool = False
    within: Bounds | None = None

    def check_may_give(self, assignee: str | None) -> None:
        """To whoever has this id, which may be no agent's. Raises `Forbidden`."""
        others = assignee is not None and assignee != self.agent_id and AN_AGENTS.fullmatch(assignee)
        if self.reach is Reach.OWN and others:
            raise Forbidden(ONLY_OWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`note`: kept as an internal note. `expected`: the versions that the caller has read."""

    note: str | None = None
    expected: Versions | None = None


NOTHING_ELSE = Wish()
