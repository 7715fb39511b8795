"""Which agent gets a ticket: small rules, one per file, and how they are put together."""

from service.assignment.strategies.choosing import choices
from service.assignment.strategies.known import Strategies
from service.assignment.strategies.rules import Rule, StrategyOptions
from service.assignment.strategies.shapes import Candidate, Choice, Strategy, TicketToAssign

__all__ = [
    "Candidate",
    "Choice",
    "Rule",
    "Strategies",
    "Strategy",
    "StrategyOptions",
    "TicketToAssign",
    "choices",
]
