"""Incoming webhooks of Slack, and of what understands the same, such as Mattermost."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from service.notifications.channels.wording import Wording
from service.outbound import OutboundFailed, OutboundSession
from service.outbox.channels import Delivery, DeliveryFailed, TargetGone

ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class SlackChannel:
    """`webhooks`: address by name. The addresses let anybody write there: they stand in settings alone."""

    name = "slack"

    def __init__(
        self,
        webhooks: Mapping[str, str],
        outbound: OutboundSession,
        wording: Wording,
        *,
        timeout_s: float,
    ) -> None:
        self._webhooks = dict(webhooks)
        self._outbound = outbound
        self._wording = wording
        self._timeout_s = timeout_s

    def deliver(self, delivery: Delivery) -> None:
        url = self._webhooks.get(delivery.target)
        if url is None:
            raise TargetGone("SLACK_WEBHOOKS has no such name")
        notice = self._wording.notice(delivery)
        body = msgspec.json.encode({"text": notice.text.translate(ESCAPED)})
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._outbound.post(url, body, headers, timeout_s=self._timeout_s)
        except OutboundFailed as failure:
            raise DeliveryFailed(failure.reason.value) from failure
        if answer.status == HTTPStatus.GONE:
            raise TargetGone("the Slack channel is archived")
        if not answer.is_success:
            raise DeliveryFailed(f"status_{answer.status}", retry_after_s=answer.retry_after_s)
