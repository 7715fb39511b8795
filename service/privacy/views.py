"""`/api/customers/{id}`: all that is held of one, and its erasure."""

from typing import Any

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.privacy.schemas import CustomerExportSchema, EraseQuerySchema
from service.privacy.services import Erasure, Exports, Held

blueprint = Blueprint("privacy", __name__, url_prefix="/api/customers", description="What is held of one")


@blueprint.get("/<id:customer_id>/export")
@needs(Permission.CUSTOMERS_EXPORT)
@blueprint.response(200, CustomerExportSchema)
def export_customer(customer_id: str) -> tuple[Held, int, dict[str, str]]:
    """Export all that the desk holds of a customer"""
    held = component(Exports).of(customer_id, actor=current_caller().id)
    return held, 200, {"Content-Disposition": 'attachment; filename="customer.json"'}


@blueprint.delete("/<id:customer_id>")
@needs(Permission.CUSTOMERS_ERASE)
@blueprint.arguments(EraseQuerySchema, location="query")
@blueprint.response(204)
def erase_customer(_query: dict[str, Any], customer_id: str) -> None:
    """Erase a customer for good: tickets keep their figures, and nothing leads back"""
    component(Erasure).erase(customer_id, actor=current_caller().id)
