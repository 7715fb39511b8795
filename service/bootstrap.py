"""What a first start does before it serves: the schema, and in development something to look at."""

import structlog
from sqlalchemy import create_engine

from service import database, sample_data
from service.clock import SystemClock
from service.customer_base.services import CustomerBaseServices
from service.provider_control.switching import THE_SERVICE
from service.sample_data.loading import is_empty, load
from service.settings import Deployment, Settings
from service.tickets.scoring import Weights
from service.tickets.services import NothingKnown, Ranking
from service.wiring import scoring_weights

SAMPLE_CUSTOMERS = 200
SAMPLE_TICKETS = 400

log = structlog.get_logger()


def prepare(settings: Settings) -> None:
    """Safe to repeat. A database that cannot be reached is left alone: the service starts and says so."""
    url = database.normalise_url(settings.database_url)
    engine = create_engine(url, **database.engine_options(url))
    try:
        database.upgrade(engine)
        if settings.environment is Deployment.DEVELOPMENT:
            _fill(database.Database(engine), scoring_weights(settings))
    except database.DatabaseUnavailable:
        log.error(  # noqa: TRY400  # a driver's message may name the host
            "database_not_prepared", cure="start the database that DATABASE_URL names, then start again"
        )
    finally:
        engine.dispose()


def _fill(empty: database.Database, weights: Weights) -> None:
    if not is_empty(empty):
        return
    clock = SystemClock()
    started_s = clock.monotonic()
    loaded = load(
        empty,
        Ranking(empty, weights, NothingKnown(), clock),
        customers=SAMPLE_CUSTOMERS,
        tickets=SAMPLE_TICKETS,
        seed=sample_data.SEED,
        now=clock.now(),
    )
    fitted = CustomerBaseServices.over(empty, clock).fits.fit_grown(by=THE_SERVICE)
    log.info(
        "sample_data_loaded",
        customers=loaded.customers,
        tickets=loaded.tickets,
        fitted=fitted is not None,
        duration_s=round(clock.monotonic() - started_s, 3),
    )
