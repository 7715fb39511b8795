"""What can be imported: one file each for customers, orders and tickets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy.orm import Session

from service.errors import InvalidField
from service.importing.columns import Columns
from service.importing.rows import Errors
from service.upserts import Upsert

Accepted = TypeVar("Accepted")


class Kind(ABC, Generic[Accepted]):
    """`name` is that of the command."""

    name: ClassVar[str]

    @abstractmethod
    def begin(self) -> Columns:
        """How a spreadsheet tells a record; called before each run, since the desk's custom fields change."""

    @abstractmethod
    def accept(self, values: Mapping[str, Any]) -> Accepted:
        """Raises marshmallow's `ValidationError` and `InvalidField`, in the words of the REST calls."""

    @abstractmethod
    def store(
        self, session: Session, accepted: Sequence[Accepted], *, actor: str
    ) -> Sequence[Upsert | Errors]:
        """What became of each, of one at least; no two have the same key. Errors only the rows can tell."""


def told(outcome: Upsert | InvalidField) -> Upsert | Errors:
    return {outcome.field: [str(outcome)]} if isinstance(outcome, InvalidField) else outcome
