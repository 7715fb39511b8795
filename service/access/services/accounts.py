"""Agents as signing in sees them."""

from dataclasses import dataclass
from typing import Protocol

from service.permissions import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    id: str
    email: str
    name: str
    role: Role
    active: bool


class Accounts(Protocol):
    """As they are now: what was remembered of an agent may be seconds old."""

    def by_email(self, email: str) -> Account | None:
        """Without regard to case."""
        ...

    def by_id(self, agent_id: str) -> Account | None: ...
