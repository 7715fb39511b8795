"""Statements over agents, teams and who is in which."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Row, Select, bindparam, delete, exists, func, literal, or_, select, tuple_, union
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.agents.models import Agent, Team, TeamMember
from service.http.pagination import Page
from service.permissions import Role

COUNTED_EXACTLY = 1_000

T = TypeVar("T")

# Asked by the gate and by every list of an agent's, so built once.
_KNOWN = (
    select(Agent.id, Agent.name, Agent.email, Agent.role, Agent.active, TeamMember.team_id)
    .outerjoin(TeamMember, TeamMember.agent_id == Agent.id)
    .where(Agent.id == bindparam("id"))
)
_IN_NO_TEAM = select(Agent.id).where(~exists().where(TeamMember.agent_id == Agent.id))
_WITH_THEM = union(
    select(TeamMember.agent_id).where(TeamMember.team_id.in_(bindparam("team_ids", expanding=True))),
    _IN_NO_TEAM,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFilter:
    """`prefix`: how the e-mail address or a word of the name begins, without case."""

    role: str | None = None
    status: str | None = None
    active: bool | None = None
    team_id: str | None = None
    prefix: str | None = None

    def apply(self, statement: Select[tuple[T]]) -> Select[tuple[T]]:
        for column, wanted in (
            (Agent.role, self.role),
            (Agent.status, self.status),
            (Agent.active, self.active),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if self.team_id is not None:
            member = exists().where(TeamMember.team_id == self.team_id, TeamMember.agent_id == Agent.id)
            statement = statement.where(member)
        if self.prefix is not None:
            statement = statement.where(
                or_(
                    Agent.email.startswith(self.prefix.lower(), autoescape=True),
                    Agent.folded_name.startswith(self.prefix.casefold(), autoescape=True),
                    Agent.folded_name.contains(f" {self.prefix.casefold()}", autoescape=True),
                )
            )
        return statement


# ---------------------------------------------------------------- agents


def known_by_teams(session: Session, agent_id: str) -> Sequence[Row[Any]]:
    """A row for each of the agent's teams, and one where there is none: what the gate has to know."""
    return session.connection().execute(_KNOWN, {"id": agent_id}).all()


def agents_with(session: Session, team_ids: Collection[str]) -> frozenset[str]:
    """Ids of those who are in one of the teams, and of those who are in none at all."""
    return frozenset(session.connection().execute(_WITH_THEM, {"team_ids": list(team_ids)}).scalars())


def agents_among(session: Session, ids: Collection[str]) -> frozenset[str]:
    """Those of the ids that are an agent's, active or not."""
    return frozenset(session.scalars(select(Agent.id).where(Agent.id.in_(ids)))) if ids else frozenset()


def agent_with(session: Session, email: str) -> Agent | None:
    """`email` in lower case."""
    return session.scalar(select(Agent).where(Agent.email == email))


def agents_page(session: Session, wanted: AgentFilter, page: Page) -> Sequence[Agent]:
    """The oldest first; one row more than the page has, where there is a next one."""
    statement = _one_page(wanted.apply(select(Agent)), page, (Agent.created_at, Agent.id))
    return session.scalars(statement).all()


def count_agents(session: Session, wanted: AgentFilter) -> tuple[int, bool]:
    return _count_some(session, wanted.apply(select(Agent)))


def held_agent(session: Session, agent_id: str) -> Agent | None:
    """Until the transaction ends."""
    return session.scalar(select(Agent).where(Agent.id == agent_id).with_for_update())


def hold_active(session: Session, role: Role) -> set[str]:
    """The ids of all who have the role, held until the transaction ends; by id, so that none deadlock."""
    statement = select(Agent.id).where(Agent.role == role, Agent.active).order_by(Agent.id)
    return set(session.scalars(statement.with_for_update()))


def teams_of(session: Session, agent_ids: Collection[str]) -> dict[str, list[Row[tuple[str, str, str]]]]:
    """By agent: `agent_id`, `id` and `name` of each team, by name."""
    statement = (
        select(TeamMember.agent_id, Team.id, Team.name)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.agent_id.in_(agent_ids))
        .order_by(Team.folded_name)
    )
    teams: dict[str, list[Row[tuple[str, str, str]]]] = {agent_id: [] for agent_id in agent_ids}
    for row in session.execute(statement) if agent_ids else ():
        teams[row.agent_id].append(row)
    return teams


# ---------------------------------------------------------------- teams


def teams_page(session: Session, page: Page) -> Sequence[Team]:
    """The oldest first; one row more than the page has, where there is a next one."""
    return session.scalars(_one_page(select(Team), page, (Team.created_at, Team.id))).all()


def count_teams(session: Session) -> tuple[int, bool]:
    return _count_some(session, select(Team))


def held_team(session: Session, team_id: str) -> Team | None:
    """Until the transaction ends."""
    return session.scalar(select(Team).where(Team.id == team_id).with_for_update())


def teams_kept(session: Session, team_ids: Collection[str]) -> frozenset[str]:
    """Those that are there, and that nobody then deletes before the transaction ends."""
    if not team_ids:
        return frozenset()
    those = select(Team.id).where(Team.id.in_(team_ids)).order_by(Team.id)
    return frozenset(session.scalars(those.with_for_update(read=True, key_share=True)))


def departments_of(session: Session, team_ids: Collection[str]) -> dict[str, str | None]:
    """By team."""
    if not team_ids:
        return {}
    rows = session.execute(select(Team.id, Team.department).where(Team.id.in_(team_ids)))
    return {row.id: row.department for row in rows}


def members_of(
    session: Session, team_ids: Collection[str]
) -> dict[str, list[Row[tuple[str, str, str, bool]]]]:
    """By team: `team_id`, `id`, `name` and `active` of each member, by name."""
    statement = (
        select(TeamMember.team_id, Agent.id, Agent.name, Agent.active)
        .join(Agent, Agent.id == TeamMember.agent_id)
        .where(TeamMember.team_id.in_(team_ids))
        .order_by(Agent.folded_name, Agent.id)
    )
    members: dict[str, list[Row[tuple[str, str, str, bool]]]] = {team_id: [] for team_id in team_ids}
    for row in session.execute(statement) if team_ids else ():
        members[row.team_id].append(row)
    return members


def count_members(session: Session, team_id: str) -> int:
    statement = select(func.count()).select_from(TeamMember).where(TeamMember.team_id == team_id)
    return session.scalar(statement) or 0


def add_member(session: Session, **row: Any) -> bool:
    """False for one who is in the team already, also when several add at once."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(TeamMember).values(**row).on_conflict_do_nothing()
    return session.scalar(statement.returning(TeamMember.agent_id)) is not None


def remove_member(session: Session, team_id: str, agent_id: str) -> bool:
    """False for one who was not in the team."""
    statement = delete(TeamMember).where(TeamMember.team_id == team_id, TeamMember.agent_id == agent_id)
    left = statement.returning(TeamMember.agent_id)
    return session.scalar(left, execution_options={"synchronize_session": False}) is not None


def _count_some(session: Session, wanted: Select[Any]) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    some = (
        wanted.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_EXACTLY + 1).subquery()
    )
    found = session.scalar(select(func.count()).select_from(some)) or 0
    return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY


def _one_page(statement: Select[tuple[T]], page: Page, place: tuple[Any, Any]) -> Select[tuple[T]]:
    if page.cursor:
        last = tuple_(literal(page.cursor.at, place[0].type), literal(page.cursor.id))
        statement = statement.where(tuple_(*place) > last)
    return statement.order_by(*place).limit(page.limit + 1).offset(page.offset)
