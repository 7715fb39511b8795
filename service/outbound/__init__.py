"""HTTP to addresses that people enter: checked when it connects, bounded in time and size, no way around.

An address that the operator sets (a provider, the mail server) needs none of this.
"""

from service.outbound.allowed import Allowed
from service.outbound.failures import OutboundFailed, Reason
from service.outbound.guard import AddressGuard
from service.outbound.session import Answer, OutboundSession

__all__ = ["AddressGuard", "Allowed", "Answer", "OutboundFailed", "OutboundSession", "Reason"]
