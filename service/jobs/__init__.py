"""Timed work: named jobs, each run by one process at a time, however many there are."""

from service.jobs.named import (
    Bell,
    Figures,
    Job,
    JobObserver,
    JobOutcome,
    JobRunning,
    JobStatus,
    UnknownJob,
    in_short_transactions,
)
from service.jobs.runner import JobRunner

__all__ = [
    "Bell",
    "Figures",
    "Job",
    "JobObserver",
    "JobOutcome",
    "JobRunner",
    "JobRunning",
    "JobStatus",
    "UnknownJob",
    "in_short_transactions",
]
