"""The channel that writes into the log: nothing to set up, and nothing leaves the machine."""

import structlog

from service.outbox.channels import Delivery

log = structlog.get_logger()


class LogChannel:
    name = "log"

    def deliver(self, delivery: Delivery) -> None:
        event = delivery.event
        log.info(
            "notification",
            delivery=delivery.id,
            target=delivery.target,
            position=event.position,
            type=event.type,
            subject_id=event.subject_id,
            ticket_id=event.ticket_id,
        )
