"""What a list, a ticket and a customer say of the customer's intelligence."""

from typing import Any

from marshmallow import Schema, fields

from providers.models import UNKNOWN_LEVEL
from service.clock import rfc3339
from service.desk.services import KnownCustomer
from service.http.fields import Number, Rfc3339
from service.intelligence.schemas import Segments, Texts
from service.intelligence.services import KnownFacts


class KnownCustomerSchema(Schema):
    """Null, or level `unknown`, where it is not known; `outdated`: newer facts are being asked for."""

    name = fields.String(allow_none=True)
    churn_risk = fields.Float(allow_none=True)
    churn_risk_level = fields.String()
    lifetime_value = Number(allow_none=True)
    currency = fields.String(allow_none=True)
    revenue_at_risk = Number(allow_none=True)
    archetype_id = fields.String(allow_none=True)
    dna = Segments()
    communication_guidance = Texts()
    as_of = Rfc3339(allow_none=True)
    outdated = fields.Boolean()


class NestedCustomer(fields.Nested):
    """Told in one go: a page has a hundred of them, and field by field each takes ten times as long."""

    def __init__(self, **options: Any) -> None:
        super().__init__(KnownCustomerSchema, **options)

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # its bases name the value differently
        return told(nested_obj)


def told(customer: KnownCustomer) -> dict[str, Any]:
    """As it goes on the wire: the fields of `KnownCustomerSchema`."""
    if customer.known is None:
        return UNTOLD | {"name": customer.name}
    facts = customer.known.facts
    known = KnownFacts.of(facts)
    return {
        "name": customer.name,
        "churn_risk": known.churn_risk,
        "churn_risk_level": known.churn_risk_level,
        "lifetime_value": _number(known.lifetime_value),
        "currency": known.currency,
        "revenue_at_risk": _number(known.revenue_at_risk),
        "archetype_id": known.archetype_id,
        "dna": known.customer_dna,
        "communication_guidance": list(facts.communication_guidance),
        "as_of": rfc3339(facts.provenance.as_of),
        "outdated": customer.outdated,
    }


UNTOLD: dict[str, Any] = {
    "name": None,
    "churn_risk": None,
    "churn_risk_level": UNKNOWN_LEVEL,
    "lifetime_value": None,
    "currency": None,
    "revenue_at_risk": None,
    "archetype_id": None,
    "dna": {},
    "communication_guidance": [],
    "as_of": None,
    "outdated": True,
}


def _number(amount: Any) -> float | None:
    return None if amount is None else float(amount)
