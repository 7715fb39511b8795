"""The bench of service levels is to be believed: what it fills a desk with is what the service reads."""

from sqlalchemy import func, select

from benchmarks.service_levels.desks import LENGTH, Desk
from benchmarks.service_levels.filling import fill
from service.sla.tracking.histories import tracked
from service.sla.tracking.models import KeptTarget
from service.tickets.models import Ticket

OPEN = 30


def test_a_filled_desk_has_histories_and_promises_and_tells_what_falls_due(postgres_url):
    desk = Desk(OPEN, postgres_url)
    try:
        fill(postgres_url, OPEN)
        with desk.database.reading() as session:
            ids = session.scalars(select(Ticket.id)).all()
            histories = [ticket.history for ticket in tracked(session, ids, None)]
            kept = session.scalar(select(func.count()).select_from(KeptTarget))
        assert (len(ids), kept) == (OPEN, 2 * OPEN)
        assert all(len(history.said) == 2 and history.first_response_at for history in histories)
        made = desk.make(3)
        assert desk.tracking.due.run()["tickets"] == 0
        desk.clock.advance(LENGTH.total_seconds())
        assert desk.tracking.due.run()["breaches"] == 3
        assert len(desk.breaches(made)) == 3
        desk.first_pages()
    finally:
        desk.database.close()
