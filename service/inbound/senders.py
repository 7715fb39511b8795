"""Whose an external id is: each sender has its own, however many have the same numbers."""

import hashlib
from dataclasses import dataclass

LONGEST = 200
"""Of an external id as the desk keeps it."""

Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """`id`: of its inbound webhook."""

    id: str

    @property
    def actor(self) -> str:
        return f"webhook:{self.id}"

    def names(self, external_id: str) -> Names:
        """Under which its ticket or message may stand: as it was sent, or where another has that, with `id`.

        One that is too long for both stands there by its SHA-256.
        """
        own = f"{self.id}:{external_id}"
        if len(own) > LONGEST:
            own = f"{self.id}:sha256:{hashlib.sha256(external_id.encode()).hexdigest()}"
        return external_id, own
