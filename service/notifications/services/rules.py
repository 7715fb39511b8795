"""Rules of who hears of what."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database
from service.errors import Conflict, InvalidField, NotFound, Stale
from service.events import (
    NOTIFICATION_RULE_CHANGED,
    NOTIFICATION_RULE_CREATED,
    NOTIFICATION_RULE_DELETED,
    SLA_CALENDAR_DELETED,
    Event,
    EventLog,
    EventType,
    differing,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.notifications import queries
from service.notifications.models import NotificationRule, Occasion
from service.sla.services import calendar_kept

MOST_RULES = 100
"""Each is asked about at every event of its occasion."""

SLACK, AGENT = "slack:", "agent:"
TOLD = ("name", "occasion", "recipients", "channels", "calendar_id", "enabled")

Versions = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """`calendar_id`: in whose working hours it is told; None: at once."""

    name: str
    occasion: Occasion
    recipients: tuple[str, ...]
    channels: tuple[str, ...]
    calendar_id: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """`values`: each of the fields of `NewRule` that is to be another."""

    values: Mapping[str, Any] = field(default_factory=dict)


class NotificationRules:
    """`slack_names`: of the incoming webhooks that are set."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        clock: Clock,
        *,
        slack_names: Collection[str],
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._slack_names = frozenset(slack_names)

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe(SLA_CALENDAR_DELETED, _refuse_to_lose_calendar)

    def listing(self, page: Page) -> Listing[NotificationRule]:
        """In the order in which they were made, which is that in which they are asked."""
        with self._database.reading() as session:
            rows, total = queries.rules_page(session, page), queries.count_rules(session)
        return paginate(
            rows, page, total=total, estimated=False, place=lambda row: Cursor(row.created_at, row.id)
        )

    def read(self, rule_id: str) -> NotificationRule:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            rule = session.get(NotificationRule, rule_id)
        if rule is None:
            raise NotFound("notification rule", rule_id)
        return rule

    def create(self, new: NewRule, *, actor: str) -> NotificationRule:
        """Raises `InvalidField`, `Conflict`."""
        now = self._clock.now()
        rule = NotificationRule(
            id=new_id("rule"),
            name=new.name,
            occasion=new.occasion,
            recipients=list(dict.fromkeys(new.recipients)),
            channels=list(dict.fromkeys(new.channels)),
            calendar_id=new.calendar_id,
            enabled=new.enabled,
            version=1,
            created_at=now,
            updated_at=now,
        )
        with self._database.writing() as session:
            if queries.count_rules(session) >= MOST_RULES:
                raise Conflict(f"There are {MOST_RULES} rules; delete those that nobody needs.")
            self._check(session, rule, TOLD)
            session.add(rule)
            session.flush()
            self._record(session, rule, NOTIFICATION_RULE_CREATED, actor, after=_state(rule))
        return rule

    def change(
        self, rule_id: str, change: RuleChange, *, actor: str, expected: Versions | None = None
    ) -> NotificationRule:
        """Raises `NotFound`, `Stale`, `InvalidField`."""
        with self._database.writing() as session:
            rule = self._held(session, rule_id, expected)
            before = _state(rule)
            for name, value in change.values.items():
                setattr(rule, name, list(dict.fromkeys(value)) if isinstance(value, list) else value)
            told = differing(before, _state(rule))
            if told:
                self._check(session, rule, told["after"])
                rule.version += 1
                rule.updated_at = self._clock.now()
                session.flush()
                self._record(session, rule, NOTIFICATION_RULE_CHANGED, actor, **told)
        return rule

    def delete(self, rule_id: str, *, actor: str, expected: Versions | None = None) -> None:
        """Raises `NotFound`, `Stale`."""
        with self._database.writing() as session:
            rule = self._held(session, rule_id, expected)
            self._record(session, rule, NOTIFICATION_RULE_DELETED, actor, before=_state(rule))
            session.delete(rule)

    def _held(self, session: Session, rule_id: str, expected: Versions | None) -> NotificationRule:
        rule = queries.held_rule(session, rule_id)
        if rule is None:
            raise NotFound("notification rule", rule_id)
        if expected is not None and rule.version not in expected:
            raise Stale(f"The rule is at version {rule.version} by now; read it again, then repeat.")
        return rule

    def _check(self, session: Session, rule: NotificationRule, names: Collection[str]) -> None:
        """Of the fields that are new, what only the desk's own state can tell is wrong."""
        for channel in rule.channels if "channels" in names else ():
            name = channel.removeprefix(SLACK)
            if channel != name and name not in self._slack_names:
                raise InvalidField("channels", f"There is no Slack channel {name!r} in SLACK_WEBHOOKS.")
        agents = {one.removeprefix(AGENT) for one in rule.recipients if one.startswith(AGENT)}
        if "recipients" in names and agents:
            unknown = agents - queries.active_among(session, agents)
            if unknown:
                raise InvalidField("recipients", f"There is no active agent {min(unknown)[:100]!r}.")
        told_later = "calendar_id" in names and rule.calendar_id is not None
        if told_later and not calendar_kept(session, str(rule.calendar_id)):
            raise InvalidField("calendar_id", "There is no such calendar.")

    def _record(
        self,
        session: Session,
        rule: NotificationRule,
        kind: EventType,
        actor: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        event = Event(
            type=kind,
            subject_type="notification_rule",
            subject_id=rule.id,
            actor=actor,
            at=self._clock.now(),
            before=before,
            after=after,
        )
        self._events.record(session, event)


def _refuse_to_lose_calendar(session: Session, event: Event) -> None:
    """Raises `Conflict`: without its calendar a rule would tell people at night."""
    rule = queries.rule_with_calendar(session, event.subject_id)
    if rule is not None:
        raise Conflict(
            f"This calendar is in use by the notification rule {rule.name!r} ({rule.id}); "
            "give that another one first."
        )


def _state(rule: NotificationRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in TOLD}
