from service.inbound.services.deliveries import Deliveries, Delivered, Delivery, InboundMessage
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
