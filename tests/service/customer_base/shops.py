"""Shops whose customers follow the known model of the sample data."""

from providers.testing.fakes import FakeClock
from service.customer_base.services import CustomerBaseServices
from service.database import Database
from service.sample_data.loading import load
from service.tickets.scoring import Weights
from service.tickets.services import NothingKnown, Ranking


def filled(
    database: Database, clock: FakeClock, *, customers: int, tickets: int = 0, seed: int = 1
) -> CustomerBaseServices:
    ranking = Ranking(database, Weights(), NothingKnown(), clock)
    load(database, ranking, customers=customers, tickets=tickets, seed=seed, now=clock.now())
    return CustomerBaseServices.over(database, clock)
