"""What is promised to whom, and in whose working time."""

from service.sla.queries import calendar_kept
from service.sla.services.book import PolicyBook, facts_of
from service.sla.services.calendars import CalendarChange, CalendarService, NewCalendar
from service.sla.services.dry_run import DryRun, PolicyRehearsal, ProposedPolicy
from service.sla.services.policies import NewPolicy, PolicyChange, PolicyService

__all__ = [
    "CalendarChange",
    "CalendarService",
    "DryRun",
    "NewCalendar",
    "NewPolicy",
    "PolicyBook",
    "PolicyChange",
    "PolicyRehearsal",
    "PolicyService",
    "ProposedPolicy",
    "calendar_kept",
    "facts_of",
]
