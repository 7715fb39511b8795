"""Where deliveries go: a channel is a plug-in that takes one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from service.feed.following import FedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`id` is the same at each attempt, so that a receiver can tell a repetition; `attempt` begins at 1.

    `target` is who or what is to hear of it, as the channel understands it; `address` is what was kept with
    it in the outbox, often nothing.
    """

    id: str
    event: FedEvent
    channel: str
    target: str
    attempt: int
    address: Mapping[str, Any]


class DeliveryFailed(Exception):
    """`retryable`: a later attempt may arrive, not before `retry_after_s`. `reason`: no secret, no text."""

    def __init__(self, reason: str, *, retryable: bool = True, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class TargetGone(Exception):
    """There is nobody who could hear of it: it is given up at once, and is no failure."""


class Channel(Protocol):
    @property
    def name(self) -> str:
        """Such as `webhook`, `slack`, `email`, `log`."""

    def deliver(self, delivery: Delivery) -> None:
        """Within the lease's time, and outside of any transaction. It may arrive twice.

        Raises `DeliveryFailed` or `TargetGone`; anything else counts as a failure that may pass.
        """
