"""A customer's tickets as support cases, and which of them were hard."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from providers.statistics import ContactStatistics
from service.tickets import case_queries
from service.tickets.lifecycle import UNSETTLED

SLOW = timedelta(hours=24)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class SupportCases:
    """Of a customer the newest thousand. Topics are not recorded, so that `how_to` is None."""

    def of_customers(
        self, session: Session, customer_ids: Collection[str], *, as_of: date | None = None
    ) -> dict[str, ContactStatistics]:
        """By customer; nothing after the day `as_of` counts (UTC)."""
        until = NEVER if as_of is None else datetime.combine(as_of + timedelta(days=1), time(), tzinfo=UTC)
        rows = case_queries.cases(session, customer_ids, until)
        ids = [row.id for row in rows]
        long = case_queries.long_ones(session, ids, until)
        given_on: set[str] = set()
        reopened: set[str] = set()
        for move in case_queries.moves(session, ids, until):
            before, after = move.before or {}, move.after or {}
            if handed_off(before, after):
                given_on.add(move.ticket_id)
            if _reopened(before, after):
                reopened.add(move.ticket_id)
        counts: dict[str, Counter[str]] = {customer_id: Counter() for customer_id in customer_ids}
        channels: dict[str, Counter[str]] = {customer_id: Counter() for customer_id in customer_ids}
        for row in rows:
            channels[row.customer_id][row.channel.value] += 1
            slow = row.settled_at is not None and row.settled_at < until
            counts[row.customer_id].update(
                long=row.id in long,
                handed_off=row.id in given_on,
                reopened=row.id in reopened,
                slow=slow and row.settled_at - row.created_at > SLOW,
            )
        return {
            customer_id: ContactStatistics(channels=dict(sorted(channels[customer_id].items())), **count)
            for customer_id, count in counts.items()
        }

    def channels(self, session: Session) -> dict[str, int]:
        """How many of all customers came on each."""
        return case_queries.channels(session)


def handed_off(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """From one who had it to another."""
    return bool(before.get("assigned_to") and after.get("assigned_to"))


def _reopened(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return "status" in before and before["status"] not in UNSETTLED and after.get("status") in UNSETTLED
