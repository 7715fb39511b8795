"""A mail server on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword


class Inbox:
    """Keeps what comes; `refuses`: the reply to each recipient, or to the mail, instead."""

    def __init__(self, refuses: str | None = None, refuses_mail: str | None = None) -> None:
        self.mails: list[EmailMessage] = []
        self.by_tls: list[bool] = []
        self._refuses = refuses
        self._refuses_mail = refuses_mail

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, _: Any) -> str:  # noqa: N802  # so aiosmtpd calls it
        envelope.rcpt_tos.append(address)
        return self._refuses or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802  # so aiosmtpd calls it
        self.by_tls.append(session.ssl is not None)
        mail = message_from_bytes(cast(bytes, envelope.content), policy=policy.default)
        self.mails.append(cast(EmailMessage, mail))
        return self._refuses_mail or "250 OK"


class OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, told: Any) -> AuthResult:
    good = isinstance(told, LoginPassword) and (told.login, told.password) == (b"desk", b"word")
    return AuthResult(success=good, handled=good)


@contextmanager
def serving(inbox: Inbox, **options: Any) -> Iterator[int]:
    controller = OnAnyPort(inbox, hostname="127.0.0.1", port=0, ready_timeout=10, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
