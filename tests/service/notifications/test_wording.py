"""What mails and Slack say."""

import pytest

from service.notifications.channels import Wording
from service.notifications.models import Occasion
from service.outbox.channels import TargetGone
from tests.service.notifications.events import delivery, fed


@pytest.mark.parametrize("occasion", Occasion)
def test_there_are_words_for_every_occasion(occasion: Occasion) -> None:
    notice = Wording(None).notice(delivery(address={"occasion": occasion.value}))
    assert "ticket_1" in notice.subject
    assert "ticket_1" in notice.text
    assert "{" not in notice.subject + notice.text


@pytest.mark.parametrize(
    ("target", "words"), [("first_response", "the first response"), (None, "what was promised")]
)
def test_a_breach_says_what_was_promised_and_until_when(target: str | None, words: str) -> None:
    event = fed("sla.breached", after={"target": target, "due_at": "2026-01-31T10:00:00Z"})
    notice = Wording("https://desk.example.com").notice(delivery(event, address={"occasion": "sla.breached"}))
    assert notice.text == (
        f"Ticket ticket_1: {words} was not given in time.\n"
        "Due: 2026-01-31T10:00:00Z\n"
        "Open it: https://desk.example.com/tickets/ticket_1"
    )


def test_without_an_address_of_the_desk_there_is_no_link() -> None:
    assert "http" not in Wording(None).notice(delivery(address={"occasion": "urgent_ticket"})).text


def test_a_digest_counts() -> None:
    told = delivery(address={"digest": {"sla.breached": 41, "sla.warning": 2}})
    notice = Wording(None).notice(told)
    assert notice.subject == "43 things to look at"
    assert "Overdue: 41" in notice.text


def test_what_an_older_version_has_no_words_for_is_given_up() -> None:
    with pytest.raises(TargetGone):
        Wording(None).notice(delivery(address={"occasion": "something.new"}))
