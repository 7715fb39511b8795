"""The versions of what is fitted to all customers, and which of them this process goes by."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from providers.ports import Clock
from providers.statistics import ShopParameters
from service.customer_base import queries
from service.customer_base.models import ParameterVersion
from service.database import Database

LOOKED_AT_EVERY = timedelta(seconds=5)
"""By when each process goes by a version that another has adopted."""

LONGEST_REFUSAL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """`refusal`: why the version was not adopted."""

    parameters: ShopParameters
    at: datetime
    by: str
    adopted: bool
    refusal: str | None


class ParameterVersions:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._in_use: Fitted | None = None
        self._looked_at_s: float | None = None

    def in_use(self) -> Fitted | None:
        """None until one was adopted. Looks for a newer one now and then; raises `DatabaseUnavailable`."""
        now_s = self._clock.monotonic()
        with self._lock:
            if self._looked_at_s is not None and now_s - self._looked_at_s < LOOKED_AT_EVERY.total_seconds():
                return self._in_use
            held = self._in_use
        newest = self._newer_than(held)
        with self._lock:
            self._in_use, self._looked_at_s = newest, now_s
        return newest

    def keep(self, parameters: ShopParameters, *, by: str, refusal: str | None, adopted: bool) -> Fitted:
        """With the next number."""
        row = ParameterVersion(
            fitted_at=self._clock.now(),
            fitted_by=by,
            adopted=adopted,
            refusal=refusal[:LONGEST_REFUSAL] if refusal else None,
            parameters=msgspec.to_builtins(parameters),
        )
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            queries.prune_versions(session, row.version)
        with self._lock:
            self._looked_at_s = None
        return _fitted(row)

    def newest(self, limit: int) -> Sequence[Fitted]:
        """Also those refused; newest first."""
        with self._database.reading() as session:
            return [_fitted(row) for row in queries.versions(session, limit)]

    def _newer_than(self, held: Fitted | None) -> Fitted | None:
        with self._database.reading() as session:
            version = queries.newest_version(session)
            if version is None:
                return None
            if held is not None and held.parameters.version == version:
                return held
            return _fitted(session.get_one(ParameterVersion, version))


def _fitted(row: ParameterVersion) -> Fitted:
    parameters = msgspec.convert(row.parameters, ShopParameters)
    return Fitted(
        parameters=replace(parameters, version=row.version),
        at=row.fitted_at,
        by=row.fitted_by,
        adopted=row.adopted,
        refusal=row.refusal,
    )
