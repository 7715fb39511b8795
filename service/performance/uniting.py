"""Several teams together: who is in more than one of them counts once."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from service.performance import queries, scopes
from service.performance.models import Span
from service.performance.queries import NEVER, Stretch


def of_teams(session: Session, team_ids: Sequence[str], since: int, until: int) -> Mapping[str, int]:
    """The scopes whose sum that is between two quarters, and how often each counts.

    What agents of several teams did for their teams is in each of them. It is kept apart, too, by the very
    teams that share it, so that all but one of those that are wanted can be taken off. Nothing is left out
    but what is empty: two statements, whose look-ups are as many as the teams that agents ever shared.
    """
    wanted = {scopes.of_team(team_id): 1 for team_id in team_ids}
    if len(wanted) < 2:
        return wanted or {scopes.NOBODYS: 1}
    registers = [Stretch(scopes.sharing_of(team_id), Span.DAY, 0, NEVER) for team_id in team_ids]
    sharing = queries.last_within(session, registers, with_spread=False)
    by_how_many = Counter(scope for row in sharing.values() for scope in row.levels)
    shared = sorted(scope for scope, teams in by_how_many.items() if teams > 1)
    up_to = [Stretch(scope, Span.DAY, 0, until) for scope in shared]
    last = queries.last_within(session, up_to, with_spread=False) if shared else {}
    for number, scope in enumerate(shared):
        row = last.get(number)
        if row is not None and (row.slot >= since or row.levels):
            wanted[scope] = 1 - by_how_many[scope]
    return wanted
