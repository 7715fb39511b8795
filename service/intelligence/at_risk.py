"""Customers by their revenue at risk: churn risk times lifetime value, of whom both are known.

Snapshots keep the product and a class made of currency, churn risk in steps of a twentieth, and level. A page
takes the first of each class that is asked for, along one index, and puts them in order: it costs as much as
there are classes, however many customers there are. See ADR 0094.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    UnaryExpression,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from providers.models import Capability
from providers.ports import Clock
from service.columns import Money
from service.customers.models import Customer
from service.database import Database
from service.errors import InvalidField
from service.http.pagination import NO_CURSOR, Listing, PageOf, packed, paginate, unpacked
from service.intelligence.models import CustomerSnapshot
from service.intelligence.risk_classes import CURRENCY_LENGTH, STEPS, RiskClass, step_of

COUNTED_EXACTLY = 200

CANDIDATES = 2
"""For each that is wanted: half of those in front may be out of date, or known sooner elsewhere."""

_CLASSES = text("""
    WITH RECURSIVE classes(one) AS (
        SELECT min(risk_class) FROM customer_snapshots WHERE risk_class IS NOT NULL
        UNION ALL
        SELECT (SELECT min(risk_class) FROM customer_snapshots WHERE risk_class > classes.one)
        FROM classes WHERE classes.one IS NOT NULL
    )
    SELECT one FROM classes WHERE one IS NOT NULL
""")
"""All that there are, one look-up each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFilter:
    """`min_risk`: 0..1. None: whichever."""

    min_risk: float | None = None
    level: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class RiskCursor:
    currency: str
    revenue: str
    customer_id: str

    def encode(self) -> str:
        return packed([self.currency, self.revenue, self.customer_id])


class RiskPage(PageOf[RiskCursor]):
    @classmethod
    def decoded(cls, cursor: str) -> RiskCursor:
        found = RiskCursor(*unpacked(cursor, tuple[str, str, str]))
        try:
            sound = Decimal(found.revenue).is_finite() and abs(Decimal(found.revenue)) < 10**14
        except ArithmeticError:
            sound = False
        if not sound or len(found.currency) > CURRENCY_LENGTH:
            raise InvalidField("cursor", NO_CURSOR)
        return found


class CustomersAtRisk:
    """`enabled`: the providers in their order; the first that knows a customer is believed, as everywhere.

    Facts older than `max_age_s` are no facts any more.
    """

    def __init__(
        self, database: Database, enabled: Callable[[], Sequence[str]], clock: Clock, *, max_age_s: float
    ) -> None:
        self._database = database
        self._enabled = enabled
        self._clock = clock
        self._max_age = timedelta(seconds=max_age_s)

    def listing(self, wanted: RiskFilter, page: RiskPage) -> Listing[Row[Any]]:
        """Most revenue first, currency by currency: amounts of different ones are never compared."""
        not_before = self._clock.now() - self._max_age
        providers = self._enabled()
        rows: list[Row[Any]] = []
        with self._database.reading() as session:
            classes = [one for one in _classes(session) if _matches(one, wanted)]
            for currency in _from(page.cursor, classes):
                those = [one for one in classes if one.currency == currency]
                beyond = page.cursor if page.cursor and page.cursor.currency == currency else None
                missing = page.limit + 1 - len(rows)
                believed = _believed(providers, not_before, wanted)
                rows += _first_of(session, those, believed, beyond, missing)
                if len(rows) > page.limit:
                    break
            total = _count(session, classes, _believed(providers, not_before, wanted))
        return paginate(
            rows,
            page,
            total=min(total, COUNTED_EXACTLY),
            estimated=total > COUNTED_EXACTLY,
            place=lambda row: RiskCursor(row.currency or "", str(row.revenue_at_risk), row.customer_id),
        )


def _classes(session: Session) -> list[RiskClass]:
    return [RiskClass.read(kept) for kept in session.scalars(_CLASSES)]


def _matches(one: RiskClass, wanted: RiskFilter) -> bool:
    return (
        (wanted.min_risk is None or one.step >= step_of(wanted.min_risk))
        and wanted.level in {None, one.level}
        and wanted.currency in {None, one.currency}
    )


def _from(cursor: RiskCursor | None, classes: Iterable[RiskClass]) -> list[str]:
    """Currencies in their order; the unknown one is the first."""
    currencies = sorted({one.currency for one in classes})
    return [one for one in currencies if cursor is None or one >= cursor.currency]


def _believed(
    providers: Sequence[str], not_before: datetime, wanted: RiskFilter
) -> list[ColumnElement[bool]]:
    """Of snapshots with a class: whether they are to be believed, and as risky as wanted."""
    conditions = [CustomerSnapshot.provider.in_(providers), CustomerSnapshot.as_of >= not_before]
    if wanted.min_risk is not None and step_of(wanted.min_risk) < Decimal(str(wanted.min_risk)) * STEPS:
        conditions.append(CustomerSnapshot.churn_risk >= wanted.min_risk)
    if len(providers) > 1:
        sooner = func.coalesce(_known_sooner(providers, not_before), false())
        conditions.append(or_(CustomerSnapshot.provider == providers[0], ~sooner))
    return conditions


def _known_sooner(providers: Sequence[str], not_before: datetime) -> ScalarSelect[bool]:
    """True or NULL, looked up for each row: PostgreSQL would make NOT EXISTS a join of all snapshots.

    A flag under `coalesce` it takes for as likely as not, and so goes along the index.
    """
    better = aliased(CustomerSnapshot)
    order = {name: place for place, name in enumerate(providers)}
    sooner = select(true()).where(
        better.customer_id == CustomerSnapshot.customer_id,
        better.capability == Capability.ANALYZE,
        better.arguments == "",
        better.provider.in_(providers),
        better.known,
        better.as_of >= not_before,
        _place(better.provider, order) < _place(CustomerSnapshot.provider, order),
    )
    return sooner.limit(1).correlate(CustomerSnapshot).scalar_subquery()


def _place(provider: Any, order: Mapping[str, int]) -> ColumnElement[int]:
    return case(order, value=provider, else_=len(order))


def _first_of(
    session: Session,
    classes: Sequence[RiskClass],
    believed: Sequence[ColumnElement[bool]],
    beyond: RiskCursor | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Of all these classes together, each looked along no further than that.

    The index alone tells from which amount on there are some more snapshots than are wanted. Where too few
    of those are believed, all amounts are looked at.
    """
    if not classes:
        return []
    enough = _enough(session, classes, beyond, limit)
    near = CustomerSnapshot.revenue_at_risk >= func.coalesce(enough, literal(Decimal(0), Money()))
    found = _ahead(session, classes, [*believed, near], beyond, limit)
    return found if len(found) >= limit else _ahead(session, classes, believed, beyond, limit)


def _enough(
    session: Session, classes: Sequence[RiskClass], beyond: RiskCursor | None, limit: int
) -> ScalarSelect[Decimal]:
    """An amount that enough snapshots have or exceed, believed or not; NULL where it takes all of them."""

    def amounts(risk_class: ColumnElement[str]) -> Select[Any]:
        those = select(CustomerSnapshot.revenue_at_risk).where(*_along(risk_class, beyond))
        return those.order_by(*_in_order(CustomerSnapshot)).limit(limit)

    of_all = _merged(session, classes, amounts)
    amount: Select[tuple[Decimal]] = select(of_all.c.revenue_at_risk)
    last = amount.order_by(of_all.c.revenue_at_risk.desc()).offset(CANDIDATES * limit - 1).limit(1)
    return last.scalar_subquery()


def _ahead(
    session: Session,
    classes: Sequence[RiskClass],
    believed: Sequence[ColumnElement[bool]],
    beyond: RiskCursor | None,
    limit: int,
) -> Sequence[Row[Any]]:
    of_all = _merged(session, classes, lambda one: _stream(one, believed, beyond, limit))
    first = select(of_all).order_by(*_in_order(of_all.c)).limit(limit).subquery()
    named = select(first, Customer.name).join(Customer, Customer.id == first.c.customer_id)
    return session.execute(named.order_by(*_in_order(first.c))).all()


def _merged(
    session: Session,
    classes: Sequence[RiskClass],
    stream: Callable[[ColumnElement[str]], Select[Any]],
) -> Subquery:
    """What each class gives, which is looked for by itself: SQLite knows no LATERAL."""
    texts = [one.text for one in classes]
    if session.get_bind().dialect.name == "postgresql":
        asked = func.json_array_elements_text(cast(texts, JSON)).table_valued("value")
        each = stream(asked.c.value).lateral("each")
        return select(each).select_from(asked.join(each, true())).subquery()
    streams = [select(stream(literal(one)).subquery()) for one in texts]
    return select(union_all(*streams).subquery()).subquery()


def _in_order(columns: Any) -> tuple[UnaryExpression[Any], UnaryExpression[Any]]:
    return columns.revenue_at_risk.desc(), columns.customer_id.desc()


def _stream(
    risk_class: ColumnElement[str],
    believed: Sequence[ColumnElement[bool]],
    beyond: RiskCursor | None,
    limit: int,
) -> Select[Any]:
    return (
        select(
            CustomerSnapshot.customer_id,
            CustomerSnapshot.provider,
            CustomerSnapshot.as_of,
            CustomerSnapshot.churn_risk,
            CustomerSnapshot.churn_risk_level,
            CustomerSnapshot.lifetime_value,
            CustomerSnapshot.currency,
            CustomerSnapshot.archetype_id,
            CustomerSnapshot.revenue_at_risk,
        )
        .where(*_along(risk_class, beyond), *believed)
        .order_by(*_in_order(CustomerSnapshot))
        .limit(limit)
    )


def _along(risk_class: ColumnElement[str], beyond: RiskCursor | None) -> list[ColumnElement[bool]]:
    those = CustomerSnapshot.risk_class == risk_class
    if beyond is None:
        return [those]
    place = tuple_(CustomerSnapshot.revenue_at_risk, CustomerSnapshot.customer_id)
    after = tuple_(literal(Decimal(beyond.revenue), Money()), literal(beyond.customer_id))
    return [those, place < after]


def _count(session: Session, classes: Sequence[RiskClass], believed: Sequence[ColumnElement[bool]]) -> int:
    """Exactly up to so many, and not further."""
    if not classes:
        return 0
    most = COUNTED_EXACTLY + 1

    def some(risk_class: ColumnElement[str]) -> Select[Any]:
        found = select(CustomerSnapshot.customer_id).where(*_along(risk_class, None), *believed)
        return found.order_by(*_in_order(CustomerSnapshot)).limit(most)

    found = select(_merged(session, classes, some)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0
