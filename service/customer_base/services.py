"""The parts of the domain that need nothing but a database, made of what they know of each other."""

from dataclasses import dataclass
from typing import Self

from providers.ports import Clock
from service.customer_base.fitting import Fits
from service.customer_base.keeping import CustomerBase
from service.customer_base.parameters import ParameterVersions
from service.customer_base.rebuilding import Rebuilding
from service.customer_base.source import DeskStatistics
from service.customers.services import OrderLog
from service.database import Database
from service.tickets.services import SupportCases


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBaseServices:
    base: CustomerBase
    rebuilding: Rebuilding
    versions: ParameterVersions
    source: DeskStatistics
    fits: Fits

    @classmethod
    def over(cls, database: Database, clock: Clock) -> Self:
        orders, cases = OrderLog(), SupportCases()
        base = CustomerBase(orders, cases)
        rebuilding = Rebuilding(database, base, orders)
        versions = ParameterVersions(database, clock)
        return cls(
            base=base,
            rebuilding=rebuilding,
            versions=versions,
            source=DeskStatistics(database, base, versions, orders, clock),
            fits=Fits(
                database,
                base=base,
                versions=versions,
                rebuilding=rebuilding,
                orders=orders,
                cases=cases,
                clock=clock,
            ),
        )
