"""The parts of assignment, put together for whoever wires them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from providers.ports import Clock
from service.assignment.choosing import Choosing
from service.assignment.giving import Giving
from service.assignment.handing_out import HandingOut, OnCall, TakingBack
from service.assignment.history import AssignmentHistory
from service.assignment.keeping import AssignmentKeeping
from service.assignment.services import AssignmentService
from service.assignment.staffing import Staffing
from service.assignment.strategies import Strategies
from service.database import Database
from service.events import EventLog
from service.jobs import Bell
from service.tickets.scoring import Weights
from service.tickets.services import TicketRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentParts:
    service: AssignmentService
    handing_out: HandingOut
    taking_back: TakingBack
    on_call: OnCall
    staffing: Staffing
    history: AssignmentHistory

    @classmethod
    def over(
        cls,
        database: Database,
        events: EventLog,
        clock: Clock,
        *,
        records: TicketRecords,
        weights: Weights,
        strategies: Strategies,
        grace: timedelta,
    ) -> Self:
        """From then on assignments are kept with whatever the log is told."""
        bell = Bell()
        keeping = AssignmentKeeping(events, records, bell.ring)
        giving = Giving(records, keeping, Choosing(strategies), weights)
        service = AssignmentService(database, records, keeping, giving)
        handing_out = HandingOut(database, service, weights, clock)
        taking_back = TakingBack(database, service, clock, grace=grace)
        keeping.subscribe_to(events)
        taking_back.subscribe_to(events)
        return cls(
            service=service,
            handing_out=handing_out,
            taking_back=taking_back,
            on_call=OnCall(handing_out, bell),
            staffing=Staffing(database),
            history=AssignmentHistory(database),
        )

    def components(self) -> Iterator[object]:
        """What views and commands ask for."""
        yield from (self.service, self.handing_out, self.taking_back, self.staffing, self.history)
