from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json, Sequence, short_enum
from service.tickets.handing import AssignmentEnding, AssignmentReason

PRESENT = text("ended_at IS NULL")


class Assignment(Base):
    """One time that an agent had a ticket. `id` is the one clients see; `sequence` tells the order.

    It is present, with `ended_at` null, as long as the ticket is the agent's, open or pending, and not
    deleted. One that was completed is present again when the ticket is opened again.
    `assigned_at` and `assigned_by` are null where the ticket was the agent's before assignments were kept.
    `team_id`: whose the ticket was by then. `why`: a sentence, where a rule chose.
    """

    __tablename__ = "assignments"

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(Identifier, unique=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    team_id: Mapped[str | None] = mapped_column(Identifier)
    reason: Mapped[AssignmentReason] = mapped_column(short_enum(AssignmentReason, "reason"))
    strategies: Mapped[list[str]] = mapped_column(Json, default=list)
    why: Mapped[str | None] = mapped_column(Text)
    assigned_by: Mapped[str | None] = mapped_column(String(200))
    over_capacity: Mapped[bool] = mapped_column(default=False)
    assigned_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ending: Mapped[AssignmentEnding | None] = mapped_column(short_enum(AssignmentEnding, "ending"))

    @property
    def seconds_to_accept(self) -> float | None:
        return _seconds(self.assigned_at, self.accepted_at)

    @property
    def seconds_to_complete(self) -> float | None:
        return _seconds(self.assigned_at, self.completed_at)

    __table_args__ = (
        Index(
            "uq_assignments_present_ticket_id",
            "ticket_id",
            unique=True,
            postgresql_where=PRESENT,
            sqlite_where=PRESENT,
        ),
        Index(
            "ix_assignments_present_agent_id",
            "agent_id",
            "ticket_id",
            postgresql_where=PRESENT,
            sqlite_where=PRESENT,
        ),
        Index("ix_assignments_ticket_id_sequence", "ticket_id", "sequence"),
    )


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    return None if begin is None or end is None else (end - begin).total_seconds()


class AgentLoad(Base):
    """How many tickets are an agent's, open or pending, and not deleted: as many as are presently assigned.

    One who never got any has no row. `last_assigned_at`: when one was last given, not opened again.
    """

    __tablename__ = "agent_loads"

    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    tickets: Mapped[int] = mapped_column(default=0)
    last_assigned_at: Mapped[datetime | None]
