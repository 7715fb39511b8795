"""What a change of the policies would mean for the tickets that are open, before anybody makes it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.database import Database
from service.errors import InvalidField
from service.http.pagination import Cursor
from service.sla import queries
from service.sla.models import StoredPolicy
from service.sla.parsing import conditions_of
from service.sla.policies import CONDITIONS, Conditions, TicketFacts
from service.sla.services.book import facts_of

MOST_TICKETS = 500
"""As many are examined by one call, however many there are."""


@dataclass(frozen=True, slots=True)
class ProposedPolicy:
    """`id` of one that is there, of which `values` are to be others; None for a new one."""

    id: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """`id` None: it is not there yet."""

    id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Move:
    """None: the ticket is under no policy."""

    ticket_id: str
    from_policy: NamedPolicy | None
    to_policy: NamedPolicy | None


@dataclass(frozen=True, slots=True)
class PolicyCount:
    """Of the tickets that were examined, how many are the policy's, and how many would be."""

    policy: NamedPolicy | None
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """`truncated`: there are more open tickets, which the next call with the cursor examines."""

    moves: Sequence[Move]
    counts: Sequence[PolicyCount]
    examined: int
    next_cursor: str | None

    @property
    def truncated(self) -> bool:
        return self.next_cursor is not None


@dataclass(frozen=True, slots=True)
class _Rule:
    """`key`: the same before and after."""

    key: str
    named: NamedPolicy
    conditions: Conditions


class PolicyRehearsal:
    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, proposed: Sequence[ProposedPolicy], *, limit: int, cursor: str | None) -> DryRun:
        """`proposed` is the whole list in its order. Raises `InvalidField`."""
        after_place = Cursor.decode(cursor) if cursor else None
        with self._database.reading() as session:
            rows = queries.policies_in_order(session)
            calendar_ids = {row.id for row in queries.calendar_versions(session)}
            tickets = queries.open_tickets(session, limit + 1, after_place)
            facts = facts_of(session, tickets[:limit])
        before = [_Rule(row.id, NamedPolicy(row.id, row.name), conditions_of(_values(row))) for row in rows]
        after = _proposed_rules(proposed, {row.id: row for row in rows}, calendar_ids)
        pairs = [(_first(before, known), _first(after, known)) for known in facts]
        last = tickets[limit - 1] if len(tickets) > limit else None
        return DryRun(
            [
                Move(ticket.id, _named(old), _named(new))
                for ticket, (old, new) in zip(tickets, pairs, strict=False)
                if (old and old.key) != (new and new.key)
            ],
            _counts(before, after, pairs),
            examined=len(facts),
            next_cursor=Cursor(last.created_at, last.id).encode() if last else None,
        )


def _first(rules: Sequence[_Rule], ticket: TicketFacts) -> _Rule | None:
    return next((rule for rule in rules if rule.conditions.hold_for(ticket)), None)


def _named(rule: _Rule | None) -> NamedPolicy | None:
    return rule.named if rule else None


def _counts(
    before: Sequence[_Rule], after: Sequence[_Rule], pairs: Sequence[tuple[_Rule | None, _Rule | None]]
) -> list[PolicyCount]:
    """In the proposed order, then what would be gone, then those that are under no policy."""
    had = Counter(old and old.key for old, _ in pairs)
    would_have = Counter(new and new.key for _, new in pairs)
    rules = {rule.key: rule for rule in (*before, *after)}
    keys = dict.fromkeys([*(rule.key for rule in after), *(rule.key for rule in before)])
    counts = [PolicyCount(rules[key].named, had[key], would_have[key]) for key in keys]
    return [*counts, PolicyCount(None, had[None], would_have[None])]


def _proposed_rules(
    proposed: Sequence[ProposedPolicy], rows: Mapping[str, StoredPolicy], calendar_ids: Collection[str]
) -> list[_Rule]:
    rules: list[_Rule] = []
    names: set[str] = set()
    for index, each in enumerate(proposed):
        place = f"policies.{index}"
        row = rows.get(each.id) if each.id is not None else None
        if each.id is not None and (row is None or any(rule.key == each.id for rule in rules)):
            raise InvalidField(f"{place}.id", "Must be a policy's id, and each one once.")
        if row is None and "name" not in each.values:
            raise InvalidField(f"{place}.name", "Name it, or name the id of a policy that is there.")
        name = each.values.get("name", row.name if row else "")
        if name.casefold() in names:
            raise InvalidField(f"{place}.name", "Another one of these has this name.")
        if "calendar_id" in each.values and each.values["calendar_id"] not in calendar_ids:
            raise InvalidField(f"{place}.calendar_id", "There is no calendar with this id.")
        names.add(name.casefold())
        conditions = conditions_of((_values(row) if row else {}) | dict(each.values))
        rules.append(_Rule(each.id or f"new {index}", NamedPolicy(each.id, name), conditions))
    return rules


def _values(row: StoredPolicy) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CONDITIONS}
