"""Last known good facts, kept in the desk's own database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import msgspec
import structlog
from sqlalchemy import ColumnElement, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from providers import codec
from providers.models import (
    Answer,
    Capability,
    ChurnPrediction,
    CustomerIntelligence,
    LtvForecast,
    ProviderRequest,
)
from providers.ports import Clock, Snapshot
from service.database import Database, DatabaseUnavailable
from service.intelligence.models import CustomerSnapshot
from service.intelligence.risk_classes import NOT_AT_RISK, risk_columns
from service.writes import Write, write

log = structlog.get_logger()

DECODED = 1_024
KEY = ("customer_id", "capability", "arguments", "provider")
STAYS = timedelta(minutes=1)
"""For so long a snapshot is not written anew where the answer is the same."""

_SAME = select(CustomerSnapshot.answer).where(
    *(getattr(CustomerSnapshot, name) == bindparam(name) for name in KEY),
    CustomerSnapshot.as_of >= bindparam("recently"),
    CustomerSnapshot.refresh_due_since.is_(None),
)


def canonical(arguments: Mapping[str, str | int]) -> str:
    """`horizon_months=12`: the text by which two requests are told apart."""
    return "&".join(f"{name}={arguments[name]}" for name in sorted(arguments))


class DatabaseSnapshots:
    """`providers.ports.SnapshotStore`: a database that is away holds no snapshots."""

    def __init__(
        self, database: Database, clock: Clock, *, changed: Callable[[str], None] = lambda _: None
    ) -> None:
        """`changed` is told of each customer of whom something else is known."""
        self._database = database
        self._clock = clock
        self._changed = changed

    def held(
        self,
        capability: Capability,
        request: ProviderRequest,
        *,
        providers: Sequence[str],
        not_before: datetime,
    ) -> Sequence[Snapshot]:
        statement = select(
            CustomerSnapshot.provider, CustomerSnapshot.answer, CustomerSnapshot.refresh_due_since
        ).where(
            CustomerSnapshot.customer_id == request.customer.id,
            CustomerSnapshot.capability == capability,
            CustomerSnapshot.arguments == canonical(request.arguments),
            CustomerSnapshot.provider.in_(providers),
            CustomerSnapshot.as_of >= not_before,
        )
        try:
            with self._database.reading() as session:
                rows = session.execute(statement).all()
        except DatabaseUnavailable:
            log.warning("snapshot_unread", capability=capability, reason="database_unavailable")
            return []
        except SQLAlchemyError as error:  # a schema that lacks migrations, say
            log.warning("snapshot_unread", capability=capability, reason=type(error).__name__)
            return []
        rows = sorted(rows, key=lambda row: providers.index(row.provider))
        read = [
            read_snapshot(capability, row.answer, outdated=row.refresh_due_since is not None) for row in rows
        ]
        return [snapshot for snapshot in read if snapshot is not None]

    def keep(
        self, capability: Capability, request: ProviderRequest, answer: Answer, *, asked_at: datetime
    ) -> None:
        """What has just been kept as it is stays: a provider that computes is asked at every read."""
        key = {
            "customer_id": request.customer.id,
            "capability": capability.value,
            "arguments": canonical(request.arguments),
            "provider": answer.provenance.provider,
        }
        if not self._says_the_same(capability, key, answer):
            self._put(capability, key, answer, asked_at)

    def _says_the_same(self, capability: Capability, key: Mapping[str, str], answer: Answer) -> bool:
        recently = answer.provenance.as_of - STAYS
        try:
            with self._database.reading() as session:
                row = session.connection().execute(_SAME, {**key, "recently": recently}).one_or_none()
        except (DatabaseUnavailable, SQLAlchemyError):  # which writing it will tell
            return False
        kept = read_snapshot(capability, row.answer, outdated=False) if row is not None else None
        return kept is not None and replace(kept.answer, provenance=answer.provenance) == answer

    def _put(
        self, capability: Capability, key: Mapping[str, str], answer: Answer, asked_at: datetime
    ) -> None:
        values = {
            **key,
            "as_of": answer.provenance.as_of,
            "known": answer.known,
            "answer": codec.encode(answer).decode(),
            **_shown(answer),
        }
        dialect = postgresql if self._database.engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(CustomerSnapshot).values(values)
        newer = {name: statement.excluded[name] for name in values if name not in KEY}
        marked_since = case(
            (CustomerSnapshot.refresh_due_since > asked_at, CustomerSnapshot.refresh_due_since), else_=None
        )
        statement = statement.on_conflict_do_update(
            index_elements=KEY,
            set_=newer | {"refresh_due_since": marked_since},
            where=CustomerSnapshot.as_of <= statement.excluded.as_of,
        )
        try:
            with self._database.writing() as session:
                session.execute(statement)
            if capability is Capability.ANALYZE:
                self._changed(key["customer_id"])
        except DatabaseUnavailable:
            log.warning("snapshot_unkept", capability=capability, reason="database_unavailable")
        except SQLAlchemyError as error:  # an answer that does not fit its columns is still an answer
            log.warning("snapshot_unkept", capability=capability, reason=type(error).__name__)

    def mark_for_refresh(self, customer_id: str) -> None:
        """The customer's facts are known to be out of date; they are kept until newer ones come."""
        with self._database.writing() as session:
            mark_outdated(session, customer_id, self._clock.now())


_MARK = Write(
    CustomerSnapshot.__tablename__,
    of_json="UPDATE customer_snapshots SET refresh_due_since = CAST({rows} -> 0 ->> 'at' AS timestamptz)"
    " WHERE customer_id = {rows} -> 0 ->> 'customer'",
    one_by_one=update(CustomerSnapshot.__table__)  # type: ignore[arg-type]  # a table, for the stubs a FromClause
    .where(CustomerSnapshot.customer_id == bindparam("customer"))
    .values(refresh_due_since=bindparam("at")),
)
"""One row at a time."""


def mark_outdated(session: Session, customer_id: str, at: datetime) -> None:
    """The latest mark counts: what was asked before it cannot know."""
    write(session, _MARK, [{"customer": customer_id, "at": at}])


def mark_all_outdated(session: Session, customer_ids: Collection[str], at: datetime) -> None:
    """All are held in one order first, so that two who mark many at once do not deadlock."""
    theirs = CustomerSnapshot.customer_id.in_(customer_ids)
    key = [getattr(CustomerSnapshot, name) for name in KEY]
    session.execute(select(*key).where(theirs).order_by(*key).with_for_update())
    _mark(session, theirs, at)


def _mark(session: Session, those: ColumnElement[bool], at: datetime) -> None:
    session.execute(
        update(CustomerSnapshot).where(those).values(refresh_due_since=at),
        execution_options={"synchronize_session": False},
    )


def read_snapshot(capability: Capability, answer: str, *, outdated: bool) -> Snapshot | None:
    """None where it is of another version of the answer."""
    try:
        return Snapshot(answer=_decoded(capability, answer), outdated=outdated)
    except (msgspec.DecodeError, UnicodeDecodeError):
        log.warning("snapshot_unread", capability=capability, reason="unreadable")
        return None


def forget_decoded() -> None:
    _decoded.cache_clear()


@lru_cache(maxsize=DECODED)
def _decoded(capability: Capability, answer: str) -> Answer:
    """Once per process for the same text: a page of the inbox has a hundred."""
    return codec.decode_answer(capability, answer)


def _shown(answer: Answer) -> dict[str, str | float | Decimal | None]:
    """What the inbox and the list of customers at risk show of a snapshot without decoding it."""
    shown: dict[str, str | float | Decimal | None] = {
        "churn_risk": None,
        "churn_risk_level": None,
        "lifetime_value": None,
        "currency": None,
        "archetype_id": None,
        **NOT_AT_RISK,
    }
    match answer:
        case CustomerIntelligence():
            return shown | {
                "churn_risk": answer.predictions.churn_risk,
                "churn_risk_level": answer.predictions.churn_risk_level,
                "lifetime_value": answer.metrics.lifetime_value,
                "currency": answer.currency,
                "archetype_id": answer.archetype.id if answer.archetype else None,
                **risk_columns(
                    answer.predictions.churn_risk,
                    answer.predictions.churn_risk_level,
                    answer.metrics.lifetime_value,
                    answer.currency,
                ),
            }
        case ChurnPrediction():
            return shown | {"churn_risk": answer.churn_risk_score, "churn_risk_level": answer.risk_level}
        case LtvForecast():
            return shown | {"lifetime_value": answer.current_ltv, "currency": answer.currency}
        case _:
            return shown
