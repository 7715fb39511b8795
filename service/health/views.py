"""`/health`, `/livez`, `/readyz`: public, and true."""

from service.health.schemas import HealthSchema, LivenessSchema, ReadinessSchema
from service.health.services import Health, HealthService, Status
from service.http.callers import public
from service.http.components import component
from service.http.parsing import Blueprint
from service.http.problems import Problem

blueprint = Blueprint("health", __name__, description="Whether the desk works, and what of it")


@blueprint.get("/health")
@public
@blueprint.alt_response(503, schema=HealthSchema, description="Unhealthy: no database")
@blueprint.response(200, HealthSchema)
def read_health() -> tuple[Health, int]:
    """Read the state of the desk and of what it uses"""
    health = component(HealthService).health()
    return health, 503 if health.status is Status.UNHEALTHY else 200


@blueprint.get("/livez")
@public
@blueprint.response(200, LivenessSchema)
def read_liveness() -> dict[str, str]:
    """Tell that the process answers; touches nothing else"""
    return {"status": "alive"}


@blueprint.get("/readyz")
@public
@blueprint.response(200, ReadinessSchema)
def read_readiness() -> dict[str, str]:
    """Tell whether requests can be taken"""
    hindrance = component(HealthService).ready()
    if hindrance:
        raise Problem(503, hindrance, headers={"Retry-After": "2"})
    return {"status": "ready"}
