"""Every table of the service: what needs the whole schema imports this."""

from service.access import models as access
from service.agents import models as agents
from service.assignment import models as assignment
from service.columns import Base
from service.customer_base import models as customer_base
from service.customers import models as customers
from service.events import StoredEvent
from service.feed import models as feed
from service.http import models as http
from service.importing import models as importing
from service.inbound import models as inbound
from service.intelligence import models as intelligence
from service.leases import JobLease
from service.notifications import models as notifications
from service.outbox import models as outbox
from service.performance import models as performance
from service.provider_control import models as provider_control
from service.sla import models as sla
from service.sla.tracking import models as sla_tracking
from service.streams import models as streams
from service.text_index import SearchText
from service.tickets import models as tickets

metadata = Base.metadata

__all__ = [
    "Base",
    "JobLease",
    "SearchText",
    "StoredEvent",
    "access",
    "agents",
    "assignment",
    "customer_base",
    "customers",
    "feed",
    "http",
    "importing",
    "inbound",
    "intelligence",
    "metadata",
    "notifications",
    "outbox",
    "performance",
    "provider_control",
    "sla",
    "sla_tracking",
    "streams",
    "tickets",
]
