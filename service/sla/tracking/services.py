"""All that keeps, tells and shows promises, put together."""

from dataclasses import dataclass
from typing import Self

from providers.ports import Clock
from service.agents.services import AgentDirectory
from service.database import Database
from service.events import EventLog
from service.jobs import Job
from service.sla.services import PolicyBook
from service.sla.tracking.compliance import ComplianceReports
from service.sla.tracking.due import DueTargets, jobs
from service.sla.tracking.following import TargetFollower
from service.sla.tracking.judging import Points
from service.sla.tracking.keeping import TargetKeeping
from service.sla.tracking.lists import TargetLists
from service.sla.tracking.reading import ServiceLevels
from service.sla.tracking.renewing import TargetRenewing


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    book: PolicyBook
    follower: TargetFollower
    due: DueTargets
    renewing: TargetRenewing
    levels: ServiceLevels
    lists: TargetLists
    reports: ComplianceReports

    @classmethod
    def over(
        cls,
        database: Database,
        *,
        events: EventLog,
        book: PolicyBook,
        directory: AgentDirectory,
        clock: Clock,
        points: Points,
    ) -> Self:
        keeping = TargetKeeping(events, book, clock, points)
        lists = TargetLists(database, book, directory)
        return cls(
            book=book,
            follower=TargetFollower(keeping),
            due=DueTargets(database, keeping, clock),
            renewing=TargetRenewing(database, keeping, clock),
            levels=ServiceLevels(database, book, clock),
            lists=lists,
            reports=ComplianceReports(database, lists, book, clock),
        )

    def jobs(self) -> list[Job]:
        return jobs(self.due, self.renewing)

    def components(self) -> tuple[object, ...]:
        return self.levels, self.lists, self.reports, self.due, self.renewing
