"""What hostile clients send to who assigns tickets."""

from tests.wire.malformed import BAD_FLAG, BAD_LABEL, BAD_WORD, LIST_QUERIES, Endpoint
from tests.wire.malformed_agents import BAD_OUR_ID, NOBODY, PAGES

BAD_NOTE = (*BAD_LABEL[:-1], "x" * 10_001)
QUERIES = {name: values for name, values in LIST_QUERIES.items() if name != "assigned_to"}
BAD_SKILL = ("", "%00", "a%00b", "%20", "%09%0A", "%EF%BF%BE%00", "x" * 101, "x" * 5_000)
DEEDS = ("auto-assign", "accept", "unassign")


def of_assignment(ticket: str) -> list[Endpoint]:
    """`ticket`: its path."""
    return [
        Endpoint(
            name="assign_ticket",
            method="POST",
            target=f"{ticket}/assign",
            sound={"agent_id": "agent_none"},
            wrong={"agent_id": (*BAD_OUR_ID, None), "note": BAD_NOTE, "over_capacity": BAD_FLAG},
        ),
        Endpoint(
            name="transfer_ticket",
            method="POST",
            target=f"{ticket}/transfer",
            wrong={
                "agent_id": BAD_OUR_ID,
                "team_id": BAD_OUR_ID,
                "note": BAD_NOTE,
                "escalation": BAD_FLAG,
            },
        ),
        *(
            Endpoint(
                name=f"{deed.replace('-', '_')}_ticket",
                method="POST",
                target=f"{ticket}/{deed}",
                wrong={"note": BAD_NOTE, "agent_id": ("agent_none",)},
            )
            for deed in DEEDS
        ),
        Endpoint(name="list_assignments", method="GET", target=f"{ticket}/assignments", queries=PAGES),
        Endpoint(
            name="list_unassigned_tickets", method="GET", target="/api/tickets/unassigned", queries=QUERIES
        ),
        Endpoint(
            name="list_agent_queue",
            method="GET",
            target="/api/agents/agent_none/queue",
            queries=QUERIES,
            **NOBODY,
        ),
        Endpoint(
            name="list_available_agents",
            method="GET",
            target="/api/agents/available",
            queries={
                "team_id": (*BAD_SKILL[:-1], "x" * 65),
                "language": (
                    *BAD_WORD,
                    "english",
                    "d",
                    "de_AT",
                    "de-",
                    "-de",
                    "de%2F",
                    "1e",
                    "x-y",
                    "%2A",
                    "de,en",
                    "de;q=1",
                ),
                "specialisation": BAD_SKILL,
            },
        ),
    ]
