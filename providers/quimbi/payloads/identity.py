"""Whom a reply is about."""

from providers.errors import InvalidAnswer
from providers.quimbi.payloads.reading import Reply


def check_customer(reply: Reply, external_id: str) -> None:
    """A reply may leave its customer out; one about somebody else is refused whole."""
    for part in (reply, reply.section("customer_intelligence"), reply.section("customer_context")):
        if part.text("customer_id") not in (None, external_id):
            raise InvalidAnswer("the reply is about another customer")
