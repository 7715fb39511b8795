"""Who wrote what is added to a ticket: for an agent who has signed in, nobody else than they."""

from dataclasses import replace

from service.customers.services import Person
from service.errors import Forbidden
from service.http.callers import Caller
from service.permissions import Permission
from service.tickets.services import NewMessage, NewNote


def message_of(caller: Caller, new: NewMessage) -> NewMessage:
    """Raises `Forbidden` for words of a customer by one who may not bring them."""
    if not new.from_agent:
        if caller.reach(Permission.MESSAGES_AS_CUSTOMER) is None:
            raise Forbidden(
                f"from_agent: false needs the permission {Permission.MESSAGES_AS_CUSTOMER.value!r}: "
                "whoever has it records what a customer said."
            )
        return new
    if caller.agent_id is None:
        return new
    return replace(new, author=Person(caller.name, caller.email))


def note_of(caller: Caller, new: NewNote) -> NewNote:
    if caller.agent_id is None:
        return new
    return replace(new, author_name=caller.name, author_id=caller.agent_id)
