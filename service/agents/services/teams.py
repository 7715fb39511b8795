"""Teams, who leads them and who is in them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.agents import queries
from service.agents.directory import AgentDirectory
from service.agents.editing import Editor
from service.agents.models import Agent, Team
from service.database import Database, after_commit
from service.errors import Conflict, InvalidField, NotFound, Stale
from service.events import (
    TEAM_CREATED,
    TEAM_DELETED,
    TEAM_MEMBER_ADDED,
    TEAM_MEMBER_REMOVED,
    TEAM_UPDATED,
    Event,
    EventLog,
    EventType,
    differing,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id

MOST_MEMBERS = 500
TOLD = ("name", "department", "lead_id", "assignment_strategies")

Versions = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTeam:
    """`lead_id`: of an agent, who becomes a member. `assignment_strategies`: None for those of the desk."""

    name: str
    department: str | None = None
    lead_id: str | None = None
    assignment_strategies: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChange:
    """`values`: each of the fields of `NewTeam` that is to be another."""

    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToldTeam:
    """With `id`, `name` and `active` of each member."""

    team: Team
    members: Sequence[Row[tuple[str, str, str, bool]]]


class TeamService:
    def __init__(self, database: Database, events: EventLog, directory: AgentDirectory, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._directory = directory
        self._clock = clock

    def listing(self, page: Page) -> Listing[Team]:
        """In the order in which they were made, without their members."""
        with self._database.reading() as session:
            rows = queries.teams_page(session, page)
            total, estimated = queries.count_teams(session)
        return paginate(
            rows,
            page,
            total=total,
            estimated=estimated,
            place=lambda team: Cursor(team.created_at, team.id),
        )

    def read(self, team_id: str) -> ToldTeam:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            team = session.get(Team, team_id)
            if team is None:
                raise NotFound("team", team_id)
            return _told(session, team)

    def create(self, new: NewTeam, *, by: Editor) -> ToldTeam:
        """Raises `Conflict` for a name that is taken, `InvalidField` and `Forbidden` for a lead."""
        now = self._clock.now()
        team = Team(
            id=new_id("team"),
            name=new.name,
            folded_name=new.name.casefold(),
            department=new.department,
            assignment_strategies=new.assignment_strategies and [*new.assignment_strategies],
            version=1,
            created_at=now,
            updated_at=now,
        )
        with _unique_name(), self._database.writing() as session:
            session.add(team)
            session.flush()
            if new.lead_id is not None:
                self._lead(session, team, new.lead_id, by)
            self._record(session, team, TEAM_CREATED, by.actor, now, after=_state(team))
            return _told(session, team)

    def change(
        self, team_id: str, change: TeamChange, *, by: Editor, expected: Versions | None = None
    ) -> ToldTeam:
        """Raises `NotFound`, `Stale`, `Conflict`, and `InvalidField` and `Forbidden` for a lead."""
        with _unique_name(), self._database.writing() as session:
            team = _held(session, team_id, expected)
            before = _state(team)
            values = dict(change.values)
            lead_id = values.pop("lead_id", team.lead_id)
            for name, value in values.items():
                setattr(team, name, value)
            team.folded_name = team.name.casefold()
            if lead_id is None:
                team.lead_id = None
            elif lead_id != team.lead_id:
                self._lead(session, team, lead_id, by)
            self._changed(session, team, by.actor, before)
            return _told(session, team)

    def delete(self, team_id: str, *, by: Editor, expected: Versions | None = None) -> None:
        """Only one that nobody and nothing belongs to. Raises `NotFound`, `Stale` and `Conflict`."""
        with self._database.writing() as session:
            team = _held(session, team_id, expected)
            if queries.count_members(session, team_id):
                raise Conflict("This team has members; take them out first.")
            session.delete(team)
            session.flush()
            self._record(session, team, TEAM_DELETED, by.actor, self._clock.now(), before=_state(team))

    def add_member(self, team_id: str, agent_id: str, *, by: Editor) -> ToldTeam:
        """One who is in the team stays so. Raises `NotFound`, `Forbidden` and `Conflict`."""
        with self._database.writing() as session:
            team = _held(session, team_id)
            agent = session.get(Agent, agent_id)
            if agent is None:
                raise NotFound("agent", agent_id)
            self._add(session, team, agent, by)
            return _told(session, team)

    def remove_member(self, team_id: str, agent_id: str, *, by: Editor) -> None:
        """A lead who leaves leads no longer. Raises `NotFound` and `Forbidden`."""
        with self._database.writing() as session:
            team = _held(session, team_id)
            agent = session.get(Agent, agent_id)
            if agent is None:
                raise NotFound("agent", agent_id)
            by.check_may_edit(agent)
            if not queries.remove_member(session, team_id, agent_id):
                raise NotFound("member", agent_id)
            now = self._clock.now()
            self._record(session, team, TEAM_MEMBER_REMOVED, by.actor, now, before={"agent_id": agent_id})
            if team.lead_id == agent_id:
                before = _state(team)
                team.lead_id = None
                self._changed(session, team, by.actor, before)

    def _lead(self, session: Session, team: Team, agent_id: str, by: Editor) -> None:
        agent = session.get(Agent, agent_id)
        if agent is None or not agent.active:
            raise InvalidField("lead_id", "There is no active agent with this id.")
        self._add(session, team, agent, by)
        team.lead_id = agent.id

    def _add(self, session: Session, team: Team, agent: Agent, by: Editor) -> None:
        others = frozenset(row.id for row in queries.teams_of(session, [agent.id])[agent.id])
        if team.id in others:
            return
        by.check_may_move(agent, others)
        if queries.count_members(session, team.id) >= MOST_MEMBERS:
            raise Conflict(f"A team has {MOST_MEMBERS} members at most; make another one.")
        now = self._clock.now()
        if queries.add_member(session, team_id=team.id, agent_id=agent.id, joined_at=now):
            self._record(session, team, TEAM_MEMBER_ADDED, by.actor, now, after={"agent_id": agent.id})

    def _changed(self, session: Session, team: Team, actor: str, before: Mapping[str, Any]) -> None:
        """What changes nothing is no version and no event."""
        told = differing(before, _state(team))
        if told:
            team.version += 1
            team.updated_at = self._clock.now()
            self._record(session, team, TEAM_UPDATED, actor, team.updated_at, **told)

    def _record(
        self, session: Session, team: Team, kind: EventType, actor: str, at: datetime, **told: Any
    ) -> None:
        about = Event(type=kind, subject_type="team", subject_id=team.id, actor=actor, at=at, **told)
        self._events.record(session, about)
        after_commit(session, self._directory.forget)


def _held(session: Session, team_id: str, expected: Versions | None = None) -> Team:
    team = queries.held_team(session, team_id)
    if team is None:
        raise NotFound("team", team_id)
    if expected is not None and team.version not in expected:
        raise Stale(f"The team is at version {team.version} by now; read it again, then repeat.")
    return team


def _state(team: Team) -> dict[str, Any]:
    return {name: getattr(team, name) for name in TOLD}


def _told(session: Session, team: Team) -> ToldTeam:
    return ToldTeam(team, queries.members_of(session, [team.id])[team.id])


@contextmanager
def _unique_name() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("name: another team has this name; choose another.") from error
