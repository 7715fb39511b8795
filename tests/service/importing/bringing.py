"""A desk without a server, and imports of texts into it."""

import json
from pathlib import Path
from random import Random
from typing import Any

from providers.testing.fakes import FakeClock
from service.customers.services import CustomerService, OrderService
from service.database import Database
from service.events import EventLog
from service.importing.importer import Done, Importer, Wish
from service.importing.kinds.customers import Customers
from service.importing.kinds.orders import Orders
from service.importing.kinds.tickets import Tickets
from service.importing.sources import Source
from service.text_index import TextIndex
from service.tickets.scoring import Weights
from service.tickets.services import (
    ConversationService,
    FieldService,
    NothingKnown,
    PastTicketService,
    Ranking,
    TicketRecords,
    TicketService,
)


class Unwatched:
    def advanced(self, *, line: int, bytes_read: int) -> None:
        """Nobody looks."""


class ImportDesk:
    """The services of a desk, and imports of texts into it."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.database = database
        self.clock = FakeClock()
        self.events = EventLog()
        index = TextIndex(database.engine.dialect.name)
        ranking = Ranking(database, Weights(), NothingKnown(), self.clock)
        self.customers = CustomerService(database, self.events, self.clock, index)
        self.orders = OrderService(database, self.customers, self.events, self.clock)
        records = TicketRecords(self.events, ranking, self.clock, Random(1))
        self.conversations = ConversationService(database, records, index)
        self.tickets = TicketService(database, self.customers, records, index)
        self.fields = FieldService(database, self.events, self.clock)
        past = PastTicketService(self.customers, self.conversations, records, self.events, index)
        kinds = [Customers(self.customers), Orders(self.orders), Tickets(past, self.fields)]
        self.importer = Importer(database, self.clock, kinds)
        self.directory = directory

    def file(self, text: str | bytes, name: str) -> Path:
        path = self.directory / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def bring(
        self,
        kind: str,
        text: str | bytes,
        *,
        name: str = "records.jsonl",
        given_name: str | None = None,
        **options: Any,
    ) -> Done:
        """`name` is the file's; the options are those of a `Wish`."""
        source = Source.at(str(self.file(text, name)), None)
        wish = Wish(kind=kind, source=source, rejects=self.rejects, name=given_name, **options)
        return self.importer.run(wish, Unwatched())

    @property
    def rejects(self) -> Path:
        return self.directory / "rejects.jsonl"

    def rejected(self) -> list[dict[str, Any]]:
        if not self.rejects.exists():
            return []
        return [json.loads(line) for line in self.rejects.read_text().splitlines()]


def json_lines(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
