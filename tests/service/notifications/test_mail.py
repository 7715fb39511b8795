"""Mail to agents, through a real SMTP server on loopback."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from providers.testing.fakes import FakeClock
from service.notifications.channels import EmailChannel, MailServer, Wording
from service.outbound.settings import Security
from service.outbox.channels import DeliveryFailed, TargetGone
from tests.service.notifications.events import delivery, fed
from tests.service.notifications.mailbox import Inbox, authenticator, serving

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of localhost and 127.0.0.1, for these tests alone, with its key."""

SENDER = "desk@desk.example"
KIM = "kim@desk.example"
ASSIGNED = delivery(
    fed("ticket.assigned"), channel="email", target="agent_1", address={"occasion": "ticket.assigned"}
)


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def channel(port: int, security: Security = Security.NONE, **options: Any) -> EmailChannel:
    server = MailServer(
        host="127.0.0.1", port=port, security=security, sender=SENDER, timeout_s=2.0, **options
    )
    wording = Wording("https://desk.example.com/")
    return EmailChannel(server, {"agent_1": KIM}.get, wording, FakeClock())


def test_an_agent_gets_a_short_mail_of_ids_and_a_link() -> None:
    inbox = Inbox()
    with serving(inbox) as port:
        channel(port).deliver(ASSIGNED)
    (mail,) = inbox.mails
    assert (mail["From"], mail["To"]) == (SENDER, KIM)
    assert mail["Subject"] == "Ticket ticket_1 is yours"
    assert mail["Message-ID"] == "<dlv_1@desk.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines()[:2] == [
        "Ticket ticket_1 was assigned to you.",
        "Open it: https://desk.example.com/tickets/ticket_1",
    ]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_where_tls_is_wanted_nothing_goes_without_it(security: Security) -> None:
    inbox, trusted = Inbox(), {"ca_file": str(CERTIFICATE)}
    signing_in = {"username": "desk", "password": "word"}
    options: dict[str, Any] = {"authenticator": authenticator}
    options |= (
        {"tls_context": tls(), "require_starttls": True, "auth_required": True}
        if security is Security.STARTTLS
        else {}
    )
    if security is Security.TLS:
        options |= {"ssl_context": tls(), "auth_require_tls": False}
    with serving(inbox, **options) as port:
        channel(port, security, **trusted, **signing_in).deliver(ASSIGNED)
        with pytest.raises(DeliveryFailed, match="mail_tls"):
            channel(port, security, **signing_in).deliver(ASSIGNED)  # whom the system does not trust
        with pytest.raises(DeliveryFailed, match="mail_sign_in_refused"):
            channel(port, security, **trusted, username="desk", password="wrong").deliver(ASSIGNED)
    assert len(inbox.mails) == 1


def test_a_server_that_has_no_tls_gets_nothing() -> None:
    inbox = Inbox()
    with serving(inbox) as port, pytest.raises(DeliveryFailed, match="mail_server"):
        channel(port, Security.STARTTLS).deliver(ASSIGNED)
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("inbox", "reason", "retryable"),
    [
        (Inbox(refuses="550 no such user"), "recipient_refused", False),
        (Inbox(refuses="450 try later"), "recipient_refused", True),
        (Inbox(refuses_mail="554 spam"), "mail_refused", False),
        (Inbox(refuses_mail="452 full"), "mail_refused", True),
    ],
)
def test_what_the_server_never_takes_is_not_tried_again(inbox: Inbox, reason: str, retryable: bool) -> None:
    with serving(inbox) as port, pytest.raises(DeliveryFailed) as failed:
        channel(port).deliver(ASSIGNED)
    assert (failed.value.reason, failed.value.retryable) == (reason, retryable)


def test_a_server_that_is_away_is_tried_again() -> None:
    with serving(Inbox()) as port:
        pass
    with pytest.raises(DeliveryFailed) as failed:
        channel(port).deliver(ASSIGNED)
    assert failed.value.retryable


def test_who_is_not_there_any_more_is_told_nothing() -> None:
    gone = delivery(fed("ticket.assigned"), target="agent_2", address={"occasion": "ticket.assigned"})
    with pytest.raises(TargetGone):
        channel(1).deliver(gone)


def test_no_password_is_shown() -> None:
    server = MailServer(host="a", port=1, security=Security.TLS, sender=SENDER, username="u1", password="p1")
    assert "p1" not in repr(server)
    assert "u1" not in repr(server)
