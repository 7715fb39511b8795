"""An agent at the desk, as a client of the REST interface; and what the provider does meanwhile."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import requests

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.wire.cases import numbers_in
from tests.wire.conftest import SIMULATOR_KEY
from tests.wire.desk import Desk

PROVIDERS_LANE = "/api/ai/"
BRIEF_DEADLINES = {"FACTS_DEADLINE": "0.3", "TEXTS_DEADLINE": "0.5", "TEXTS_FACTS_WAIT": "0.2"}


class Provider(StrEnum):
    """How it does today."""

    UP = "up"
    FAILING = "failing"
    GONE = "gone"
    HANGING = "hanging"


@contextmanager
def quimbi_that_is(provider: Provider) -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as quimbi:
        for customer_id, churn_risk, level in (
            ("ann", 0.05, "low"),
            ("bob", 0.05, "low"),
            ("cleo", 0.9, "high"),
        ):
            quimbi.add_customer("7001", customer_id=customer_id, churn_risk=churn_risk, churn_level=level)
        match provider:
            case Provider.FAILING:
                quimbi.inject(Fault.SERVER_ERROR)
            case Provider.HANGING:
                quimbi.inject(Fault.HANG)
            case Provider.GONE:
                quimbi.close()
        yield quimbi


@dataclass
class Agent:
    """Says which status each call expects, and traces it, so that it shows who made the provider work."""

    desk: Desk
    provider: Provider
    traces: dict[str, str] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        return self.provider is Provider.UP

    def call(
        self, method: str, path: str, body: Any = None, *, expects: int = 200, **options: Any
    ) -> requests.Response:
        trace = secrets.token_hex(16)
        self.traces[trace] = path
        headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"} | options.pop("headers", {})
        sent = {} if body is None else {"json": body}
        answer = self.desk.call(method, path, headers=headers, **sent, **options)
        assert answer.status_code == expects, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def reads(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query).json()

    def writes(self, path: str, body: Any = None, *, expects: int = 201, **options: Any) -> Any:
        return self.call("POST", path, body, expects=expects, **options).json()

    def changes(self, path: str, **fields: Any) -> Any:
        return self.call("PATCH", path, fields).json()

    def deletes(self, path: str) -> None:
        assert self.call("DELETE", path, expects=204).content == b""

    def inbox(self, **query: Any) -> Any:
        return self.reads("/api/tickets", **query)

    def order(self, **query: Any) -> list[str]:
        return [row["id"] for row in self.inbox(**query)["tickets"]]

    def draft(self, ticket_id: str) -> Any:
        return self._sound(self.reads(f"/api/ai/tickets/{ticket_id}/draft-response"))

    def regenerates(self, ticket_id: str, **options: Any) -> Any:
        path = f"/api/ai/tickets/{ticket_id}/regenerate-draft"
        return self._sound(self.writes(path, options, expects=200))

    def says(self, ticket_id: str, content: str, **fields: Any) -> Any:
        return self.writes(f"/api/tickets/{ticket_id}/messages", {"content": content} | fields)

    def history(self, ticket_id: str) -> list[Any]:
        events: list[Any] = self.reads(f"/api/tickets/{ticket_id}/events", order="asc")["events"]
        return events

    def _sound(self, draft: Any) -> Any:
        """Words in any weather; numbers of the customer only where the provider told them."""
        assert draft["draft"].strip()
        assert draft["draft"] == draft["draft_content"]
        assert draft["provenance"]["degraded"] is not self.is_up
        assert draft["provenance"]["provider"] == ("quimbi" if self.is_up else "fallback")
        if not self.is_up:
            assert list(numbers_in(draft)) == []
            assert draft["customer_dna"] == {}
        return draft
