from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Json
from service.columns import Sequence as SequenceType


class FeedEntry(Base):
    """Where a committed event stands. `event_id` is no foreign key: that would lock rows of `events`."""

    __tablename__ = "feed"

    position: Mapped[int] = mapped_column(SequenceType, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger, unique=True)


class FeedGap(Base):
    """Ids that were taken and not seen. `holders`: the transactions that may yet fill it."""

    __tablename__ = "feed_gaps"

    first_id: Mapped[int] = mapped_column(SequenceType, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigInteger)
    holders: Mapped[list[str]] = mapped_column(Json)


class FollowerPlace(Base):
    """`position`: the last that has had its effect. It is not told of events up to `after_event_id`."""

    __tablename__ = "feed_followers"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    after_event_id: Mapped[int] = mapped_column(BigInteger)
