"""The log as a channel: on from the first start, and for those who collect logs anyway."""

import structlog

from service.outbox.channels import Delivery

log = structlog.get_logger()


class LogChannel:
    name = "log"

    def deliver(self, delivery: Delivery) -> None:
        log.info(
            "notification",
            delivery=delivery.id,
            occasion=delivery.address.get("occasion"),
            digest=delivery.address.get("digest"),
            event_type=delivery.event.type,
            ticket=delivery.event.ticket_id,
        )
