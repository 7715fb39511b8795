"""What is asked of each desk, and how much longer a large one may take than a small one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any

from benchmarks.inbox.contents import RARE_TAG
from benchmarks.inbox.stage import Desk
from benchmarks.inbox.words import EVERY, NONE, TEN, TENTH
from benchmarks.load import request_to

FIRST_PAGE, FURTHER, SEARCHED = 1.5, 3.0, 5.0
INBOX = "/api/tickets?status=open&smart_order=true"
WORDS: Mapping[str, str] = {
    "in every ticket": EVERY,
    "in one of ten": TENTH,
    "in ten of all": TEN,
    "in none": NONE,
}

Asked = tuple[str, Any]
"""Path, and the body of a POST."""


@dataclass(frozen=True, slots=True)
class Probe:
    """`bound`: of the p50 at the largest desk, in those at the smallest; None: told, and not judged."""

    name: str
    asked: Callable[[Desk], Iterator[Asked]]
    bound: float | None = None

    def requests(self, desk: Desk) -> Iterator[bytes]:
        for path, body in self.asked(desk):
            yield request_to(desk.port, path, api_key=desk.api_key, body=body)


def reads(desk: Desk) -> Iterator[Asked]:
    return cycle([(f"/api/tickets/{ticket_id}", None) for ticket_id in desk.tickets])


def creates(desk: Desk) -> Iterator[Asked]:
    """By customers who are there, one after the other."""
    for number in count():
        yield (
            "/api/tickets",
            {
                "customer_id": f"cust_{number * 7 % desk.customers}",
                "subject": "Where is my parcel?",
                "initial_message": f"Hello, I have been waiting for order {number} for two weeks now.",
                "tags": ["delivery"],
            },
        )


def _page(name: str, query: str, bound: float | None) -> Probe:
    return Probe(name, lambda _: cycle([(f"{INBOX}{query}", None)]), bound)


def _probes() -> Iterator[Probe]:
    yield _page("first page of 100", "", FIRST_PAGE)
    yield _page("first page of 25", "&limit=25", FIRST_PAGE)
    yield _page("page 20 of 25", "&limit=25&page=20", FURTHER)
    yield _page("priority: one in twenty", "&limit=25&priority=urgent", FURTHER)
    yield _page("assignee: one in twenty", "&limit=25&assigned_to=agent_1", FURTHER)
    yield _page("channel: one in ten", "&limit=25&channel=chat", FURTHER)
    yield _page("tag: one in ten", "&limit=25&tag=billing", FURTHER)
    yield _page("tag: ten of all", f"&limit=25&tag={RARE_TAG}", FURTHER)
    yield _page("tag: none", "&limit=25&tag=unheard", FURTHER)
    for where, word in WORDS.items():
        yield _page(f"alert: word {where}", f"&limit=25&topic_alerts={word}", SEARCHED)
    for where, word in WORDS.items():
        yield _page(f"search: word {where}", f"&limit=25&q={word}", SEARCHED)
    yield Probe("read a ticket", reads)
    yield Probe("create a ticket", creates)


PROBES = {probe.name: probe for probe in _probes()}
ON_SQLITE = ("first page of 100", "first page of 25")
"""What has a bound there, too."""
