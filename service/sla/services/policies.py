"""What is promised to whom: policies listed, made, changed, ordered and deleted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database, after_commit
from service.errors import Conflict, InvalidField, NotFound, Stale
from service.events import (
    SLA_POLICIES_REORDERED,
    SLA_POLICY_CHANGED,
    SLA_POLICY_CREATED,
    SLA_POLICY_DELETED,
    Event,
    EventLog,
    EventType,
    differing,
)
from service.http.pagination import Listing, paginate
from service.identifiers import new_id
from service.sla import queries
from service.sla.models import StoredPolicy
from service.sla.policies import CONDITIONS
from service.sla.queries import PolicyPage, Position
from service.sla.services.book import PolicyBook

MOST_POLICIES = 100
PROMISES = (
    "calendar_id",
    "first_response_minutes",
    "next_response_minutes",
    "resolution_minutes",
    "warning_share",
)
TOLD = ("name", *CONDITIONS, *PROMISES)

Versions = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPolicy:
    """`values`: all of `TOLD`. `position`: which it is to be, from 1; the last one where there are fewer."""

    values: Mapping[str, Any]
    position: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """`values`: those of `TOLD` that are to be others."""

    values: Mapping[str, Any] = field(default_factory=dict)


class PolicyService:
    def __init__(self, database: Database, events: EventLog, book: PolicyBook, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._book = book
        self._clock = clock

    def listing(self, page: PolicyPage) -> Listing[StoredPolicy]:
        """In the order in which they are asked."""
        with self._database.reading() as session:
            rows = queries.policies_page(session, page)
            total = queries.count_policies(session)
        return paginate(
            rows, page, total=total, estimated=False, place=lambda row: Position(row.position, row.id)
        )

    def read(self, policy_id: str) -> StoredPolicy:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            policy = session.get(StoredPolicy, policy_id)
        if policy is None:
            raise NotFound("policy", policy_id)
        return policy

    def create(self, new: NewPolicy, *, actor: str) -> StoredPolicy:
        """Raises `Conflict`, and `InvalidField` for a calendar that is not there."""
        now = self._clock.now()
        policy = StoredPolicy(
            id=new_id("policy"),
            folded_name=new.values["name"].casefold(),
            version=1,
            created_at=now,
            updated_at=now,
            **new.values,
        )
        with _unique_name(), self._database.writing() as session:
            others = list(queries.held_policies(session))
            if len(others) >= MOST_POLICIES:
                raise Conflict(f"There are {MOST_POLICIES} policies, and no room for more.")
            _check_calendar(session, policy.calendar_id)
            _place([*others[: new.position - 1], policy, *others[new.position - 1 :]])
            session.add(policy)
            session.flush()
            told = {"after": _state(policy) | {"position": policy.position}}
            self._record(session, policy.id, SLA_POLICY_CREATED, actor, **told)
        return policy

    def change(
        self, policy_id: str, change: PolicyChange, *, actor: str, expected: Versions | None = None
    ) -> StoredPolicy:
        """Raises `NotFound`, `Stale`, `Conflict` and `InvalidField`."""
        with _unique_name(), self._database.writing() as session:
            policy = _found(queries.held_policies(session), policy_id, expected)
            before = _state(policy)
            if change.values.get("calendar_id", policy.calendar_id) != policy.calendar_id:
                _check_calendar(session, change.values["calendar_id"])
            for name, value in change.values.items():
                setattr(policy, name, value)
            policy.folded_name = policy.name.casefold()
            if told := differing(before, _state(policy)):  # else it is no version and no event
                policy.version += 1
                policy.updated_at = self._clock.now()
                self._record(session, policy.id, SLA_POLICY_CHANGED, actor, **told)
        return policy

    def reorder(self, policy_ids: Sequence[str], *, actor: str) -> None:
        """`policy_ids` are all that there are. Raises `InvalidField`."""
        with self._database.writing() as session:
            policies = queries.held_policies(session)
            before = [policy.id for policy in policies]
            if sorted(policy_ids) != sorted(before):
                raise InvalidField("policy_ids", f"Name each policy once: {', '.join(before)}.")
            if before == list(policy_ids):
                return
            by_id = {policy.id: policy for policy in policies}
            _place([by_id[policy_id] for policy_id in policy_ids])
            told = {"before": {"order": before}, "after": {"order": list(policy_ids)}}
            self._record(session, "order", SLA_POLICIES_REORDERED, actor, **told)

    def delete(self, policy_id: str, *, actor: str, expected: Versions | None = None) -> None:
        """Its tickets are then the next one's that matches. Raises `NotFound` and `Stale`."""
        with self._database.writing() as session:
            policies = queries.held_policies(session)
            policy = _found(policies, policy_id, expected)
            before = _state(policy) | {"position": policy.position}
            session.delete(policy)
            _place([other for other in policies if other is not policy])
            self._record(session, policy_id, SLA_POLICY_DELETED, actor, before=before)

    def _record(self, session: Session, policy_id: str, kind: EventType, actor: str, **told: Any) -> None:
        about = Event(
            type=kind,
            subject_type="sla_policy",
            subject_id=policy_id,
            actor=actor,
            at=self._clock.now(),
            **told,
        )
        self._events.record(session, about)
        after_commit(session, self._book.forget)


def _found(policies: Sequence[StoredPolicy], policy_id: str, expected: Versions | None) -> StoredPolicy:
    policy = next((each for each in policies if each.id == policy_id), None)
    if policy is None:
        raise NotFound("policy", policy_id)
    if expected is not None and policy.version not in expected:
        raise Stale(f"The policy is at version {policy.version} by now; read it again, then repeat.")
    return policy


def _check_calendar(session: Session, calendar_id: str) -> None:
    if not queries.calendar_kept(session, calendar_id):
        raise InvalidField("calendar_id", "There is no calendar with this id.")


def _place(policies: Sequence[StoredPolicy]) -> None:
    for position, policy in enumerate(policies, start=1):
        policy.position = position


def _state(policy: StoredPolicy) -> dict[str, Any]:
    """As events keep it: amounts as numbers."""
    values = {name: getattr(policy, name) for name in TOLD}
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()}


@contextmanager
def _unique_name() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("name: another policy has this name; choose another.") from error
