"""Deliveries to the endpoints of clients, signed by Standard Webhooks."""

from http import HTTPStatus

from providers.ports import Clock
from service.notifications.published import body_of
from service.notifications.services.attempts import Attempts, Tried
from service.outbound import Answer, OutboundFailed, OutboundSession
from service.outbox.channels import Delivery, DeliveryFailed, TargetGone
from service.signing import signed_headers

HEEDED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Statuses with which an endpoint may say when to come again."""


class WebhookChannel:
    """Any 2xx is success, 410 disables the endpoint, everything else is tried again."""

    name = "webhook"

    def __init__(
        self, attempts: Attempts, outbound: OutboundSession, clock: Clock, *, timeout_s: float
    ) -> None:
        self._attempts = attempts
        self._outbound = outbound
        self._clock = clock
        self._timeout_s = timeout_s

    def deliver(self, delivery: Delivery) -> None:
        endpoint = self._attempts.listening(delivery.target)
        if endpoint is None:
            raise TargetGone("the webhook is disabled or deleted")
        body = body_of(delivery.event)
        signed = signed_headers(endpoint.secrets, delivery.id, self._clock.now(), body)
        headers = {"Content-Type": "application/json", **signed}
        began = self._clock.monotonic()
        try:
            answer = self._outbound.post(endpoint.url, body, headers, timeout_s=self._timeout_s)
        except OutboundFailed as failure:
            took_s = self._clock.monotonic() - began
            reason = failure.reason.value
            self._attempts.failed(delivery, Tried(status=None, reason=reason, duration_s=took_s))
            raise DeliveryFailed(reason) from failure
        self._heed(delivery, answer)

    def _heed(self, delivery: Delivery, answer: Answer) -> None:
        reason = None if answer.is_success else f"status_{answer.status}"
        tried = Tried(status=answer.status, reason=reason, duration_s=answer.duration_s)
        if reason is None:
            self._attempts.arrived(delivery, tried)
        elif answer.status == HTTPStatus.GONE:
            self._attempts.gone(delivery, tried)
            raise TargetGone("the webhook answered 410")
        else:
            self._attempts.failed(delivery, tried)
            retry_after_s = answer.retry_after_s if answer.status in HEEDED else None
            raise DeliveryFailed(reason, retry_after_s=retry_after_s)
