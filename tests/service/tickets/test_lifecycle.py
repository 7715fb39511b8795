"""A ticket's times, whatever moves it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.tickets.lifecycle import Settled, status_after_message
from service.tickets.models import TicketStatus

BEGAN = datetime(2026, 1, 31, 10, tzinfo=UTC)
STATUSES = st.sampled_from(TicketStatus)


@given(st.lists(STATUSES, min_size=1, max_size=20))
def test_the_times_tell_since_when_a_ticket_is_what_it_is(moves: list[TicketStatus]) -> None:
    settled, status = Settled(), TicketStatus.OPEN
    resolved_since: datetime | None = None
    for hour, wanted in enumerate(moves):
        now = BEGAN + timedelta(hours=hour)
        if wanted is not status:
            settled, status = settled.moved(wanted, now), wanted
            if wanted is TicketStatus.RESOLVED:
                resolved_since = now
            elif wanted is not TicketStatus.CLOSED:
                resolved_since = None
        assert (settled.closed_at is not None) == (status is TicketStatus.CLOSED)
        assert settled.resolved_at == resolved_since
        if settled.closed_at and settled.resolved_at:
            assert settled.resolved_at < settled.closed_at


@given(STATUSES, st.booleans(), st.booleans())
def test_a_customers_message_reopens_and_an_agents_leaves_as_it_is(
    status: TicketStatus, from_agent: bool, closes: bool
) -> None:
    after = status_after_message(status, from_agent=from_agent, closes=closes)
    if closes:
        assert after is TicketStatus.CLOSED
    else:
        assert after is (status if from_agent else TicketStatus.OPEN)
