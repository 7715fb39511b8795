"""Whether those who were let in a while ago would still be: what goes on for long is asked again."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Self

from providers.ports import Clock
from service.access import queries
from service.access.callers import caller_of_agent
from service.database import Database
from service.http.callers import DEVELOPER, BootstrapCallers, Caller, caller_of_key
from service.http.ownership import AgentDirectory
from service.permissions import Role

KEY = "key:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who was let in, and as what. `agent_id`, `session_id` and `role` are None but of an agent."""

    caller_id: str
    agent_id: str | None = None
    session_id: str | None = None
    role: Role | None = None

    @classmethod
    def of(cls, caller: Caller) -> Self:
        if caller.agent_id is None:
            return cls(caller_id=caller.id)
        return cls(
            caller_id=caller.id, agent_id=caller.agent_id, session_id=caller.session_id, role=caller.role
        )


class StandingCallers:
    def __init__(
        self, database: Database, bootstrap: BootstrapCallers, *, directory: AgentDirectory, clock: Clock
    ) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._directory = directory
        self._clock = clock

    def still(self, identities: Collection[Identity]) -> dict[Identity, Caller]:
        """Those who would be let in now, with what they may do now; who has another role by now is not one.

        Two statements for all of them; of an agent what is known is at most 3 s old.
        """
        sessions = {one.session_id for one in identities if one.session_id is not None}
        keys = {one.caller_id.removeprefix(KEY) for one in identities if one.caller_id.startswith(KEY)}
        now = self._clock.now()
        going: frozenset[str] = frozenset()
        known: dict[str, Caller] = {}
        if sessions or keys:
            with self._database.reading() as session:
                if sessions:
                    going = queries.sessions_going(session, sessions, now)
                if keys:
                    known = {
                        row.id: caller_of_key(row.id, row.name, frozenset(row.scopes), frozenset(row.origins))
                        for row in queries.keys_among(session, keys, now)
                    }
        return dict(self._standing(identities, going, known))

    def _standing(
        self, identities: Collection[Identity], going: frozenset[str], known: dict[str, Caller]
    ) -> Iterator[tuple[Identity, Caller]]:
        for one in identities:
            if one.agent_id is not None:
                caller = self._agent(one) if one.session_id in going else None
            elif one.caller_id.startswith(KEY):
                name = one.caller_id.removeprefix(KEY)
                caller = known.get(name) or self._bootstrap.named(name)
            else:
                caller = DEVELOPER if self._bootstrap.lets_anonymous_in else None
            if caller is not None and caller.id == one.caller_id:
                yield one, caller

    def _agent(self, one: Identity) -> Caller | None:
        agent = self._directory.find(one.agent_id or "")
        if agent is None or not agent.active or agent.role is not one.role:
            return None
        return caller_of_agent(agent, one.session_id or "")
