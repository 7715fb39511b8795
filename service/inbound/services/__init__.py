from service.inbound.services.deliveries import Delivered, Deliveries, Delivery, InboundMessage
from service.inbound.services.sources import InboundWebhooks, MadeSource, SourceChange

__all__ = [
    "Delivered",
    "Deliveries",
    "Delivery",
    "InboundMessage",
    "InboundWebhooks",
    "MadeSource",
    "SourceChange",
]
