"""Quimbi Backend over real sockets, in both dialects, with faults that can be switched while it runs."""

from providers.testing.quimbi_simulator.dialect import DialectName, Endpoint
from providers.testing.quimbi_simulator.faults import Fault
from providers.testing.quimbi_simulator.ledger import RecordedRequest
from providers.testing.quimbi_simulator.profiles import CustomerProfile
from providers.testing.quimbi_simulator.rate_limit import RateLimit
from providers.testing.quimbi_simulator.simulator import DEFAULT_API_KEY, QuimbiSimulator

__all__ = [
    "DEFAULT_API_KEY",
    "CustomerProfile",
    "DialectName",
    "Endpoint",
    "Fault",
    "QuimbiSimulator",
    "RateLimit",
    "RecordedRequest",
]
