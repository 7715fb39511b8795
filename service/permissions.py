"""Who may do what, and to whose: one table for the roles of agents, one for the scopes of API keys."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from types import MappingProxyType


class Role(StrEnum):
    """In their order: each outranks those before it."""

    AGENT = "agent"
    SENIOR_AGENT = "senior_agent"
    TEAM_LEAD = "team_lead"
    MANAGER = "manager"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    def outranks(self, other: "Role") -> bool:
        return self.rank > other.rank


_RANKS = {role: rank for rank, role in enumerate(Role)}


class Reach(IntEnum):
    """Whose a permission is good for.

    Of tickets: `OWN` is the agent's own and what nobody has yet in the agent's teams, `TEAM` all of the
    agent's teams. A ticket that belongs to no team is every agent's.
    """

    OWN = 1
    TEAM = 2
    ANY = 3


class Permission(StrEnum):
    TICKETS_READ = "tickets.read"
    TICKETS_CREATE = "tickets.create"
    TICKETS_CHANGE = "tickets.change"
    TICKETS_DELETE = "tickets.delete"
    MESSAGES_WRITE = "messages.write"
    MESSAGES_CHANGE = "messages.change"
    MESSAGES_AS_CUSTOMER = "messages.as_customer"
    DRAFTS_WRITE = "drafts.write"
    INTELLIGENCE_READ = "intelligence.read"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_CHANGE = "customers.change"
    CUSTOMERS_EXPORT = "customers.export"
    CUSTOMERS_ERASE = "customers.erase"
    ORDERS_RECORD = "orders.record"
    CONFIGURATION_READ = "configuration.read"
    FIELDS_CHANGE = "fields.change"
    ACCOUNT_READ = "account.read"
    ACCOUNT_CHANGE = "account.change"
    AGENTS_READ = "agents.read"
    AGENTS_CHANGE = "agents.change"
    AGENTS_CREATE = "agents.create"
    AGENTS_DEACTIVATE = "agents.deactivate"
    TEAMS_CHANGE = "teams.change"
    TEAMS_CREATE = "teams.create"
    KEYS_MANAGE = "keys.manage"
    AUDIT_READ = "audit.read"
    PROVIDERS_READ = "providers.read"
    PROVIDERS_CHANGE = "providers.change"
    EVENTS_READ = "events.read"
    WEBHOOKS_MANAGE = "webhooks.manage"
    ANALYTICS_READ = "analytics.read"
    METRICS_READ = "metrics.read"
    OUTBOX_MANAGE = "outbox.manage"


Grants = Mapping[Permission, Reach]

OWN, TEAM, ANY, NONE = Reach.OWN, Reach.TEAM, Reach.ANY, None

# fmt: off
# A table is read by its columns.
_TABLE: Mapping[Permission, tuple[Reach | None, ...]] = {
    #                                 agent senior lead  manager admin
    Permission.TICKETS_READ:         (TEAM, TEAM, TEAM,  ANY,  ANY),
    Permission.TICKETS_CREATE:       ( ANY,  ANY,  ANY,  ANY,  ANY),
    Permission.TICKETS_CHANGE:       ( OWN, TEAM, TEAM,  ANY,  ANY),
    Permission.TICKETS_DELETE:       (NONE, NONE, TEAM,  ANY,  ANY),
    Permission.MESSAGES_WRITE:       (TEAM, TEAM, TEAM,  ANY,  ANY),
    Permission.MESSAGES_CHANGE:      ( OWN, TEAM, TEAM,  ANY,  ANY),
    Permission.MESSAGES_AS_CUSTOMER: (NONE, NONE, TEAM,  ANY,  ANY),
    Permission.DRAFTS_WRITE:         (TEAM, TEAM, TEAM,  ANY,  ANY),
    Permission.INTELLIGENCE_READ:    ( ANY,  ANY,  ANY,  ANY,  ANY),
    Permission.CUSTOMERS_READ:       ( ANY,  ANY,  ANY,  ANY,  ANY),
    Permission.CUSTOMERS_CHANGE:     ( ANY,  ANY,  ANY,  ANY,  ANY),
    Permission.CUSTOMERS_EXPORT:     (NONE, NONE, NONE,  ANY,  ANY),
    Permission.CUSTOMERS_ERASE:      (NONE, NONE, NONE, NONE,  ANY),
    Permission.ORDERS_RECORD:        (NONE, NONE, NONE,  ANY,  ANY),
    Permission.CONFIGURATION_READ:   ( ANY,  ANY,  ANY,  ANY,  ANY),
    Permission.FIELDS_CHANGE:        (NONE, NONE, NONE,  ANY,  ANY),
    Permission.ACCOUNT_READ:         ( OWN,  OWN,  OWN,  OWN,  OWN),
    Permission.ACCOUNT_CHANGE:       ( OWN,  OWN,  OWN,  OWN,  OWN),
    Permission.AGENTS_READ:          ( ANY,  ANY,  ANY,  ANY,  ANY),
    Permission.AGENTS_CHANGE:        (NONE, NONE, TEAM,  ANY,  ANY),
    Permission.AGENTS_CREATE:        (NONE, NONE, NONE,  ANY,  ANY),
    Permission.AGENTS_DEACTIVATE:    (NONE, NONE, NONE,  ANY,  ANY),
    Permission.TEAMS_CHANGE:         (NONE, NONE, TEAM,  ANY,  ANY),
    Permission.TEAMS_CREATE:         (NONE, NONE, NONE,  ANY,  ANY),
    Permission.KEYS_MANAGE:          (NONE, NONE, NONE, NONE,  ANY),
    Permission.AUDIT_READ:           (NONE, NONE, NONE,  ANY,  ANY),
    Permission.PROVIDERS_READ:       (NONE, NONE, NONE,  ANY,  ANY),
    Permission.PROVIDERS_CHANGE:     (NONE, NONE, NONE, NONE,  ANY),
    Permission.EVENTS_READ:          (TEAM, TEAM, TEAM,  ANY,  ANY),
    Permission.WEBHOOKS_MANAGE:      (NONE, NONE, NONE, NONE,  ANY),
    Permission.ANALYTICS_READ:       (NONE, NONE,  ANY,  ANY,  ANY),
    Permission.METRICS_READ:         (NONE, NONE, NONE, NONE,  ANY),
    Permission.OUTBOX_MANAGE:        (NONE, NONE, NONE, NONE,  ANY),
}
# fmt: on

GRANTS: Mapping[Permission, Mapping[Role, Reach]] = MappingProxyType(
    {
        permission: MappingProxyType(
            {role: reach for role, reach in zip(Role, row, strict=True) if reach is not None}
        )
        for permission, row in _TABLE.items()
    }
)

OF_ROLE: Mapping[Role, Grants] = MappingProxyType(
    {role: {permission: row[role] for permission, row in GRANTS.items() if role in row} for role in Role}
)
"""One mapping per role, which all its callers share."""


class Scope(StrEnum):
    """What an API key may be good for."""

    DESK = "desk"
    ADMIN = "admin"
    METRICS = "metrics"
    READ = "read"
    FORM = "form"
    INTELLIGENCE = "intelligence"
    AGENTS = "agents"
    KEYS = "keys"
    AUDIT = "audit"
    PRIVACY = "privacy"
    EVENTS = "events"


_READING = {
    Permission.TICKETS_READ,
    Permission.CUSTOMERS_READ,
    Permission.CONFIGURATION_READ,
    Permission.AGENTS_READ,
    Permission.EVENTS_READ,
    Permission.ACCOUNT_READ,
}

SCOPES: Mapping[Scope, frozenset[Permission]] = {
    Scope.DESK: frozenset(
        {
            *_READING,
            Permission.TICKETS_CREATE,
            Permission.TICKETS_CHANGE,
            Permission.TICKETS_DELETE,
            Permission.MESSAGES_WRITE,
            Permission.MESSAGES_CHANGE,
            Permission.MESSAGES_AS_CUSTOMER,
            Permission.DRAFTS_WRITE,
            Permission.INTELLIGENCE_READ,
            Permission.CUSTOMERS_CHANGE,
            Permission.ORDERS_RECORD,
            Permission.ANALYTICS_READ,
        }
    ),
    Scope.ADMIN: frozenset(
        {
            Permission.PROVIDERS_READ,
            Permission.PROVIDERS_CHANGE,
            Permission.FIELDS_CHANGE,
            Permission.OUTBOX_MANAGE,
            Permission.WEBHOOKS_MANAGE,
            Permission.ACCOUNT_READ,
        }
    ),
    Scope.METRICS: frozenset({Permission.METRICS_READ}),
    Scope.READ: frozenset(_READING),
    Scope.FORM: frozenset({Permission.TICKETS_CREATE, Permission.ACCOUNT_READ}),
    Scope.INTELLIGENCE: frozenset(
        {Permission.INTELLIGENCE_READ, Permission.CONFIGURATION_READ, Permission.ACCOUNT_READ}
    ),
    Scope.AGENTS: frozenset(
        {
            Permission.AGENTS_READ,
            Permission.AGENTS_CHANGE,
            Permission.AGENTS_CREATE,
            Permission.AGENTS_DEACTIVATE,
            Permission.TEAMS_CHANGE,
            Permission.TEAMS_CREATE,
            Permission.ACCOUNT_READ,
        }
    ),
    Scope.KEYS: frozenset({Permission.KEYS_MANAGE, Permission.ACCOUNT_READ}),
    Scope.AUDIT: frozenset({Permission.AUDIT_READ, Permission.ACCOUNT_READ}),
    Scope.PRIVACY: frozenset(
        {Permission.CUSTOMERS_EXPORT, Permission.CUSTOMERS_ERASE, Permission.ACCOUNT_READ}
    ),
    Scope.EVENTS: frozenset({Permission.EVENTS_READ, Permission.ACCOUNT_READ}),
}

FOR_BROWSERS = frozenset({Scope.FORM})
"""All that a key may have which whoever opens a page can copy: it writes, and reads nothing of anybody."""


@lru_cache(maxsize=512)
def granted_to(scopes: frozenset[str]) -> Grants:
    """One mapping per set of scopes, which all its callers share. A key's reach is always `ANY`."""
    return {
        permission: Reach.ANY
        for permission in Permission
        if any(permission in SCOPES[Scope(scope)] for scope in scopes if scope in set(Scope))
    }


def scopes_with(permission: Permission) -> list[str]:
    return [scope.value for scope, permissions in SCOPES.items() if permission in permissions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Whose a ticket is. `assignee_id`: of an agent; None where nobody has it, or none of the agents."""

    team_id: str | None = None
    assignee_id: str | None = None
    assignee_team_ids: frozenset[str] = frozenset()

    def reach_of(self, agent_id: str, team_ids: Collection[str]) -> Reach:
        """The least reach with which this agent gets there."""
        if self.assignee_id == agent_id:
            return Reach.OWN
        teams = {self.team_id} if self.team_id is not None else self.assignee_team_ids
        if teams and teams.isdisjoint(team_ids):
            return Reach.ANY
        return Reach.OWN if self.assignee_id is None else Reach.TEAM
