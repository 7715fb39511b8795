"""Who comes just after a recommendation was stored gets that one, and causes no other."""

from typing import Any

from providers.chain import IntelligenceChain
from providers.resilience.single_flight import Flights
from service.clock import SystemClock
from service.customers.services import CustomerService
from service.database import Database
from service.events import EventLog
from service.intelligence.recommending import RecommendationService
from service.intelligence.services import TextSources
from service.testing.desk import SupportDesk
from service.tickets.services import TicketService


class OvertakenFlights(Flights):
    """Where another request's flight begins and lands between this one's look at the desk and its own."""

    def __init__(self, desk: SupportDesk, path: str) -> None:
        super().__init__()
        self._desk = desk
        self._path = path
        self.overtaken_by: dict[str, Any] = {}

    def share(self, *args: Any, **options: Any) -> Any:
        self.overtaken_by = self._desk.get(self._path).json()
        return super().share(*args, **options)


def test_a_request_overtaken_by_another_flight_tells_what_that_one_stored(support_desk: SupportDesk) -> None:
    ticket_id = support_desk.new_ticket()
    flights = OvertakenFlights(support_desk, f"/api/ai/tickets/{ticket_id}/recommendation")
    sources = TextSources(
        provider=support_desk.component(IntelligenceChain),
        tickets=support_desk.component(TicketService),
        customers=support_desk.component(CustomerService),
        database=support_desk.component(Database),
        events=support_desk.component(EventLog),
        flights=flights,
        clock=SystemClock(),
        deadline_s=5,
        facts_wait_s=2,
    )
    told = RecommendationService(sources).recommend(ticket_id, actor="agent")
    assert told.recommendation.id == flights.overtaken_by["recommendation_id"]
    assert not told.provenance.degraded
