"""Desks whose events are followed and delivered when a test says so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from service.feed.services import Followers
from service.outbox.dispatching import Dispatcher
from service.testing.clock import MovableClock
from service.testing.desk import Desk
from service.wiring import Substitutes
from tests.service.notifications.receiver import Receiver, receiving
from tests.wire.desk import running_desk

LONGEST_RETRY_S = 4 * 3600.0


@dataclass(frozen=True)
class TellingDesk(Desk):
    clock: MovableClock

    def tell(self) -> None:
        """All that is committed is followed, and what is due delivered."""
        self.component(Followers).catch_up()
        self.component(Dispatcher).deliver_due()

    def tell_later(self, seconds: float = LONGEST_RETRY_S) -> None:
        """So late that whatever failed is due again."""
        self.clock.advance(seconds)
        self.tell()

    def new_webhook(self, receiver: Receiver, *event_types: str, **fields: Any) -> dict[str, Any]:
        """The whole answer, with its secret."""
        body = {"url": f"{receiver.url}/{token_hex(6)}", "event_types": list(event_types) or ["ticket.*"]}
        made = self.post("/api/admin/webhooks", body | fields)
        assert made.status_code == 201, made.text
        told: dict[str, Any] = made.json()
        return told

    def webhook(self, webhook_id: str) -> dict[str, Any]:
        told: dict[str, Any] = self.get(f"/api/admin/webhooks/{webhook_id}").json()["webhook"]
        return told

    def deliveries(self, webhook_id: str) -> list[dict[str, Any]]:
        answer = self.get(f"/api/admin/webhooks/{webhook_id}/deliveries")
        assert answer.status_code == 200, answer.text
        told: list[dict[str, Any]] = answer.json()["deliveries"]
        return told


@contextmanager
def telling_desk(database_url: str, directory: Path, **environment: str) -> Iterator[TellingDesk]:
    """It may call loopback, and is not pruned of time: its clock moves by hand."""
    clock = MovableClock()
    settings = {
        "DATABASE_URL": database_url,
        "LOG_FILE": str(directory / "app.log"),
        "OUTBOUND_ALLOWED": "127.0.0.0/8",
        "WEBHOOK_TIMEOUT": "0.3",
    }
    with running_desk(settings | environment, Substitutes(clock=clock)) as desk:
        telling = TellingDesk(desk.url, desk.app, clock)
        telling.tell()  # from now on: what was before is told to nobody
        yield telling


def sqlite_copy(migrated: Path, directory: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated, directory / 'desk.db')}"


__all__ = ["LONGEST_RETRY_S", "Receiver", "TellingDesk", "receiving", "sqlite_copy", "telling_desk"]
