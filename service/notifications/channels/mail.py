"""Mail to agents, by SMTP."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from providers.ports import Clock
from service.notifications.channels.wording import Notice, Wording
from service.outbound.settings import Security
from service.outbox.channels import Delivery, DeliveryFailed, TargetGone

PERMANENT = 500
"""Replies from here on say that the same mail will never be taken (RFC 5321)."""

AddressOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """`timeout_s`: for each step. The certificate is verified, unless `security` is `none`."""

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout_s: float = 5.0

    def send(self, message: EmailMessage) -> None:
        """Raises `smtplib.SMTPException` or `OSError`. Where TLS is wanted, nothing is sent without it."""
        with self._connected() as server:
            if self.security is Security.STARTTLS:
                server.starttls(context=self._tls())
            if self.username is not None and self.password is not None:
                server.login(self.username, self.password)
            server.send_message(message)

    def _connected(self) -> smtplib.SMTP:
        if self.security is Security.TLS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=self._tls())
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


class EmailChannel:
    """`address_of`: an active agent's, None for who is not there any more."""

    name = "email"

    def __init__(self, server: MailServer, address_of: AddressOf, wording: Wording, clock: Clock) -> None:
        self._server = server
        self._address_of = address_of
        self._wording = wording
        self._clock = clock

    def deliver(self, delivery: Delivery) -> None:
        to = self._address_of(delivery.target)
        if to is None:
            raise TargetGone("the agent is not active")
        message = _mail(self._wording.notice(delivery), self._server.sender, to, delivery, self._clock.now())
        try:
            self._server.send(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code = max((code for code, _ in refused.recipients.values()), default=0)
            raise DeliveryFailed("recipient_refused", retryable=code < PERMANENT) from refused
        except smtplib.SMTPDataError as refused:
            raise DeliveryFailed("mail_refused", retryable=refused.smtp_code < PERMANENT) from refused
        except smtplib.SMTPAuthenticationError as refused:
            raise DeliveryFailed("mail_sign_in_refused") from refused
        except ssl.SSLError as error:
            raise DeliveryFailed("mail_tls") from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed("mail_server") from error


def _mail(notice: Notice, sender: str, to: str, delivery: Delivery, now: datetime) -> EmailMessage:
    """The same `Message-ID` at each attempt, so that a mail that came twice is told as one."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = notice.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{delivery.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: an absent agent's mailbox does not answer
    message.set_content(f"{notice.text}\n\n-- \n{notice.closing}\n")
    return message
