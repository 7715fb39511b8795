"""The pages of a ticket and of a customer on the wire."""

from typing import Any

from marshmallow import fields

from service.assignment.schemas import AssignmentSchema
from service.customers.schemas.customers import CustomerSchema
from service.desk.schemas.known_customers import NestedCustomer
from service.desk.schemas.profiles import CustomerProfileSchema
from service.desk.services import CustomerPage
from service.sla.tracking.schemas import LevelsInShortSchema
from service.tickets.schemas.conversations import ConversationSchema

BESIDE_THE_CONVERSATION = frozenset({"customer", "customer_profile", "sla", "assignment"})


class TicketPageSchema(ConversationSchema):
    """Of a `TicketPage`."""

    customer = NestedCustomer()
    customer_profile = fields.Nested(
        CustomerProfileSchema,
        allow_none=True,
        metadata={"description": "null while no provider has answered for the customer, or too little"},
    )
    sla = fields.Nested(
        LevelsInShortSchema,
        allow_none=True,
        metadata={"description": "null while nothing is promised, and in the second after the creation"},
    )
    assignment = fields.Nested(
        AssignmentSchema,
        allow_none=True,
        metadata={"description": "the present one; null while there is none"},
    )

    def place(self, attribute: str) -> str:
        """The conversation stands flat beside what is known of the customer."""
        return attribute if attribute in BESIDE_THE_CONVERSATION else f"read.{super().place(attribute)}"


class CustomerPageSchema(CustomerSchema):
    intelligence = NestedCustomer()

    def get_attribute(self, page: Any, attr: str, default: Any) -> Any:
        told: CustomerPage = page
        if attr == "intelligence":
            return told.intelligence
        return super().get_attribute(told.told, attr, default)
